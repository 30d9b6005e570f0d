"""The application of scripts/soak."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import sio


@sio.register
class Consumer(sio.SocketIOConsumer):
    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        await socket.join("all")
        return True

    async def event_reply(self, socket: Any, *args: Any, ack: Any = None) -> None:
        if ack:
            ack(*args)

    async def event_say(self, socket: Any, speaker: str, number: int) -> None:
        socket.server.emit("said", speaker, number, room="all")


async def application(scope: Any, receive: Any, send: Any) -> None:
    counts = sio.get_socketio_server().counts()
    body = {"tasks": len(asyncio.all_tasks()), **counts}
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
