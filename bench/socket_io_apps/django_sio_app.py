"""Echo, broadcasts, relays and a handler that computes, on django-sio, for uvicorn.

PING_INTERVAL is in seconds.
"""

from __future__ import annotations

import os
import time
from typing import Any

from django.conf import settings

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    SIO_ENGINEIO_PING_INTERVAL_MS=int(float(os.environ.get("PING_INTERVAL", "25")) * 1000),
)

import django  # noqa: E402

django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402
from sio import SocketIOConsumer  # noqa: E402


class Bench(SocketIOConsumer):
    async def connect(self, socket: Any, auth: Any) -> bool:
        await socket.join("all")
        if auth:
            await socket.join(auth["room"])
        return True

    async def event_echo(self, socket: Any, text: str, ack: Any = None) -> None:
        await ack(text)

    async def event_all(self, socket: Any, text: str) -> None:
        await socket.server.emit("news", text, room="all")

    async def event_room(self, socket: Any, room: str, text: str) -> None:
        await socket.server.emit("news", text, room=room)

    async def event_burn(self, socket: Any, seconds: float, ack: Any = None) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        await ack(seconds)


routes = URLRouter([re_path(r"^socket\.io/?$", Bench.as_asgi())])
application = ProtocolTypeRouter({"http": routes, "websocket": routes})
