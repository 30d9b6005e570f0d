"""Tells what its scope has of the client, over HTTP, WebSocket and Socket.IO, behind a proxy."""

from __future__ import annotations

import json
from typing import Any

import sio


def told(scope: Any) -> dict[str, Any]:
    return {name: scope.get(name) for name in ("client", "scheme", "http_version", "server")}


@sio.on("who")
async def who(socket: Any, ack: Any) -> None:
    await ack(told(socket.scope))


@sio.on("everybody")
async def everybody(socket: Any, text: str) -> None:
    await socket.server.emit("news", text)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": json.dumps(told(scope))})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = json.dumps({**told(scope), "size": size}).encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
