"""A namespace whose handlers watch upgrades and drains, and report the client's connection."""

from __future__ import annotations

from typing import Any

import sio
from native import application
from notes import note

__all__ = ["application"]


@sio.register
class SignalsConsumer(sio.SocketIOConsumer):
    namespace = "/signals"

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        key = auth["key"]
        self.key = key
        note(key, "connect", socket.transport, socket.latency)
        if auth.get("watch"):

            @socket.on_upgrade
            async def upgraded() -> None:
                note(key, "upgrade", socket.transport)

            socket.on_drain(lambda: note(key, "drain"))
        return True

    async def event_status(self, socket: Any, ack: Any = None) -> None:
        await ack(socket.transport, socket.latency)

    async def event_flood(self, socket: Any, count: int) -> None:
        for _ in range(count):
            socket.emit("flood", "x" * 100_000)
        note(self.key, "flooded")

    async def disconnect(self, socket: Any, reason: str) -> None:
        note(self.key, "disconnect", socket.transport, socket.latency)
