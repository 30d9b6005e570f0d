"""A random client: sockets in several namespaces over one session, which disconnects and
reconnects.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed

from ..engineio import SessionEnded
from .history import Life, Message, Stay
from .packets import ACK, CONNECT, DISCONNECT, EVENT, Decoder, Packet, encode
from .wire import CUT, Wire

NAMESPACES = ["/", "/other"]
ROOMS = ["red", "green", "日本", "中国"]
TRANSPORTS = ["polling", "websocket"]
NOBODY = "a room that nobody joins"


class World:
    """The shared state of the players of one round."""

    def __init__(self, url: str, recovers: bool) -> None:
        self.url = url
        self.recovers = recovers
        self.clock = itertools.count(1)
        self.senders = itertools.count()
        self.players: list[Player] = []
        self.lives: list[Life] = []
        self.messages: list[Message] = []
        self.recoveries = 0
        self.blocks: list[int] = []  # the pings during each period

    # Added to the id of a socket in the rooms of a message.
    rooms_beside_ids: tuple[str, ...] = ()

    def url_for(self, player: Player) -> str:
        """Its server."""
        return self.url

    async def arrived(self, player: Player, namespace: str, messages: list[Message]) -> None:
        """Returns when the messages of the player have reached all servers."""

    @property
    def pings(self) -> int:
        return sum(player.pings for player in self.players)

    def ids(self, namespace: str) -> list[str]:
        """The ids of the sockets that are connected to a namespace, or that will be recovered."""
        return [
            player.lives[namespace].id
            for player in self.players
            if namespace in player.present or namespace in player.lost
        ]


class Place:
    """A player's connection to one namespace."""

    def __init__(self, sender: int, relaying_sender: int) -> None:
        self.sender = sender
        self.numbers = itertools.count()
        # A relayed event may overtake events that wait for Python, so it counts as another
        # sender's.
        self.relaying_sender = relaying_sender
        self.relayed_numbers = itertools.count()
        self.calls = itertools.count()
        self.answers: dict[int, asyncio.Future[Any]] = {}


