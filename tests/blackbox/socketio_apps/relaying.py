"""Relays that are inherited, on dynamic namespaces, and with connection state recovery."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import sio
from native import application
from notes import note

__all__ = ["application"]


class Canvas(sio.SocketIOConsumer):
    """A client names its rooms when it connects, or joins them later."""

    move = sio.relay("move")
    cursor = sio.relay("cursor", volatile=True)
    nudge = sio.relay("nudge", volatile=True, rate=5)
    step = sio.relay("step", rate=20)
    all = sio.relay("all", to=sio.Rooms.NAMESPACE)
    lobby = sio.relay("lobby", to="lobby")

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        if not socket.recovered:
            for room in auth.get("join", []):
                await socket.join(room)
        if "slow" in auth:
            note(auth["slow"], "connecting")
            await asyncio.sleep(0.5)
        return not auth.get("refuse")

    async def event_join(self, socket: Any, room: str, ack: Any = None) -> None:
        await socket.join(room)
        await ack()

    async def event_leave(self, socket: Any, room: str, ack: Any = None) -> None:
        await socket.leave(room)
        await ack()

    async def event_say(self, socket: Any, room: str, text: str, ack: Any = None) -> None:
        await socket.to(room).emit("said", text)
        await ack()

    async def event_reply(self, socket: Any, *args: Any, ack: Any = None) -> None:
        await ack(*args)


@sio.register
class PlainCanvas(Canvas):
    namespace = "/canvas"


@sio.register
class NumberedCanvas(Canvas):
    """Without one of the relays, and with another one changed."""

    namespace = re.compile(r"/canvas-(?P<id>[0-9]+)")
    cursor = None
    move = sio.relay("move", include_sender=True)

    async def event_cursor(self, socket: Any, *args: Any, ack: Any = None) -> None:
        await ack("handled", *args)


async def named_by_clients(name: str, auth: Any) -> bool:
    return name == f"/{auth.get('secret')}"


sio.relay_on("move", namespace=named_by_clients)


@sio.on("connect", namespace=named_by_clients)
async def connect(socket: Any, auth: dict[str, Any]) -> bool:
    await socket.join("everybody")
    return True


@sio.on("reply", namespace=named_by_clients)
async def reply(socket: Any, *args: Any, ack: Any = None) -> None:
    await ack(*args)
