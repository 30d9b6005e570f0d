"""The programs that scripts/setup --bench builds: the bare server and the load generators."""

from __future__ import annotations

import os
import pathlib

from suite.results import ROOT
from suite.row import Unavailable

BUILT = ROOT / "build/dev/bench"
BARE = pathlib.Path(os.environ.get("BARE_SERVER", str(BUILT / "bare_server/bare_server")))
SOCKETIO_LOAD = pathlib.Path(
    os.environ.get("SOCKETIO_LOAD", str(BUILT / "socket_io_load/socketio_load"))
)
WEB_LOAD = pathlib.Path(os.environ.get("WEB_LOAD", str(BUILT / "web_load/web_load")))


def bare_command(port: int, name: str = "socket_io") -> list[str]:
    """The bare server that does what the application `name` does; bench/bare_server/main.cc has the
    names. Raises Unavailable.
    """
    return [built(BARE), str(port), name]


def built(program: pathlib.Path) -> str:
    """Its path. Raises Unavailable."""
    if not program.exists():
        raise Unavailable(f"{program.name} is not built: scripts/setup --bench")
    return str(program)
