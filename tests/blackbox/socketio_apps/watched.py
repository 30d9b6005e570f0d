"""A Django project with some of all that the metrics count: routes of several kinds and statuses,
WebSockets, Socket.IO.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import django
import sio
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="x",
    SIO_ENGINEIO_PING_INTERVAL_MS=1000,
)
django.setup()


def article(request: HttpRequest, year: int) -> HttpResponse:
    return HttpResponse(f"article of {year}\n" * 100)


def slow(request: HttpRequest, milliseconds: int) -> HttpResponse:
    time.sleep(milliseconds / 1000)
    return HttpResponse("slow")


def calculate(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(sum(range(1_000_000))))


async def on_loop(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0.02)
    return HttpResponse("from the event loop")


def refuses(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no", status=403)


def fails(request: HttpRequest) -> HttpResponse:
    raise ValueError("on purpose")


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
        await self.send(text_data, bytes_data)


@sio.on("join")
async def join(socket: Any, room: str) -> None:
    await socket.join(room)


@sio.on("say")
async def say(socket: Any, text: str, ack: Any) -> None:
    await socket.server.emit("said", text, room="talk")
    await ack(text)


urlpatterns = [
    path("articles/<int:year>/", article),
    path("slow/<int:milliseconds>/", slow),
    path("calculate/", calculate),
    path("loop/", on_loop),
    path("refuses/", refuses),
    path("fails/", fails),
]
application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("echo/", Echo.as_asgi())])}
)
