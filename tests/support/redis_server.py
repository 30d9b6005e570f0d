"""A Redis server of its own, for tests."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

from .ports import free_port
from .waiting import eventually

REDIS = shutil.which("redis-server")


class RedisServer:
    """On a free port of 127.0.0.1, which it keeps when it is started again; without files.

    With `tls`, that port is only for TLS; the options have its files.
    """

    def __init__(self, folder: pathlib.Path, *options: str, tls: bool = False) -> None:
        self._folder = folder
        self._options = options
        self._tls = tls
        self.port = free_port()
        self.log = folder / "redis.log"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> RedisServer:
        """Returns when it accepts connections."""
        assert REDIS is not None, "redis-server is not installed: run scripts/setup"
        ports = ["0", "--tls-port", str(self.port)] if self._tls else [str(self.port)]
        command = [REDIS, "--port", *ports, "--bind", "127.0.0.1", "--save", ""]
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [*command, *self._options], cwd=self._folder, stdout=output, stderr=output
            )
        eventually(self._is_ready)
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return bool(re.search("Ready to accept connections", self.log.read_text()))
