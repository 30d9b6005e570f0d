"""Handlers that wait for their client's acknowledgement or disconnect."""

from __future__ import annotations

import asyncio
from typing import Any

import sio
from native import application
from notes import note

__all__ = ["application"]


@sio.register
class AskingConsumer(sio.SocketIOConsumer):
    namespace = "/asking"

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        self.key = auth["key"]
        self.numbers: list[int] = []
        self.beside: list[int] = []
        return True

    async def disconnect(self, socket: Any, reason: str) -> None:
        note(self.key, "handled", len(self.numbers))
        note(self.key, "disconnect", reason, socket.reference_reason, [])

    async def event_ask(self, socket: Any) -> None:
        """Without a timeout."""
        note(self.key, "asking")
        try:
            answer = await socket.emit_with_ack("question")
        except sio.AckTimeout as error:
            note(self.key, "unanswered", str(error))
            answer = "none"
        socket.emit("answered", answer)

    async def event_wait_for_end(self, socket: Any) -> None:
        note(self.key, "waiting")
        while socket.reference_reason is None:
            await asyncio.sleep(0.01)
        note(self.key, "waited", socket.reference_reason)

    @sio.concurrent
    async def event_wait_beside(self, socket: Any) -> None:
        await self.event_wait_for_end(socket)

    @sio.concurrent
    async def event_wait_for_number(self, socket: Any, number: int, ack: Any = None) -> None:
        while number not in self.numbers:
            await asyncio.sleep(0.01)
        await ack(number)

    async def event_wait_for_beside(self, socket: Any, number: int, ack: Any = None) -> None:
        """An ordinary handler that waits for a concurrent one."""
        while number not in self.beside:
            await asyncio.sleep(0.01)
        await ack(number)

    @sio.concurrent
    async def event_beside(self, socket: Any, number: int) -> None:
        self.beside.append(number)

    async def event_number(self, socket: Any, number: int, padding: str = "") -> None:
        self.numbers.append(number)

    async def event_numbers(self, socket: Any, ack: Any = None) -> None:
        await ack(self.numbers)
