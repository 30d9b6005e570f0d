"""The servers of the rows about HTTP and WebSockets: how each is started, with its best settings.

One process on one core serves; no server writes an access log or compresses messages.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pathlib
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator

from servers import HERE, SCRIPTS, free_port, running, sioserve, uvicorn

from suite.programs import bare_command
from suite.row import Unavailable

DAPHNE = HERE.parent / "build/daphne"
BACKLOG = 8192  # connections that wait; more than clients of any row
NGINX_CONNECTIONS = 16384
PATIENCE = 5  # seconds for an answer of a server that has just started

# Its own tasks are experimental, and only for Python 3.11 and older: newer ones get asyncio's.
GRANIAN = (
    "--interface asginl --http 1 --workers 1 --loop uvloop --task-impl rust --no-log "
    f"--backlog {BACKLOG} --backpressure {BACKLOG}"
)
UVICORN = (
    f"--loop uvloop --lifespan off --no-access-log --log-level error --backlog {BACKLOG} "
    "--ws-per-message-deflate false"
)
GUNICORN = (
    "-k asgi --asgi-loop uvloop --asgi-lifespan off --log-level error --workers 1 "
    f"--worker-connections {BACKLOG} --backlog {BACKLOG}"
)
# {port} is replaced, and {app} by the application.
ARGUMENTS = {
    "sioserve": f"{{app}} --port {{port}} --no-access-log --backlog {BACKLOG} "
    "--no-ws-per-message-deflate",
    "uvicorn httptools": f"{{app}} --port {{port}} {UVICORN} --http httptools",
    "uvicorn zttp": f"{{app}} --port {{port}} {UVICORN} --http zttp",
    "uvicorn websockets": f"{{app}} --port {{port}} {UVICORN} --ws websockets-sansio",
    "uvicorn wsproto": f"{{app}} --port {{port}} {UVICORN} --ws wsproto",
    "granian st": f"{{app}} --port {{port}} {GRANIAN} --runtime-mode st",
    "granian mt": f"{{app}} --port {{port}} {GRANIAN} --runtime-mode mt",
    "gunicorn": f"{{app}} -b 127.0.0.1:{{port}} {GUNICORN} --http-parser fast",
    "hypercorn": f"{{app}} -b 127.0.0.1:{{port}} -k uvloop -w 1 --backlog {BACKLOG} "
    "--log-level error -c file:suite/hypercorn_settings.py",
    "daphne": "{app} -p {port} -b 127.0.0.1 -v 0",
}
# What nginx answers itself. It has one worker, as the others.
NGINX_SETTINGS = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections {connections}; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type text/plain;
  server {{
    listen 127.0.0.1:{port} backlog={backlog};
    location / {{ return 200 "hello you\\n"; }}
  }}
}}
"""


def uvicorn_or_reason(server: str) -> str:
    needed = {"zttp": "zttp", "wsproto": "wsproto", "websockets": "websockets"}
    needs_package(needed.get(server.split()[1], "httptools"))
    needs_package("uvloop")
    return uvicorn()


def needs_package(name: str) -> None:
    """Raises Unavailable if it is not installed."""
    if importlib.util.find_spec(name) is None:
        raise Unavailable(f"{name} is not installed")


def script(name: str) -> str:
    """The path of a program of this Python's environment. Raises Unavailable."""
    if not (SCRIPTS / name).exists():
        raise Unavailable(f"{name} is not installed")
    return str(SCRIPTS / name)


def nginx() -> str:
    path = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if path is None:
        raise Unavailable("nginx is not installed")
    return path


def command_of(server: str, application: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The command, and additional environment variables. Raises Unavailable."""
    if server == "bare":
        module, attribute = application.split(":")
        return bare_command(port, "hello" if module == "hello_app" else attribute), {}
    arguments = ARGUMENTS[server].format(app=application, port=port).split()
    if server == "sioserve":
        return [sioserve(), *arguments], {}
    if server.startswith("uvicorn"):
        return [uvicorn_or_reason(server), *arguments], {}
    if server == "daphne":
        if not DAPHNE.is_dir():
            raise Unavailable("daphne is not installed")
        path = os.pathsep.join(filter(None, [str(DAPHNE), os.environ.get("PYTHONPATH")]))
        return [sys.executable, "-m", "daphne", *arguments], {"PYTHONPATH": path}
    if server == "gunicorn":
        needs_package("gunicorn_h1c")
    if server == "hypercorn":
        needs_package("uvloop")
    return [script(server.split()[0]), *arguments], {}


@contextlib.contextmanager
def serving(
    server: str, application: str, answers: Callable[[int], object]
) -> Iterator[tuple[int, int]]:
    """Starts a server on its core; yields its port and process once `answers(port)` raises no
    OSError. Raises Unavailable.
    """
    port = free_port()
    env: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        if server == "nginx":
            settings = NGINX_SETTINGS.format(
                folder=folder, port=port, connections=NGINX_CONNECTIONS, backlog=BACKLOG
            )
            file = pathlib.Path(folder) / "nginx.conf"
            file.write_text(settings)
            command = [nginx(), "-p", folder, "-e", f"{folder}/error", "-c", str(file)]
        else:
            command, env = command_of(server, application, port)
        with running(command, lambda: answers(port), env) as process:
            yield port, process.pid


def accepts(port: int) -> None:
    """Raises OSError if nothing listens there."""
    socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
