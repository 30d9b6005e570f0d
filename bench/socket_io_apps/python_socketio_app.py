"""Echo and broadcast on python-socketio, for uvicorn; with the variable REDIS, in a cluster."""

from __future__ import annotations

import os

import socketio

manager = socketio.AsyncRedisManager(os.environ["REDIS"]) if "REDIS" in os.environ else None
server = socketio.AsyncServer(async_mode="asgi", client_manager=manager)
application = socketio.ASGIApp(server)


@server.event
async def echo(sid: str, text: str) -> str:
    return text


@server.on("all")
async def to_all(sid: str, text: str) -> None:
    await server.emit("news", text)