class Player:
    def __init__(self, index: int, world: World, dice: random.Random) -> None:
        self.index = index
        self.version = 3 if index % 4 == 3 else 4  # of Engine.IO
        self.world = world
        self.dice = dice
        self.lives: dict[str, Life] = {}
        self.present: set[str] = set()
        self._places: dict[str, Place] = {}
        self._entering: dict[str, tuple[asyncio.Future[None], float]] = {}
        self._leaving: dict[str, asyncio.Future[None]] = {}
        self._blocked: asyncio.Future[None] | None = None
        self.lost: dict[str, Life] = {}  # lost connections, to be recovered
        self._past_pings = 0

    @property
    def pings(self) -> int:
        return self._past_pings + self.wire.pings

    # --- Connecting and disconnecting ---

    async def connect(self) -> None:
        self._decoder = Decoder()
        transport = self.dice.choice(TRANSPORTS)
        self.wire = Wire(self.world.url_for(self), self.version, transport, self._hear)
        first, *others = self.dice.sample(NAMESPACES, len(NAMESPACES))
        if self.version == 3:  # joins the default namespace without CONNECT
            first, *others = NAMESPACES
            entered = self._will_enter(first)
            await self.wire.open()
            await self.wire.wait_for(entered, "CONNECT")
        else:
            await self.wire.open()
            await self.enter(first)
        for namespace in others:
            if namespace in self.lost or self.dice.random() < 0.7:
                await self.enter(namespace)

    def _will_enter(self, namespace: str) -> asyncio.Future[None]:
        entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._entering[namespace] = (entered, next(self.world.clock))
        return entered

    async def enter(self, namespace: str) -> None:
        entered = self._will_enter(namespace)
        auth = None
        if namespace in self.lost:
            lost = self.lost[namespace]
            auth = {"pid": lost.recovery_id}
            if lost.offset is not None:
                auth["offset"] = lost.offset
        await self.wire.send(encode(CONNECT, namespace, auth))
        await self.wire.wait_for(entered, "CONNECT")

    async def leave_namespace(self, namespace: str) -> None:
        await self.settle(namespace)
        self._depart(namespace)
        await self.wire.send(encode(DISCONNECT, namespace))
        if self.present:
            life = self.lives[namespace]
            await self.settle(next(iter(self.present)))
            life.gone(next(self.world.clock))

    async def be_kicked(self, namespace: str) -> None:
        begun = next(self.world.clock)
        gone = self._leaving[namespace] = asyncio.get_running_loop().create_future()
        await self._emit(namespace, "kick", False)
        await self.wire.wait_for(gone, "DISCONNECT")
        self._heard_all_until(begun)
        self._depart(namespace)

    async def close(self) -> None:
        """Closes the session after everything has been received."""
        for namespace in list(self.present):
            await self.settle(namespace)
            self._depart(namespace)
        await self.wire.send(["1"])
        await self._cut()

    async def vanish(self) -> None:
        """Cuts the connection while messages may be in transit in both directions."""
        for namespace in list(self.present):
            life = self.lives[namespace]
            if life.recovery_id is None:
                self._depart(namespace)
            else:
                self.lost[namespace] = life
                self.present.discard(namespace)
        await self._cut()

    async def lose_server(self) -> None:
        """Its server was killed, at any time."""
        for namespace in list(self.present):
            self._depart(namespace)
        await self._cut((*CUT, httpx.HTTPError))

    async def _cut(self, expected: tuple[type[BaseException], ...] = CUT) -> None:
        await self.wire.cut(expected)
        self._past_pings += self.wire.pings
        self.wire.pings = 0

    def _depart(self, namespace: str) -> None:
        self.present.discard(namespace)
        self.lives[namespace].end()

    # --- Sending and receiving ---

    async def settle(self, namespace: str) -> None:
        """Returns when everything that was sent to this player before has been received."""
        await self.call(namespace, "reply")

    async def call(self, namespace: str, event: str, *args: Any) -> list[Any]:
        begun = next(self.world.clock)
        place = self._places[namespace]
        number = next(place.calls)
        answer = place.answers[number] = asyncio.get_running_loop().create_future()
        await self._emit(namespace, event, *args, number=number)
        answered = await self.wire.wait_for(answer, f"the answer to {event}")
        self._heard_all_until(begun)
        return list(answered)

    async def join(self, namespace: str, room: str) -> None:
        stay = Stay(room, next(self.world.clock))
        self.lives[namespace].stays.append(stay)
        await self.call(namespace, "join", room)
        stay.entered = next(self.world.clock)

    async def leave(self, namespace: str, room: str) -> None:
        [stay] = [
            stay
            for stay in self.lives[namespace].stays
            if stay.room == room and stay.leaving == float("inf")
        ]
        stay.leaving = next(self.world.clock)
        await self.call(namespace, "leave", room)
        stay.left = next(self.world.clock)

    async def say(self, namespace: str, amount: int) -> list[Message]:
        """Sends messages to random rooms and sockets; they are begun but not ended."""
        dice, messages = self.dice, []
        for _ in range(amount):
            place = self._places[namespace]
            rooms = dice.sample(ROOMS, dice.choice([0, 1, 1, 1, 2]))
            if dice.random() < 0.2:
                rooms.append(dice.choice(self.world.ids(namespace)))
                rooms += self.world.rooms_beside_ids
            but = dice.sample(ROOMS, dice.choice([0, 0, 1]))
            message = Message(
                sender=place.sender,
                number=next(place.numbers),
                life=self.lives[namespace],
                rooms=rooms,
                but=but,
                others=dice.random() < 0.5,
                volatile=dice.random() < 0.1,
                begun=next(self.world.clock),
            )
            messages.append(message)
            self.world.messages.append(message)
            how = {name: getattr(message, name) for name in ("rooms", "but", "others", "volatile")}
            size = dice.choice([1, 10, 100, 3000])
            kind = dice.choice(["text", "binary"])
            text = body(kind, *message.key, size)
            await self._emit(namespace, "say", how, *message.key, kind, size, text)
        return messages

    async def relay(self, namespace: str, amount: int) -> list[Message]:
        """Sends messages that the server relays natively; they are begun but not ended."""
        dice, messages = self.dice, []
        for _ in range(amount):
            place, life = self._places[namespace], self.lives[namespace]
            event = dice.choice(["relayed", "shouted"])
            message = Message(
                sender=place.relaying_sender,
                number=next(place.relayed_numbers),
                life=life,
                rooms=(life.rooms or [NOBODY]) if event == "relayed" else [],
                but=[],
                others=event == "relayed",
                volatile=False,
                begun=next(self.world.clock),
            )
            messages.append(message)
            self.world.messages.append(message)
            size = dice.choice([1, 10, 100, 3000])
            kind = dice.choice(["text", "binary"])
            await self._emit(
                namespace, event, *message.key, kind, size, body(kind, *message.key, size)
            )
        return messages

    async def say_and_settle(self, namespace: str, amount: int) -> None:
        messages = await self.say(namespace, amount)
        messages += await self.relay(namespace, self.dice.randint(0, 2))
        await self.settle(namespace)
        await self.world.arrived(self, namespace, messages)
        for message in messages:
            message.ended = next(self.world.clock)

    async def say_and_vanish(self, namespace: str, amount: int) -> None:
        """It is unknown which of the messages the server gets."""
        with suppress(SessionEnded, ConnectionClosed):
            await self.say(namespace, amount)
            await self.relay(namespace, amount)
        await self.vanish()

    async def vanish_amid_a_packet(self, namespace: str) -> None:
        """Sends an event without its attachment, which no client may receive."""
        how = {"rooms": [], "but": [], "others": False, "volatile": False}
        key = (self._places[namespace].sender, -1)
        head, _ = encode(EVENT, namespace, ["say", how, *key, "binary", 1, b"\x00"])
        await self.wire.send([head])
        await self.vanish()

    async def ask(self, namespace: str) -> None:
        question = [self.index, {"deep": [b"\x00\xff", "?"]}]
        answer = await self.call(namespace, "ask", *question)
        assert answer == [["answered", *question]], answer

    async def block(self, namespace: str, seconds: float) -> None:
        """Python is blocked for some time; the server's pings continue."""
        self._blocked = asyncio.get_running_loop().create_future()
        begun = asyncio.ensure_future(self.call(namespace, "block", seconds))
        await self.wire.wait_for(self._blocked, "the beginning of the blockade")
        before = self.world.pings
        await begun
        self.world.blocks.append(self.world.pings - before)

    async def signal(self, namespace: str, room: str, number: int) -> None:
        """Sends a message that no player hears: nobody else is in the room."""
        how = {"rooms": [room], "but": [], "others": False, "volatile": False}
        key = (self._places[namespace].sender, number)
        await self._emit(namespace, "say", how, *key, "text", 1, body("text", *key, 1))

    async def _emit(self, namespace: str, *args: Any, number: int | None = None) -> None:
        await self.wire.send(encode(EVENT, namespace, args, number))

    def _heard_all_until(self, begun: int) -> None:
        for namespace in self.present:
            self.lives[namespace].heard_until = begun

    def _hear(self, message: str | bytes) -> list[Any]:
        packet = self._decoder.feed(message)
        if packet is None:
            return []
        namespace = packet.namespace
        if packet.kind == CONNECT:
            self._enter(namespace, packet.data)
        elif packet.kind == DISCONNECT:
            self._leaving.pop(namespace).set_result(None)
        elif packet.kind == ACK:
            assert packet.number is not None
            self._places[namespace].answers.pop(packet.number).set_result(packet.data)
        else:
            assert packet.kind == EVENT, packet
            return self._hear_event(packet)
        return []

    def _hear_event(self, packet: Packet) -> list[Any]:
        life = self.lives[packet.namespace]
        event, *args = packet.data
        if event == "question":
            return encode(ACK, packet.namespace, ["answered", *args], packet.number)
        expected = 0 if event == "blocked" else 5
        if self.world.recovers and len(args) > expected:
            life.offset = args.pop()
            assert isinstance(life.offset, str)
        assert len(args) == expected, packet
        if event in ("said", "relayed", "shouted"):
            sender, number, kind, size, text = args
            assert text == body(kind, sender, number, size)
            life.heard.append((sender, number))
        else:
            assert self._blocked
            self._blocked.set_result(None)
        return []

    def _enter(self, namespace: str, data: dict[str, Any] | None) -> None:
        if data is None:
            assert self.version == 3
            data = {"sid": self.wire.sid if namespace == "/" else f"{namespace}#{self.wire.sid}"}
        entered, begun = self._entering.pop(namespace)
        lost = self.lost.pop(namespace, None)
        if lost is not None:
            assert data == {"sid": lost.id, "pid": lost.recovery_id}, f"{lost} is not recovered"
            self.world.recoveries += 1
        else:
            life = self.lives[namespace] = Life(self.index, namespace, begun)
            life.begin(data["sid"], next(self.world.clock))
            life.recovery_id = data.get("pid")
            self.world.lives.append(life)
        self._places[namespace] = Place(next(self.world.senders), next(self.world.senders))
        self.present.add(namespace)
        entered.set_result(None)


def body(kind: str, sender: int, number: int, size: int) -> str | bytes:
    """The content of a message; its recipient can check that it is complete."""
    text = f"{sender}.{number} ü"
    text = text * (size // len(text) + 1)
    return text.encode() if kind == "binary" else text
