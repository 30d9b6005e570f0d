"""The application of scripts/soak."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import sys
from typing import Any

import django
import sio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error, connection

DATABASE = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "postgres",
    "USER": "postgres",
    "HOST": "127.0.0.1",
    "PORT": os.environ.get("DATABASE_PORT", ""),
    "CONN_MAX_AGE": None,
}
settings.configure(DATABASES={"default": DATABASE} if DATABASE["PORT"] else {}, LOGGING_CONFIG=None)
django.setup()  # without it, nobody checks the connections of handlers


def insert(who: str) -> bool:
    """False while the database is not there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("insert into visits values (%s)", [who])
    except Error:
        return False
    return True


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

    def event_visit(self, socket: Any, who: str, ack: Any) -> None:
        ack(insert(who))

    async def event_visit_later(self, socket: Any, who: str, ack: Any) -> None:
        ack(await sync_to_async(insert)(who))


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
