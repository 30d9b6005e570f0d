"""Clients of the randomized test, and the model of what each of them must receive.

Everything that a player does has a beginning and an end, counted by one clock for all. Between
them the server may have done it or not; so a message must arrive at those who were in the room all
the time that it was being sent, may arrive at those who were for a part of it, and must not arrive
at anybody else.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import math
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from .engineio import (
    SESSIONS,
    PollingSession,
    Session,
    SessionEnded,
    WebSocketSession,
    event_packet,
)

PATIENCE = 60.0


@dataclasses.dataclass
class Message:
    sender: int
    number: int
    room: str
    begun: int
    ended: float = math.inf


@dataclasses.dataclass
class Stay:
    """One stay of a player in a room."""

    room: str
    entering: int
    entered: float = math.inf
    leaving: float = math.inf
    left: float = math.inf

    def may_hear(self, message: Message) -> bool:
        return self.entering <= message.ended and message.begun <= self.left

    def must_hear(self, message: Message) -> bool:
        return self.entered < message.begun and message.ended < self.leaving


class Player:
    """One client, which reconnects as it likes. Its reader runs in a task."""

    def __init__(self, index: int, url: str, clock: itertools.count[int]) -> None:
        self.index = index
        self.url = url
        self.clock = clock
        self.stays: list[Stay] = []
        self.sent: list[Message] = []
        self.heard: list[tuple[int, int]] = []
        self._session: Session = WebSocketSession(url)
        self._upgraded: ClientConnection | None = None
        self._probing: ClientConnection | None = None
        self._upgrade_ended = asyncio.Event()
        self._sending = asyncio.Lock()
        self._acks: dict[int, asyncio.Future[None]] = {}
        self._ack_numbers = itertools.count()
        self._reader: asyncio.Task[None] | None = None

    @property
    def rooms(self) -> list[str]:
        return [stay.room for stay in self.stays if stay.leaving == math.inf]

    @property
    def can_upgrade(self) -> bool:
        return isinstance(self._session, PollingSession) and self._upgraded is None

    async def connect(self, transport: str) -> None:
        self._session = SESSIONS[transport](self.url)
        self._upgraded = None
        await self._session.open()
        await self._session.join_namespace()
        self._reader = asyncio.create_task(self._read())

    async def join(self, room: str) -> None:
        stay = Stay(room, next(self.clock))
        self.stays.append(stay)
        await self._call("join", room)
        stay.entered = next(self.clock)

    async def leave(self, room: str) -> None:
        [stay] = [stay for stay in self.stays if stay.room == room and stay.leaving == math.inf]
        stay.leaving = next(self.clock)
        await self._call("leave", room)
        stay.left = next(self.clock)

    async def say(self, room: str, amount: int) -> None:
        """Sends messages back to back."""
        messages = []
        for _ in range(amount):
            message = Message(self.index, len(self.sent), room, next(self.clock))
            self.sent.append(message)
            messages.append(message)
            await self._send(event_packet("say", room, self.index, message.number))
        await self._call("quiet")
        for message in messages:
            message.ended = next(self.clock)

    async def upgrade(self) -> None:
        assert isinstance(self._session, PollingSession)
        self._upgrade_ended.clear()
        websocket = await self._session.probe()
        await websocket.send("2probe")
        assert await asyncio.wait_for(websocket.recv(), PATIENCE) == "3probe"
        self._probing = websocket
        await asyncio.wait_for(self._upgrade_ended.wait(), PATIENCE)

    async def settle(self) -> None:
        """Returns when everything that was sent to this player has arrived."""
        await self._call("quiet")

    async def disconnect(self, farewell: str | None) -> None:
        """Leaves with one last packet, or without a word."""
        leaving = next(self.clock)
        stays = [stay for stay in self.stays if stay.leaving == math.inf]
        for stay in stays:
            stay.leaving = leaving
        await self.settle()
        if farewell is not None:
            await self._send(farewell)
        assert self._reader
        while not self._reader.done():
            # Until Python 3.12, wait_for() may overlook that it is being cancelled.
            self._reader.cancel()
            await asyncio.wait([self._reader], timeout=0.1)
        with suppress(asyncio.CancelledError, SessionEnded, ConnectionClosed):
            self._reader.result()
        if self._upgraded is not None:
            self._upgraded.transport.abort()
        await self._session.abandon()
        for stay in stays:
            stay.left = next(self.clock)

    async def _call(self, event: str, *args: Any) -> None:
        number = next(self._ack_numbers)
        answered = self._acks[number] = asyncio.get_running_loop().create_future()
        await self._send(event_packet(event, *args, ack=number))
        assert self._reader
        await asyncio.wait(
            [answered, self._reader], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        if not answered.done():
            self._reader.cancel()
            await self._reader  # raises what has ended it
            raise AssertionError(f"player {self.index}: {event} was never acknowledged")

    async def _send(self, packet: str) -> None:
        async with self._sending:
            if self._upgraded is not None:
                await self._upgraded.send(packet)
            else:
                await self._session.send(packet)

    async def _read(self) -> None:
        while True:
            if self._upgraded is not None:
                packets = [await self._upgraded.recv()]
            elif isinstance(self._session, PollingSession):
                packets = list(await self._session.poll())
            else:
                packets = [await self._session.receive()]
            for packet in packets:
                await self._hear(packet)
            if "6" in packets and self._probing is not None:
                await self._finish_upgrade(self._probing)

    async def _finish_upgrade(self, websocket: ClientConnection) -> None:
        async with self._sending:  # no POST may be under way
            await websocket.send("5")
            self._upgraded, self._probing = websocket, None
        self._upgrade_ended.set()

    async def _hear(self, packet: str | bytes) -> None:
        assert isinstance(packet, str)
        if packet == "2":
            await self._send("3")
        elif packet.startswith("43"):
            self._acks.pop(int(packet[2 : packet.index("[")])).set_result(None)
        elif packet != "6":
            assert packet.startswith("42"), packet
            event, sender, number = json.loads(packet[2:])
            assert event == "said"
            self.heard.append((sender, number))


def check(players: list[Player]) -> int:
    """Asserts that each player has heard what it must; returns how many messages were heard."""
    for listener in players:
        for sender in players:
            numbers = [number for index, number in listener.heard if index == sender.index]
            told = f"player {listener.index} heard of player {sender.index}"
            assert numbers == sorted(set(numbers)), f"{told} out of order or twice: {numbers}"
            heard = set(numbers)
            for message in sender.sent:
                stays = [stay for stay in listener.stays if stay.room == message.room]
                if any(stay.must_hear(message) for stay in stays):
                    assert message.number in heard, f"{told} too little: {message}"
                elif not any(stay.may_hear(message) for stay in stays):
                    assert message.number not in heard, f"{told} what was not for it: {message}"
    return sum(len(player.heard) for player in players)
