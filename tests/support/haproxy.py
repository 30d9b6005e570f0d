"""HAProxy in front of a server, for tests."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
from collections.abc import Iterator

from .waiting import eventually


@contextlib.contextmanager
def haproxy(program: str, folder: pathlib.Path, configuration: str, port: int) -> Iterator[None]:
    """Run it with this configuration, which listens on `port` of 127.0.0.1."""
    path = folder / "haproxy.cfg"
    path.write_text(configuration)
    with subprocess.Popen([program, "-db", "-f", str(path)]) as process:

        def listening() -> bool:
            assert process.poll() is None, "HAProxy has ended"
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        try:
            eventually(listening)
            yield
        finally:
            process.terminate()
