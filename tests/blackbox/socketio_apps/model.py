"""The handlers for the random clients, the same in several namespaces."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"], **json.loads(os.environ["SIO_SETTINGS"]))

import sio  # noqa: E402


class Consumer(sio.SocketIOConsumer):
    relayed = sio.relay("relayed")
    shouted = sio.relay("shouted", to=sio.Rooms.NAMESPACE, include_sender=True)

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        return True

    async def event_join(self, socket: Any, room: str) -> None:
        await socket.join(room)

    async def event_leave(self, socket: Any, room: str) -> None:
        await socket.leave(room)

    async def event_say(self, socket: Any, how: dict[str, Any], *message: Any) -> None:
        """Emits "said" with the message; `how` defines from where and to whom."""
        target = socket if how["others"] else socket.server.of(self.namespace)
        if how["rooms"]:
            target = target.to(how["rooms"])
        elif how["others"]:
            target = target.broadcast
        if how["but"]:
            target = target.except_(how["but"])
        if how["volatile"]:
            target = target.volatile
        await target.emit("said", *message)

    async def event_reply(self, socket: Any, *args: Any, ack: Any = None) -> None:
        await ack(*args)

    async def event_ask(self, socket: Any, *args: Any, ack: Any = None) -> None:
        """Asks the client, and answers with its acknowledgement."""
        await ack(await socket.timeout(60).emit_with_ack("question", *args))

    async def event_block(self, socket: Any, seconds: float) -> None:
        """Blocks Python."""
        await socket.emit("blocked")
        time.sleep(seconds)

    async def event_count(self, socket: Any, room: str, ack: Any = None) -> None:
        await ack(len(await socket.server.of(self.namespace).to(room).fetch_sockets()))

    async def event_kick(self, socket: Any, close: bool) -> None:
        await socket.disconnect(close)


@sio.register
class Root(Consumer):
    namespace = "/"


@sio.register
class Other(Consumer):
    namespace = "/other"


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body"})
