"""Socket.IO, and an ASGI application that shows the server's counters, for tests of HTTP/2."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import sio
from sio import get_socketio_server


@sio.on("hello")
async def hello(socket: Any, name: str, ack: Any) -> None:
    await ack(f"hello {name}")


@sio.on("everybody")
async def everybody(socket: Any, text: str) -> None:
    await socket.server.emit("news", text)


async def application(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    if scope["path"] == "/wait":
        await asyncio.Event().wait()
    answer = get_socketio_server().counts() if scope["path"] == "/counts" else {}
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
