"""Clients of `moving_chat.py` and what each of them must see while Python processes are replaced.

Every member says numbers to its room, one after the other. At the end each member must have got
every number that was acknowledged to its sender, in order and once. A number without an
acknowledgement may be lost, which only the death of a process excuses. No session may end.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import json
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import httpx

import socketio
from support.engineio import (
    Packet,
    PollingSession,
    Session,
    SessionEnded,
    WebSocketSession,
    event_packet,
)

CHAT = "/chat"
PATIENCE = 10.0  # seconds for an acknowledgement, after which a number counts as lost
KINDS = ("polling", "websocket", "python-socketio")
# Clients that open a connection for each request, as behind some proxies.
FRESH_KINDS = ("fresh polling", "fresh python-socketio")


class Member(abc.ABC):
    def __init__(self, name: str, room: str) -> None:
        self.name = name
        self.room = room
        self.sent = 0
        self.acknowledged: set[int] = set()
        self.received: dict[str, list[int]] = defaultdict(list)
        self.ended: str | None = None
        self._acknowledgement = asyncio.Event()

    @abc.abstractmethod
    async def open(self, url: str) -> None: ...

    @abc.abstractmethod
    async def say(self, number: int) -> None: ...

    @abc.abstractmethod
    async def close(self) -> None: ...

    async def talk(self, chance: random.Random, is_over: Callable[[], bool]) -> None:
        while not is_over() and self.ended is None:
            self.sent += 1
            self._acknowledgement.clear()
            await self.say(self.sent)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._acknowledgement.wait(), PATIENCE)
            await asyncio.sleep(chance.random() / 5)  # the load

    def acknowledge(self, number: int) -> None:
        self.acknowledged.add(number)
        if number == self.sent:
            self._acknowledgement.set()


class OnePostAtATime(PollingSession):
    """A pong may be due while a packet is sent."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._sending = asyncio.Lock()

    async def send(self, *packets: Packet) -> None:
        async with self._sending:
            await super().send(*packets)


class FreshPolling(OnePostAtATime):
    """Opens a connection for each request."""

    async def get(self) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as http:
            return await http.get(self.target)

    async def post(self, body: str | bytes) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as http:
            return await http.post(self.target, content=body)


RAW: dict[str, type[Session]] = {
    "polling": OnePostAtATime,
    "fresh polling": FreshPolling,
    "websocket": WebSocketSession,
}


class RawMember(Member):
    def __init__(self, kind: str, name: str, room: str) -> None:
        super().__init__(name, room)
        self._kind = kind
        self._session: Session
        self._reading: asyncio.Task[None]

    async def open(self, url: str) -> None:
        self._session = RAW[self._kind](url)  # type: ignore[call-arg]
        await self._session.open()
        await self._session.join_namespace(CHAT, auth={"name": self.name, "room": self.room})
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            while True:
                packet = str(await self._session.next_message())
                content = json.loads(packet[packet.index("[") :]) if "[" in packet else None
                if packet.startswith("42/chat,["):
                    _, sender, number = content
                    self.received[sender].append(number)
                elif packet.startswith("43/chat,"):
                    self.acknowledge(content[0])
                else:
                    raise SessionEnded(packet)
        except SessionEnded as error:
            self.ended = str(error)

    async def say(self, number: int) -> None:
        try:
            await self._session.send(event_packet("say", number, namespace=CHAT, ack=number))
        except SessionEnded as error:
            self.ended = str(error)

    async def close(self) -> None:
        self._reading.cancel()
        await self._session.abandon()


class LibraryMember(Member):
    def __init__(self, kind: str, name: str, room: str) -> None:
        super().__init__(name, room)
        self._is_fresh = kind.startswith("fresh")
        self._http: aiohttp.ClientSession | None = None
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on("said", self._said, namespace=CHAT)
        self._client.on("disconnect", self._disconnected, namespace=CHAT)
        self._closing = False

    async def open(self, url: str) -> None:
        auth = {"name": self.name, "room": self.room}
        transports = None
        if self._is_fresh:
            self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
            self._client.eio.http = self._http
            transports = ["polling"]
        await self._client.connect(
            url, namespaces=[CHAT], auth=auth, wait_timeout=30, transports=transports
        )

    async def _said(self, sender: str, number: int) -> None:
        self.received[sender].append(number)

    async def _disconnected(self, reason: str) -> None:
        if not self._closing:
            self.ended = reason

    async def say(self, number: int) -> None:
        await self._client.emit("say", number, namespace=CHAT, callback=self.acknowledge)

    async def close(self) -> None:
        self._closing = True
        await self._client.disconnect()
        if self._http is not None:
            await self._http.close()


def make_member(index: int, rooms: int, kinds: Sequence[str]) -> Member:
    kind = kinds[index % len(kinds)]
    name, room = f"{kind} {index}", f"room {index % rooms}"
    return RawMember(kind, name, room) if kind in RAW else LibraryMember(kind, name, room)


async def run_chat(
    url: str,
    members: int,
    rooms: int,
    chance: random.Random,
    disturb: Callable[[], Awaitable[int]],
    kinds: Sequence[str] = KINDS,
    others: Sequence[Member] = (),
) -> str:
    """Let the members talk while `disturb()` runs, which returns how many processes it has killed.

    `others` are further members.

    Returns a summary; raises AssertionError for what should not have been seen.
    """
    all_members = [*(make_member(index, rooms, kinds) for index in range(members)), *others]
    for member in all_members:
        await member.open(url)
    is_over = False
    talking = [asyncio.ensure_future(m.talk(chance, lambda: is_over)) for m in all_members]
    try:
        kills = await disturb()
    finally:
        is_over = True
        await asyncio.wait(talking)
    by_room: dict[str, list[Member]] = defaultdict(list)
    for member in all_members:
        by_room[member.room].append(member)
    for _ in range(300):
        if not any(_missing(by_room)):
            break
        await asyncio.sleep(0.1)
    for member in all_members:
        await member.close()
    ended = {member.name: member.ended for member in all_members if member.ended is not None}
    assert not ended, f"sessions have ended: {ended}"
    missing = list(_missing(by_room))
    assert not missing, f"lost: {missing[:5]}"
    for member in all_members:
        for sender, numbers in member.received.items():
            assert numbers == sorted(set(numbers)), f"{member.name} got from {sender}: {numbers}"
    said = sum(member.sent for member in all_members)
    lost = said - sum(len(member.acknowledged) for member in all_members)
    assert kills or not lost, f"{lost} of {said} were not acknowledged, and no process has died"
    got = sum(len(numbers) for m in all_members for numbers in m.received.values())
    return f"{said} said, {got} received, {lost} without acknowledgement, {kills} processes killed"


def _missing(by_room: dict[str, list[Member]]) -> list[tuple[str, str, list[int]]]:
    return [
        (member.name, sender.name, sorted(lost))
        for members in by_room.values()
        for member in members
        for sender in members
        if (lost := sender.acknowledged - set(member.received[sender.name]))
    ]
