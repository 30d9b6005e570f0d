"""Servers with --workers whose code tests change, and the commands that control them."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections.abc import Callable
from typing import Any

import httpx

from support.server import PATIENCE, ServerProcess, environment, executable
from support.waiting import eventually

# The beginning of an application as a text. say() writes a line at once. serve() serves the
# lifespan, and WebSockets, to which it returns each message behind `greeting`; then it is true.
COMMON = """
import asyncio, os, signal, subprocess, time

def say(*words):
    os.write(1, f"{' '.join(words)} of {os.getpid()}\\n".encode())

async def serve(scope, receive, send, greeting):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            say(message["type"])
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return True
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f"{greeting} {message['text']}"})
        return True
    say("request", scope["path"])
    return False
"""

APPLICATION = (
    COMMON
    + """
VERSION = "VERSION-OF-THE-CODE"

async def application(scope, receive, send):
    if await serve(scope, receive, send, VERSION):
        return
    path = scope["path"]
    if path == "/block":
        time.sleep(600)
    if path == "/wait":
        while not os.path.exists("go"):
            await asyncio.sleep(0.01)
    if path == "/grow":
        globals()["leak"] = b"x" * 300_000_000
    if path == "/orphan":
        subprocess.run("sleep 0.2 & echo $! > orphan.pid", shell=True)
    body = f"{VERSION} {os.getpid()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""
)

READY = re.compile(r"Python process (\d+) \(pid (\d+)\) is ready")


def write_code(folder: pathlib.Path, version: str, addition: str = "") -> None:
    """The module `versioned` with the application of this version."""
    source = APPLICATION.replace("VERSION-OF-THE-CODE", version)
    # Python compares the time of a module with that of its bytecode in seconds, and the size.
    (folder / "versioned.py").write_text(source + addition + f"# {version}\n")
    for cached in (folder / "__pycache__").glob("versioned.*"):
        cached.unlink()


def pids(server: ServerProcess, count: int) -> list[int]:
    """The pids of all processes that have been ready, when there are so many."""

    def ready() -> list[int]:
        found = [int(pid) for _, pid in READY.findall(server.log)]
        return found if len(found) >= count else []

    return eventually(ready)


def start_versioned(
    start_server: Callable[..., ServerProcess],
    folder: pathlib.Path,
    *arguments: str,
    workers: int,
) -> ServerProcess:
    """A server of that module whose processes are ready, with the control socket "control"."""
    arguments = ("--workers", str(workers), "--control", "control", *arguments)
    server = start_server("versioned:application", *arguments, cwd=folder)
    pids(server, workers)
    return server


def exists(pid: int) -> bool:
    """Whether there is such a process."""
    return pathlib.Path(f"/proc/{pid}").exists()


def version_of(server: ServerProcess) -> str:
    return httpx.get(server.url).text.split()[0]


def command(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Runs `sioserve status` and the like."""
    return subprocess.run(
        [executable(), *arguments],
        env=environment(settings.pop("env", None)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        **settings,
    )


def status_of(control: pathlib.Path) -> dict[str, Any]:
    """What `sioserve status --json` shows."""
    done = command("status", "--control", str(control), "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
