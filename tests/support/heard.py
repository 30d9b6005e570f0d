"""A client in the namespace /chat that notes what it hears, for tests of emitters."""

from __future__ import annotations

import asyncio
from typing import Any

import socketio
from support.server import PATIENCE


class Client:
    """`next()` gives the events in order, and "disconnected" at the end."""

    def __init__(self) -> None:
        self.sio = socketio.AsyncClient(reconnection=False)
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.sio.on("*", self._hear, namespace="/chat")
        self.sio.on("disconnect", self._leave, namespace="/chat")

    async def connect(self, url: str, rooms: list[str]) -> None:
        """Connect by a WebSocket; the application lets it join these rooms."""
        await self.sio.connect(
            url,
            namespaces=["/chat"],
            auth={"rooms": rooms},
            transports=["websocket"],
            wait_timeout=PATIENCE,
        )

    async def next(self) -> Any:
        return await asyncio.wait_for(self.heard.get(), PATIENCE)

    async def rooms(self) -> list[str]:
        rooms, _ = await self.sio.call("rooms", namespace="/chat", timeout=PATIENCE)
        return list(rooms)

    async def _hear(self, event: str, *args: Any) -> None:
        self.heard.put_nowait((event, *args))

    async def _leave(self, reason: str = "") -> None:
        self.heard.put_nowait("disconnected")
