"""Echo, broadcasts, relays and a handler that computes, on sioserve."""

from __future__ import annotations

import time
from typing import Any

import sio


class Roomy(sio.SocketIOConsumer):
    """Clients join the room that they ask for."""

    async def connect(self, socket: Any, auth: Any) -> bool:
        if auth:
            await socket.join(auth["room"])
        return True


@sio.register
class Bench(Roomy):
    async def event_echo(self, socket: Any, text: str, ack: Any = None) -> None:
        await ack(text)

    async def event_all(self, socket: Any, text: str) -> None:
        await socket.server.emit("news", text)

    async def event_room(self, socket: Any, room: str, text: str) -> None:
        await socket.server.emit("news", text, room=room)

    async def event_burn(self, socket: Any, seconds: float, ack: Any = None) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        await ack(seconds)


@sio.register
class Relays(Roomy):
    """The I/O thread forwards the event."""

    namespace = "/relay"
    move = sio.relay("move", to=sio.Rooms.OWN)


# Its clients are no concern of Python at all.
sio.relay_on("move", namespace="/native")


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Not used: everything here is Socket.IO."""
