"""A plain ASGI application without Django, with natively served Socket.IO."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any
from urllib.parse import parse_qs

import handlers
import notes
from sio import get_socketio_server


async def flood(way: str, count: int) -> int:
    """Emits this many events to the room "flood"; counts how often other tasks ran meanwhile."""
    server = get_socketio_server()
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    def emit() -> None:
        for number in range(count):
            server.emit("flood", number, room="flood")

    other = asyncio.create_task(turn())
    if way == "thread":
        await asyncio.to_thread(emit)
    else:
        for number in range(count):
            await server.emit("flood", number, room="flood")
    other.cancel()
    return turns


async def application(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    answer: Any = None
    match scope["path"]:
        case "/notes":
            answer = notes.notes(query["key"])
        case "/counts":
            answer = get_socketio_server().counts()
        case "/block":
            print("blocking the event loop", flush=True)
            time.sleep(float(query["seconds"]))
        case "/emit":
            await get_socketio_server().emit(query["event"], query["text"], room=query["room"])
        case "/flood":
            answer = await flood(query["way"], int(query["count"]))
        case "/release":
            handlers.release(query["key"])
        case "/tasks":
            answer = len(asyncio.all_tasks())
        case "/modules":
            answer = sorted(sys.modules)
        case path:
            answer = f"the application was asked for {path}"
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
