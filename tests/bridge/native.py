"""An in-process server: the extension module on the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import _sioserve
import httpx


@contextlib.asynccontextmanager
async def serving(application: Any, dispatcher: Any = None, **options: Any) -> AsyncIterator[Any]:
    """A running `_sioserve.Server` on a free port; its `url` and `server` as attributes."""
    server = _sioserve.Server(application, dispatcher, port=0, **options)
    host, port = server.listen()
    stopped = asyncio.Event()
    server.start(asyncio.get_running_loop(), stopped.set)
    try:
        yield Running(server, f"{host}:{port}")
    finally:
        server.stop()
        await asyncio.wait_for(stopped.wait(), 15)


class Running:
    def __init__(self, server: Any, address: str) -> None:
        self.server = server
        self.address = address
        self.url = f"http://{address}"

    async def get(self, path: str = "/", **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(self.url + path, **options)

    async def post(self, content: Any, path: str = "/", **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(self.url + path, content=content, **options)


async def respond(send: Any, body: bytes = b"ok", status: int = 200) -> None:
    """The simplest answer."""
    await send({"type": "http.response.start", "status": status})
    await send({"type": "http.response.body", "body": body})
