"""Relays with connection state recovery, on dynamic namespaces, inherited, and several together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from support.engineio import SESSIONS, Session, SessionEnded, WebSocketSession, event_packet
from support.server import ServerProcess
from support.socketio_apps import APPS, read_notes
from support.waiting import eventually

CANVAS = "/canvas"

both = pytest.mark.parametrize("transport", SESSIONS)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess("relaying:application", cwd=APPS).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def recovering() -> Iterator[ServerProcess]:
    server = ServerProcess("relaying:application", "--socketio-recovery=60", cwd=APPS).start()
    yield server
    server.stop()


async def nothing_more(*sessions: Session, namespace: str = CANVAS) -> None:
    """Everything sent to them before this call has been received, as the next packet shows."""
    for session in sessions:
        mark = str(uuid.uuid4())
        assert await session.call("reply", mark, namespace=namespace) == [mark]


async def relayed(session: Session, event: str, *args: Any, namespace: str = CANVAS) -> list[Any]:
    """Sends a relayed event and returns its acknowledgement; then the event has been relayed."""
    return await session.call(event, *args, namespace=namespace)


# --- recovery ---


class Returning:
    """A client of Socket.IO 4.6 that loses its connection and reconnects."""

    def __init__(self, server: ServerProcess, transport: str) -> None:
        self.server, self.transport = server, transport
        self.memory: dict[str, str] = {}
        self.session: Session

    async def connect(self, *rooms: str) -> bool:
        """Whether it was recovered."""
        self.session = SESSIONS[self.transport](self.server.url)
        await self.session.open()
        payload = {"join": rooms, **self.memory}
        await self.session.send(f"40{CANVAS},{json.dumps(payload)}")
        answer = await self.session.next_message()
        assert isinstance(answer, str)
        assert answer.startswith(f"40{CANVAS},"), answer
        pid = json.loads(answer.removeprefix(f"40{CANVAS},"))["pid"]
        recovered = pid == self.memory.get("pid")
        self.memory["pid"] = pid
        return recovered

    async def receive(self) -> list[Any]:
        """The next event, with its attachment instead of the placeholder."""
        packet = await self.session.next_message()
        assert isinstance(packet, str)
        assert packet[:2] in ("42", "45"), packet
        *event, self.memory["offset"] = json.loads(packet[packet.index("[") :])
        if packet.startswith("45"):
            event[-1] = await self.session.next_message()
        return event


@both
async def test_relayed_events_are_recovered_in_order_and_once(
    transport: str, recovering: ServerProcess
) -> None:
    room = str(uuid.uuid4())
    client = Returning(recovering, transport)
    async with WebSocketSession(recovering.url) as sender:
        await sender.join_namespace(CANVAS, auth={"join": [room]})
        assert not await client.connect(room)
        await relayed(sender, "move", 0)
        assert await client.receive() == ["move", 0]
        for _ in range(3):
            await client.session.abandon()
            assert await relayed(sender, "move", 1) == []
            assert await relayed(sender, "cursor", "missed") == []
            await sender.call("say", room, "handled", namespace=CANVAS)
            await sender.send(f'451-{CANVAS},["move",{{"_placeholder":true,"num":0}}]', b"\x00\x01")
            # White space at the end is not relayed.
            await sender.send(f'42{CANVAS},8["move",{{"x":2.50}}] \n')
            assert await sender.next_message() == f"43{CANVAS},8[]"
            assert await client.connect()
            assert [await client.receive() for _ in range(4)] == [
                ["move", 1],
                ["said", "handled"],
                ["move", b"\x00\x01" if transport == "websocket" else "bAAE="],
                ["move", {"x": 2.5}],
            ]
            await nothing_more(client.session)
            await relayed(sender, "move", 2)
            assert await client.receive() == ["move", 2]
    await client.session.abandon()


async def test_a_recovered_client_relays_as_before(recovering: ServerProcess) -> None:
    room = str(uuid.uuid4())
    client = Returning(recovering, "websocket")
    async with WebSocketSession(recovering.url) as other:
        await other.join_namespace(CANVAS, auth={"join": [room]})
        await client.connect(room)
        await client.session.abandon()
        assert await client.connect()
        assert await relayed(client.session, "move", 1) == []
        *event, _ = await other.next_event(CANVAS)
        assert event == ["move", 1]
    await client.session.abandon()


async def test_clients_that_missed_a_dropped_relayed_event_are_not_recovered() -> None:
    """The limit on kept bytes also applies to relayed events."""
    server = ServerProcess(
        "relaying:application",
        "--socketio-recovery=60",
        "--socketio-recovery-buffer=2000",
        cwd=APPS,
    ).start()
    try:
        room = str(uuid.uuid4())
        client = Returning(server, "websocket")
        async with WebSocketSession(server.url) as sender:
            await sender.join_namespace(CANVAS, auth={"join": [room]})
            await client.connect(room)
            await client.session.abandon()
            for _ in range(5):
                await relayed(sender, "move", "x" * 1000)
            assert not await client.connect(room)
            await nothing_more(client.session)
        await client.session.abandon()
    finally:
        server.stop()


# --- dynamic namespaces ---


@both
async def test_a_pattern_s_relays_stay_within_each_namespace(
    transport: str, server: ServerProcess
) -> None:
    kind = SESSIONS[transport]
    auth = {"join": ["everybody"]}
    async with kind(server.url) as first, kind(server.url) as second, kind(server.url) as stranger:
        await first.join_namespace("/canvas-1", auth=auth)
        await second.join_namespace("/canvas-1", auth=auth)
        await stranger.join_namespace("/canvas-2", auth=auth)
        await stranger.join_namespace(CANVAS, auth=auth)
        await first.emit("all", 1, namespace="/canvas-1")
        await first.emit("move", 2, namespace="/canvas-1")
        assert await second.next_event("/canvas-1") == ["all", 1]
        assert await second.next_event("/canvas-1") == ["move", 2]
        assert await first.next_event("/canvas-1") == ["move", 2], "this class includes the sender"
        await nothing_more(stranger, namespace="/canvas-2")
        await nothing_more(stranger)
        # An event whose relay the class has removed has a handler.
        assert await relayed(first, "cursor", 3, namespace="/canvas-1") == ["handled", 3]
        await nothing_more(second, namespace="/canvas-1")


@both
async def test_a_function_s_relays_stay_within_each_namespace(
    transport: str, server: ServerProcess
) -> None:
    kind = SESSIONS[transport]
    names = [f"/{uuid.uuid4()}" for _ in range(2)]
    async with kind(server.url) as first, kind(server.url) as second, kind(server.url) as stranger:
        for session, name in ((first, names[0]), (second, names[0]), (stranger, names[1])):
            await session.join_namespace(name, auth={"secret": name[1:]})
        assert await relayed(first, "move", 1, namespace=names[0]) == []
        assert await second.next_event(names[0]) == ["move", 1]
        await nothing_more(stranger, namespace=names[1])


# --- rooms ---


@both
async def test_the_rooms_at_the_time_of_the_event_count(
    transport: str, server: ServerProcess
) -> None:
    kind = SESSIONS[transport]
    room = str(uuid.uuid4())
    async with kind(server.url) as sender, kind(server.url) as other:
        await sender.join_namespace(CANVAS, auth={"join": [room, f"own {room}"]})
        await other.join_namespace(CANVAS)
        await relayed(sender, "move", "too early")
        await nothing_more(other)
        assert await other.call("join", room, namespace=CANVAS) == []
        await relayed(sender, "move", 1)
        assert await other.next_event(CANVAS) == ["move", 1]
        assert await other.call("leave", room, namespace=CANVAS) == []
        await relayed(sender, "move", "too late")
        await nothing_more(other)
        # Nor does an event of a sender that has left the room reach its members.
        assert await sender.call("leave", room, namespace=CANVAS) == []
        assert await other.call("join", room, namespace=CANVAS) == []
        await relayed(sender, "move", "from outside")
        await nothing_more(other)


async def test_a_named_room_gets_events_of_senders_outside_it(server: ServerProcess) -> None:
    async with WebSocketSession(server.url) as sender, WebSocketSession(server.url) as member:
        await sender.join_namespace(CANVAS)
        await member.join_namespace(CANVAS, auth={"join": ["lobby"]})
        await relayed(sender, "lobby", "hello")
        assert await member.next_event(CANVAS) == ["lobby", "hello"]


@both
async def test_clients_that_are_still_connecting(transport: str, server: ServerProcess) -> None:
    """Events relayed to its rooms arrive after the answer to its CONNECT; its own events are not
    relayed.
    """
    kind = SESSIONS[transport]
    room, key = str(uuid.uuid4()), str(uuid.uuid4())
    async with kind(server.url) as sender, kind(server.url) as late, kind(server.url) as refused:
        await sender.join_namespace(CANVAS, auth={"join": [room]})
        auth = {"join": [room], "slow": key}
        await late.send(f"40{CANVAS},{json.dumps(auth)}")
        await refused.send(f"40{CANVAS},{json.dumps({**auth, 'refuse': True})}")
        await asyncio.to_thread(eventually, lambda: len(read_notes(server, key)) == 2)
        await relayed(sender, "move", 1)
        answer = await late.next_message()
        assert isinstance(answer, str)
        assert answer.startswith(f"40{CANVAS},")
        assert await late.next_event(CANVAS) == ["move", 1]
        answer = await refused.next_message()
        assert answer == f'44{CANVAS},{{"message":"Not authorized"}}'
    async with kind(server.url) as hasty:
        with contextlib.suppress(SessionEnded):  # on polling, the server answers with an error
            await hasty.send(
                f"40{CANVAS},{json.dumps(auth)}", event_packet("move", 2, namespace=CANVAS)
            )
        async with WebSocketSession(server.url) as other:
            await other.join_namespace(CANVAS, auth={"join": [room]})
            await nothing_more(other)


# --- rates ---


async def test_a_rate_allows_events_again_after_a_second(server: ServerProcess) -> None:
    room = str(uuid.uuid4())
    async with WebSocketSession(server.url) as sender, WebSocketSession(server.url) as other:
        for session in (sender, other):
            await session.join_namespace(CANVAS, auth={"join": [room]})
        for _ in range(3):
            answers = [await relayed(sender, "nudge", number) for number in range(8)]
            dropped = answers.count([{"error": "Too many"}])
            assert 1 <= dropped <= 3
            for _ in range(8 - dropped):
                assert (await other.next_event(CANVAS))[0] == "nudge"
            # Five per second: the bucket is full again.
            await asyncio.sleep(1.05)


async def test_each_relay_has_its_own_rate(server: ServerProcess) -> None:
    room = str(uuid.uuid4())
    async with WebSocketSession(server.url) as sender, WebSocketSession(server.url) as other:
        for session in (sender, other):
            await session.join_namespace(CANVAS, auth={"join": [room]})
        while await relayed(sender, "nudge") == []:
            pass
        for number in range(30):
            assert await relayed(sender, "cursor", number) == []
        started = time.monotonic()
        for number in range(40):  # 20 per second, reliable: all of them arrive, later
            assert await relayed(sender, "step", number) == []
        assert time.monotonic() - started > 0.9
        steps = []
        while len(steps) < 40:
            event = await other.next_event(CANVAS)
            if event[0] == "step":
                steps.append(event[1])
        assert steps == list(range(40))
