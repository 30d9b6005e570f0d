"""The smallest ASGI application: ten bytes of plain text."""

from __future__ import annotations

from typing import Any

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/plain"), (b"content-length", b"10")],
}
BODY = {"type": "http.response.body", "body": b"hello you\n"}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise ValueError(f"no {scope['type']} here")  # so that no server asks for lifespan events
    await send(START)
    await send(BODY)
