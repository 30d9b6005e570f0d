"""One Engine.IO session of a random client: both transports, upgrades, slow reading, cuts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed

from ..engineio import SessionEnded
from .carriers import CARRIERS, Carrier, PollingCarrier, WebSocketCarrier

PATIENCE = 60.0
PING_INTERVAL = 0.3
CUT = (asyncio.CancelledError, SessionEnded, ConnectionClosed)  # ends of a cut connection


class Wire:
    """A task reads messages, passes each to `hear`, and answers pings; a client of Engine.IO 3
    sends the pings. `pings` counts the pings or pongs that show that the server is alive.
    """

    def __init__(
        self,
        url: str,
        version: int,
        transport: str,
        hear: Callable[[str | bytes], list[Any]],
    ) -> None:
        """`hear` returns the messages that answer its argument."""
        self._session: Carrier = CARRIERS[transport](url, version)
        self._hear = hear
        self._upgraded: WebSocketCarrier | None = None
        self._probing: WebSocketCarrier | None = None
        self._pinging: asyncio.Task[None] | None = None
        self.reader: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._upgrade_ended = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._sending = asyncio.Lock()
        self.pings = 0

    async def open(self) -> None:
        await self._session.open()
        self.reader = asyncio.create_task(self._read())
        if self._session.version == 3:
            self._pinging = asyncio.create_task(self._ping())

    @property
    def sid(self) -> str:
        return self._session.sid

    @property
    def polls(self) -> bool:
        return self._session.transport == "polling" and self._upgraded is None

    async def send(self, messages: list[str | bytes]) -> None:
        """Engine.IO packets, as they are on a WebSocket; all in one request on polling."""
        async with self._sending:
            await (self._upgraded or self._session).send(messages)

    async def upgrade(self) -> None:
        probe = await self._answered_probe()
        self._upgrade_ended.clear()
        self._probing = probe
        await asyncio.wait_for(self._upgrade_ended.wait(), PATIENCE)

    async def give_up_an_upgrade(self) -> None:
        """Probes, and disconnects without upgrading."""
        probe = await self._answered_probe()
        await probe.abandon()

    async def read_nothing_for(self, seconds: float) -> None:
        self._may_read.clear()
        await asyncio.sleep(seconds)
        self._may_read.set()

    async def wait_for(self, answer: asyncio.Future[Any], what: str) -> Any:
        """Waits for a future that the reader will set."""
        await asyncio.wait(
            [answer, self.reader], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        if answer.done():
            return answer.result()
        if self.reader.done():
            self.reader.result()  # raises the exception that ended it
        raise AssertionError(f"{what} has not come")

    async def cut(self, expected: tuple[type[BaseException], ...] = CUT) -> None:
        """Cuts the connection, also while messages are in transit. The reader may have ended with
        the expected exceptions.
        """
        for task in (self._pinging, self.reader):
            while task is not None and not task.done():
                # Before Python 3.12, wait_for() may ignore its cancellation.
                task.cancel()
                await asyncio.wait([task], timeout=0.1)
        with suppress(*expected):
            self.reader.result()
        for carrier in (self._upgraded, self._probing, self._session):
            if carrier is not None:
                await carrier.abandon()

    async def _answered_probe(self) -> WebSocketCarrier:
        assert isinstance(self._session, PollingCarrier)
        return await self._session.probe()

    async def _ping(self) -> None:
        with suppress(SessionEnded, ConnectionClosed, httpx.HTTPError):  # the reader will report it
            while True:
                await asyncio.sleep(PING_INTERVAL)
                await self.send(["2"])

    async def _read(self) -> None:
        while True:
            await self._may_read.wait()
            for packet in await self._received():
                if packet == "2" and self._session.version == 4:
                    self.pings += 1
                    await self.send(["3"])
                elif packet == "3" and self._session.version == 3:
                    self.pings += 1
                elif packet != "6":
                    assert isinstance(packet, bytes) or packet.startswith("4"), packet
                    answers = self._hear(packet[1:] if isinstance(packet, str) else packet)
                    if answers:
                        await self.send(answers)

    async def _received(self) -> list[str | bytes]:
        if self._upgraded is not None:
            return await self._upgraded.receive()
        packets = await self._session.receive()
        if "6" in packets and self._probing is not None:
            async with self._sending:  # no POST may be in progress
                await self._probing.send(["5"])
                self._upgraded, self._probing = self._probing, None
            self._upgrade_ended.set()
        return packets
