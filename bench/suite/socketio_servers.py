"""The servers of the Socket.IO rows, with the applications in bench/socket_io_apps."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import shutil
import socket
import sys
from collections.abc import Iterator

from servers import HERE, SERVER_CORE, free_port, running, sioserve, uvicorn

from suite.programs import bare_command
from suite.row import Unavailable

ROOT = HERE.parent
APPS = HERE / "socket_io_apps"
NODE_PACKAGES = (APPS / "node_modules", ROOT / "tests/blackbox/js/node_modules")
DJANGO_SIO = ROOT / "build/django-sio"

PYTHON_SOCKETIO, ON_GRANIAN = "python-socketio", "python-socketio granian"
ALL = ("sioserve", "node", PYTHON_SOCKETIO, ON_GRANIAN, "django-sio", "bare")
PING_INTERVAL = 25.0  # seconds; the default of all servers


@dataclasses.dataclass(frozen=True)
class Serving:
    port: int
    process: int  # its id


@dataclasses.dataclass(frozen=True)
class Start:
    """How to start a server."""

    command: list[str]
    env: dict[str, str] = dataclasses.field(default_factory=dict)  # additional variables


def start_of(server: str, port: int, ping_interval: float) -> Start:
    """Raises Unavailable."""
    if server in ("sioserve", "sioserve-def"):
        name = "sioserve_app" if server == "sioserve" else "sioserve_plain_app"
        interval = ["--socketio-ping-interval", str(ping_interval)]
        app = f"socket_io_apps.{name}:application"
        return Start([sioserve(), app, "--port", str(port), "--no-access-log", *interval])
    if server == "node":
        if not shutil.which("node") or not any(folder.is_dir() for folder in NODE_PACKAGES):
            raise Unavailable("Node or its package socket.io is not installed")
        return Start(["node", str(APPS / "node_server.mjs"), str(port), str(ping_interval)])
    if server == "bare":
        return Start(bare_command(port))
    interval_env = {"PING_INTERVAL": str(ping_interval)}
    if server == "django-sio":
        if not DJANGO_SIO.is_dir():
            raise Unavailable("django-sio is not installed")
        env = {**interval_env, "PYTHONPATH": str(DJANGO_SIO)}
        return Start(on_uvicorn("django_sio_app", port), env)
    needs_package("socketio", "python-socketio")
    if server == PYTHON_SOCKETIO:
        return Start(on_uvicorn("python_socketio_app", port), interval_env)
    if server == ON_GRANIAN:
        return Start(on_granian("python_socketio_app", port), interval_env)
    raise Unavailable(f"there is no server {server}")


def on_uvicorn(module: str, port: int) -> list[str]:
    needs_package("uvloop", "uvloop")
    needs_package("httptools", "httptools")
    options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    app = f"socket_io_apps.{module}:application"
    # Otherwise, it waits for the polling requests of clients that have gone.
    options += ["--timeout-graceful-shutdown", "1", "--ws", "websockets-sansio"]
    return [uvicorn(), app, *options, "--log-level", "warning"]


def on_granian(module: str, port: int) -> list[str]:
    needs_package("granian", "granian")
    options = ["--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop", "--workers", "1"]
    app = f"socket_io_apps.{module}:application"
    return [
        *(sys.executable, "-m", "granian", app, "--interface", "asgi", "--ws"),
        *(*options, "--no-access-log", "--log-level", "warning"),
    ]


def needs_package(module: str, package: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise Unavailable(f"{package} is not installed")


@contextlib.contextmanager
def serving(
    server: str, *, ping_interval: float = PING_INTERVAL, cores: str = SERVER_CORE
) -> Iterator[Serving]:
    """Runs a server on its core or `cores`. Raises Unavailable."""
    port = free_port()
    start = start_of(server, port, ping_interval)

    def answers() -> None:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()

    with running(start.command, answers, start.env, cores) as process:
        yield Serving(port, process.pid)
