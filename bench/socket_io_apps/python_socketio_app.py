"""Echo, broadcasts, relays and a handler that computes, on python-socketio.

It runs on uvicorn and granian. With the variable REDIS, in a cluster; PING_INTERVAL is in seconds.
"""

from __future__ import annotations

import os
import time
from typing import Any

import socketio

manager = socketio.AsyncRedisManager(os.environ["REDIS"]) if "REDIS" in os.environ else None
server = socketio.AsyncServer(
    async_mode="asgi",
    client_manager=manager,
    ping_interval=float(os.environ.get("PING_INTERVAL", "25")),
)
application = socketio.ASGIApp(server)


async def join(sid: str, auth: Any, namespace: str) -> None:
    if auth:
        await server.enter_room(sid, auth["room"], namespace=namespace)


@server.event
async def connect(sid: str, environ: Any, auth: Any) -> None:
    await join(sid, auth, "/")


@server.on("connect", namespace="/relay")
async def connect_relay(sid: str, environ: Any, auth: Any) -> None:
    await join(sid, auth, "/relay")


@server.event
async def echo(sid: str, text: str) -> str:
    return text


@server.on("all")
async def to_all(sid: str, text: str) -> None:
    await server.emit("news", text)


@server.on("room")
async def to_room(sid: str, room: str, text: str) -> None:
    await server.emit("news", text, room=room)


@server.event
async def burn(sid: str, seconds: float) -> float:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds


@server.on("move", namespace="/relay")
async def move(sid: str, text: str) -> None:
    rooms = [room for room in server.rooms(sid, "/relay") if room != sid]
    await server.emit("move", text, room=rooms, skip_sid=sid, namespace="/relay")
