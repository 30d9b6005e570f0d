"""One Engine.IO session of a random client: either transport, upgrades, slow reading, cuts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..engineio import SESSIONS, PollingSession, SessionEnded
from .packets import from_polling, on_polling

PATIENCE = 60.0


class Wire:
    """Its reader runs in a task, which gives every message to `hear`, and answers pings."""

    def __init__(self, url: str, transport: str, hear: Callable[[str | bytes], list[Any]]) -> None:
        """`hear` returns the messages that answer the one it was given."""
        self._session = SESSIONS[transport](url)
        self._hear = hear
        self._upgraded: ClientConnection | None = None
        self._probing: ClientConnection | None = None
        self._upgrade_ended = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._sending = asyncio.Lock()
        self.pings = 0

    async def open(self) -> None:
        await self._session.open()
        self.reader = asyncio.create_task(self._read())

    @property
    def polls(self) -> bool:
        return isinstance(self._session, PollingSession) and self._upgraded is None

    async def send(self, messages: list[str | bytes]) -> None:
        """Engine.IO packets, as they are on a WebSocket; all in one request on polling."""
        async with self._sending:
            if self._upgraded is not None:
                for message in messages:
                    await self._upgraded.send(message)
            elif isinstance(self._session, PollingSession):
                await self._session.send(*map(on_polling, messages))
            else:
                await self._session.send(*messages)

    async def upgrade(self) -> None:
        websocket = await self._answered_probe()
        self._upgrade_ended.clear()
        self._probing = websocket
        await asyncio.wait_for(self._upgrade_ended.wait(), PATIENCE)

    async def give_up_an_upgrade(self) -> None:
        """Probes, and goes without having upgraded."""
        websocket = await self._answered_probe()
        websocket.transport.abort()

    async def read_nothing_for(self, seconds: float) -> None:
        self._may_read.clear()
        await asyncio.sleep(seconds)
        self._may_read.set()

    async def wait_for(self, answer: asyncio.Future[Any], what: str) -> Any:
        """Waits for something that the reader will hear."""
        await asyncio.wait(
            [answer, self.reader], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        if answer.done():
            return answer.result()
        if self.reader.done():
            self.reader.result()  # raises what has ended it
        raise AssertionError(f"{what} has not come")

    async def cut(self) -> None:
        """Ends the connection without a word, whatever is on its way."""
        while not self.reader.done():
            # Until Python 3.12, wait_for() may overlook that it is being cancelled.
            self.reader.cancel()
            await asyncio.wait([self.reader], timeout=0.1)
        with suppress(asyncio.CancelledError, SessionEnded, ConnectionClosed):
            self.reader.result()
        for websocket in (self._upgraded, self._probing):
            if websocket is not None:
                websocket.transport.abort()
        await self._session.abandon()

    async def _answered_probe(self) -> ClientConnection:
        assert isinstance(self._session, PollingSession)
        websocket = await self._session.probe()
        await websocket.send("2probe")
        assert await asyncio.wait_for(websocket.recv(), PATIENCE) == "3probe"
        return websocket

    async def _read(self) -> None:
        while True:
            await self._may_read.wait()
            for packet in await self._received():
                if packet == "2":
                    self.pings += 1
                    await self.send(["3"])
                elif packet != "6":
                    assert isinstance(packet, bytes) or packet.startswith("4"), packet
                    answers = self._hear(packet[1:] if isinstance(packet, str) else packet)
                    if answers:
                        await self.send(answers)

    async def _received(self) -> list[str | bytes]:
        if self._upgraded is not None:
            return [await self._upgraded.recv()]
        if not isinstance(self._session, PollingSession):
            # Not receive(), which takes a silent server for a fault.
            return [await self._session.websocket.recv()]
        packets = await self._session.poll()
        if "6" in packets and self._probing is not None:
            async with self._sending:  # no POST may be under way
                await self._probing.send("5")
                self._upgraded, self._probing = self._probing, None
            self._upgrade_ended.set()
        return list(map(from_polling, packets))
