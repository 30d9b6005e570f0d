"""Answers with the client's address for the server: over HTTP, WebSocket and Socket.IO."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import sio


def endpoints_of(scope: Any) -> dict[str, Any]:
    names = ("client", "server", "scheme")
    found = {name: scope[name] for name in names}
    host = [value.decode() for name, value in scope["headers"] if name == b"host"]
    return {**found, "host": host}


@sio.on("who")
async def who(socket: Any, ack: Any) -> None:
    await ack(endpoints_of(socket.scope))


async def application(scope: Any, receive: Any, send: Any) -> None:
    answer = json.dumps(endpoints_of(scope)) if scope["type"] != "lifespan" else ""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": answer})
        await receive()
    elif scope["type"] == "http":
        if scope["path"] == "/wait":
            await waiting.wait()
        if scope["path"] == "/go":
            waiting.set()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": answer.encode()})


waiting = asyncio.Event()
