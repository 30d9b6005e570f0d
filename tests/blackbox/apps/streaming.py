"""Responses that do not end on their own, for tests of stopping."""

from __future__ import annotations

import asyncio
from typing import Any

import sioserve


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("lifespan: shutdown", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/late":
        await asyncio.sleep(1)
    if scope["path"] == "/poll":
        print("poll began", flush=True)
        await sioserve.stop_event().wait()
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})
        return
    kind = b"text/event-stream" if scope["path"] != "/answer" else b"text/plain"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
    if scope["path"] == "/answer":
        await asyncio.sleep(1)
        await send({"type": "http.response.body", "body": b"whole"})
        return
    print("stream began", flush=True)
    await receive()  # the request's empty body
    message = await receive()
    print(f"stream ended: {message['type']}", flush=True)  # in one piece
