"""Clients in rooms: each joins those that its auth names."""

from __future__ import annotations

import os
from typing import Any

import sio


@sio.register
class Rooms(sio.SocketIOConsumer):
    namespace = "/chat"

    async def connect(self, socket: Any, auth: Any) -> bool:
        for room in auth["rooms"]:
            await socket.join(room)
        return True

    async def event_rooms(self, socket: Any, ack: Any) -> None:
        await ack(sorted(socket.rooms - {socket.id}), os.getpid())


@sio.get_socketio_server().of("/chat").on_server_side_emit("news")
async def news(*args: Any) -> None:
    sio.get_socketio_server().emit("news of others", *args, namespace="/chat")


async def application(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("there are no requests")
