"""Reload: what new code changes in the I/O process, and what only a restart changes."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable

from support.engineio import WebSocketSession, connect_packet
from support.server import ServerProcess
from support.workers import command, pids

StartServer = Callable[..., ServerProcess]

CODE = """
from django.conf import settings

settings.configure({settings})

import sio

@sio.on("where", namespace="{namespace}")
async def where(socket, ack):
    await ack("{namespace}")

async def application(scope, receive, send):
    raise RuntimeError
"""


def write(folder: pathlib.Path, namespace: str, **settings: object) -> None:
    path = folder / "chosen.py"
    text = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    path.write_text(CODE.format(settings=text, namespace=namespace) + f"# {os.urandom(8).hex()}\n")
    for cached in (folder / "__pycache__").glob("chosen.*"):
        cached.unlink()


def reload(folder: pathlib.Path) -> None:
    done = command("reload", "--control", str(folder / "control"))
    assert done.returncode == 0, done.stderr


def start(start_server: StartServer, folder: pathlib.Path) -> ServerProcess:
    server = start_server(
        "chosen:application", "--workers", "1", "--control", "control", cwd=folder
    )
    pids(server, 1)
    return server


async def test_new_namespaces_are_served(tmp_path: pathlib.Path, start_server: StartServer) -> None:
    write(tmp_path, "/old", ALLOWED_HOSTS=["*"])
    server = start(start_server, tmp_path)
    async with WebSocketSession(server.url) as session:
        await session.send(connect_packet("/new"))
        assert str(await session.next_message()).startswith("44/new,")  # CONNECT_ERROR
    write(tmp_path, "/new", ALLOWED_HOSTS=["*"])
    reload(tmp_path)
    async with WebSocketSession(server.url) as session:
        await session.join_namespace("/new")
        assert await session.call("where", namespace="/new") == ["/new"]
        await session.send(connect_packet("/old"))  # no process has it any more
        assert str(await session.next_message()).startswith("44/old,")
    assert "only after a restart" not in server.log
    assert "Traceback" not in server.log


async def test_settings_that_need_a_restart_are_named_once(
    tmp_path: pathlib.Path, start_server: StartServer
) -> None:
    before = {"ALLOWED_HOSTS": ["*"], "SIO_ENGINEIO_PING_INTERVAL_MS": 20_000}
    after = {"ALLOWED_HOSTS": ["example.org"], "SIO_ENGINEIO_PING_INTERVAL_MS": 10_000}
    write(tmp_path, "/old", **before)
    server = start(start_server, tmp_path)
    for settings in (after, after):
        write(tmp_path, "/old", **settings)
        reload(tmp_path)
    warning = (
        "Changed, but used only after a restart of the server: "
        "ALLOWED_HOSTS, SIO_ENGINEIO_PING_INTERVAL_MS"
    )
    assert server.log.count(warning) == 1
    async with WebSocketSession(server.url) as session:
        assert session.handshake["pingInterval"] == 20_000
    write(tmp_path, "/old", **before)
    reload(tmp_path)
    write(tmp_path, "/old", **after)
    reload(tmp_path)
    assert server.log.count(warning) == 2
