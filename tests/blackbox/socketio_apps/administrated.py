"""A namespace that the Admin UI shows, for several Python processes."""

from __future__ import annotations

import os
from typing import Any

import sio
import sio.admin

sio.admin.instrument(auth=False, every_event=True)


@sio.register
class ChatConsumer(sio.SocketIOConsumer):
    namespace = "/chat"

    async def connect(self, socket: Any, auth: Any) -> bool:
        await socket.join("room")
        return True

    async def event_notes(self, socket: Any, ack: Any) -> None:
        await ack(os.getpid())

    async def event_keep(self, socket: Any, value: int) -> None:
        socket.data["kept"] = value


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404})
    await send({"type": "http.response.body"})
