"""The application of bench/relay.py: one event forwarded to a room, natively and by a handler."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs

import sio


class Board(sio.SocketIOConsumer):
    async def connect(self, socket: Any, auth: Any) -> bool:
        await socket.join(auth["room"])
        return True


@sio.register
class RelayBoard(Board):
    namespace = "/relay"
    move = sio.relay("move", to=sio.Rooms.OWN)


@sio.register
class HandlerBoard(Board):
    namespace = "/handler"

    async def event_move(self, socket: Any, *args: Any) -> None:
        socket.to(socket.rooms).emit("move", *args)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """/?busy=SECONDS blocks Python for this time."""
    if scope["type"] != "http":
        return
    query = parse_qs(scope["query_string"].decode())
    end = time.monotonic() + float(query.get("busy", ["0"])[0])
    while time.monotonic() < end:
        pass
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"ok"})
