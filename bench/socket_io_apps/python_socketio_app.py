"""Echo and broadcast on python-socketio, for uvicorn."""

from __future__ import annotations

import socketio

server = socketio.AsyncServer(async_mode="asgi")
application = socketio.ASGIApp(server)


@server.event
async def echo(sid: str, text: str) -> str:
    return text


@server.on("all")
async def to_all(sid: str, text: str) -> None:
    await server.emit("news", text)
