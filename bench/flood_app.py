"""An application that floods: `/flood?way=thread&count=40000` emits that many events."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs

import sio

server = sio.get_socketio_server()


@sio.on("connect", namespace="/flood")
async def connect_flood(socket: sio.NamespaceSocket, auth: Any) -> bool:
    return True


@sio.on("connect", namespace="/other")
async def connect_other(socket: sio.NamespaceSocket, auth: Any) -> bool:
    return True


@sio.on("echo", namespace="/other")
async def echo(socket: sio.NamespaceSocket, value: Any) -> None:
    """Acknowledged when it returns."""


def flood(count: int, payload: str) -> None:
    for number in range(count):
        server.emit("news", number, payload, namespace="/flood")


async def flood_awaited(count: int, payload: str) -> None:
    for number in range(count):
        await server.emit("news", number, payload, namespace="/flood")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    query = parse_qs(scope["query_string"].decode())
    count = int(query.get("count", ["0"])[0])
    payload = "x" * int(query.get("bytes", ["100"])[0])
    start = time.perf_counter()
    if query.get("way") == ["await"]:
        await flood_awaited(count, payload)
    else:
        await asyncio.to_thread(flood, count, payload)
    body = f"{time.perf_counter() - start:.3f}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
