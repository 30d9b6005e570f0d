"""A world of several servers: players of each, and anchors that say when a message has arrived.

What a server publishes arrives at another one in its order. So when a signal that is sent after
messages reaches the anchor of the other server, the messages have been delivered there.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import socketio

from .history import Message
from .player import NAMESPACES, NOBODY, ROOMS, Player, World

FIRST_SIGNAL = 1_000_000_000


class Anchor:
    """A client that stays in a room of its own, and in all others, so that its server stays
    subscribed to them.
    """

    def __init__(self, url: str, index: int) -> None:
        self.url = url
        self.room = f"anchor {index}"
        self.client = socketio.AsyncClient(reconnection=False)
        self._is_lost = False
        self._waiting: dict[tuple[str, int], asyncio.Future[None]] = {}
        for namespace in NAMESPACES:
            self.client.on("said", self._listener(namespace), namespace=namespace)

    async def start(self) -> None:
        await self.client.connect(self.url, namespaces=NAMESPACES, transports=["websocket"])
        for namespace in NAMESPACES:
            for room in (*ROOMS, self.room):
                await self.client.call("join", room, namespace=namespace)

    def expect(self, namespace: str, number: int) -> asyncio.Future[None]:
        """Done when the signal with this number has arrived."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._is_lost:
            future.set_result(None)
        else:
            self._waiting[namespace, number] = future
        return future

    def give_up(self) -> None:
        """Its server was killed: nobody waits for it any more."""
        self._is_lost = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)

    def _listener(self, namespace: str) -> Any:
        def said(sender: int, number: int, *rest: Any) -> None:
            waiting = self._waiting.pop((namespace, number), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

        return said


class ClusterWorld(World):
    # A room of one id has a channel of its own, to which its server may not be subscribed yet.
    rooms_beside_ids = (NOBODY,)

    def __init__(self, urls: list[str], recovers: bool) -> None:
        super().__init__(urls[0], recovers)
        self.urls = urls
        self._anchor_numbers = itertools.count()
        self.anchors = [Anchor(url, next(self._anchor_numbers)) for url in urls]
        self.outage = asyncio.Event()  # messages to other servers are lost
        self._signals = FIRST_SIGNAL

    def url_for(self, player: Player) -> str:
        return self.urls[player.index % len(self.urls)]

    async def start(self) -> None:
        """Returns when the servers reach each other's anchors."""
        for anchor in self.anchors:
            await anchor.start()
        for here in self.anchors:
            for there in self.anchors:
                for namespace in NAMESPACES:
                    await self._until_reached(here, there, namespace)

    async def arrived(self, player: Player, namespace: str, messages: list[Message]) -> None:
        awaited = []
        for anchor in list(self.anchors):
            self._signals += 1
            awaited.append(anchor.expect(namespace, self._signals))
            await player.signal(namespace, anchor.room, self._signals)
        outage = asyncio.ensure_future(self.outage.wait())
        arrived = asyncio.gather(*awaited)
        await asyncio.wait((arrived, outage), return_when=asyncio.FIRST_COMPLETED)
        if self.outage.is_set():
            arrived.cancel()
            for message in messages:
                message.volatile = True  # it may be missed
        else:
            outage.cancel()

    def lose(self, index: int) -> None:
        """The server of this anchor was killed."""
        self.anchors.pop(index).give_up()

    async def replace(self, index: int, url: str) -> None:
        """There is another server instead of the lost one. Returns when it and the others reach
        each other's anchors.
        """
        new = Anchor(url, next(self._anchor_numbers))
        await new.start()
        for other in (*self.anchors, new):
            for namespace in NAMESPACES:
                await self._until_reached(other, new, namespace)
                await self._until_reached(new, other, namespace)
        self.urls[index] = url
        self.anchors.insert(index, new)

    async def _until_reached(self, here: Anchor, there: Anchor, namespace: str) -> None:
        """The first signals may be lost, before the other server's subscription is in force."""
        how = {"rooms": [there.room], "but": [], "others": False, "volatile": False}
        while True:
            self._signals += 1
            arrived = there.expect(namespace, self._signals)
            content = (how, 0, self._signals, "text", 1, "x")
            await here.client.emit("say", content, namespace=namespace)
            done, _ = await asyncio.wait((arrived,), timeout=0.5)
            if done:
                return

    async def stop(self) -> None:
        for anchor in self.anchors:
            await anchor.client.disconnect()
