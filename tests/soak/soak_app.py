"""The application of scripts/soak."""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
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


class Mallinfo2(ctypes.Structure):
    """struct mallinfo2 of glibc 2.33 and newer (mallinfo(3)); all in bytes or numbers of chunks."""

    _fields_ = [
        ("arena", ctypes.c_size_t),
        ("ordblks", ctypes.c_size_t),
        ("smblks", ctypes.c_size_t),
        ("hblks", ctypes.c_size_t),
        ("hblkhd", ctypes.c_size_t),
        ("usmblks", ctypes.c_size_t),
        ("fsmblks", ctypes.c_size_t),
        ("uordblks", ctypes.c_size_t),
        ("fordblks", ctypes.c_size_t),
        ("keepcost", ctypes.c_size_t),
    ]


mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Mallinfo2


def allocated() -> int:
    """The bytes that malloc has given out in all threads. What it keeps for later is not in it."""
    info = mallinfo2()
    return info.uordblks + info.hblkhd


async def application(scope: Any, receive: Any, send: Any) -> None:
    counts = sio.get_socketio_server().counts()
    body = {
        "tasks": len(asyncio.all_tasks()),
        "allocated": allocated(),
        "python_blocks": sys.getallocatedblocks(),
        **counts,
    }
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
