"""Django, a WebSocket that echoes, and a Socket.IO handler."""

from __future__ import annotations

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smoke_settings")
django_application = get_asgi_application()

import sio  # noqa: E402


@sio.on("double")
async def double(socket: Any, number: int, ack: Any) -> None:
    await ack(2 * number)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def application(scope: Any, receive: Any, send: Any) -> None:
    answer = echo if scope["type"] == "websocket" else django_application
    await answer(scope, receive, send)
