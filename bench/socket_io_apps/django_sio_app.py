"""Echo and broadcast on django-sio, for uvicorn and daphne."""

from __future__ import annotations

from typing import Any

from django.conf import settings

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
)

import django  # noqa: E402

django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402
from sio import SocketIOConsumer  # noqa: E402


class Bench(SocketIOConsumer):
    async def connect(self, socket: Any, auth: Any) -> bool:
        await socket.join("all")
        return True

    async def event_echo(self, socket: Any, text: str, ack: Any = None) -> None:
        await ack(text)

    async def event_all(self, socket: Any, text: str) -> None:
        await socket.server.emit("news", text, room="all")


routes = URLRouter([re_path(r"^socket\.io/?$", Bench.as_asgi())])
application = ProtocolTypeRouter({"http": routes, "websocket": routes})
