"""Connection state recovery: clients that lose their connection and reconnect, packet by packet."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.engineio import SESSIONS, Session, WebSocketSession
from support.node_clients import TRANSPORTS, NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts, read_notes
from support.waiting import eventually

DESK = "/desk,"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess(
        "recovering:application",
        "--socketio-recovery=60",
        "--socketio-recovery-buffer=20000",
        cwd=APPS,
    ).start()
    yield server
    server.stop()


class Client:
    """The state of a client of Socket.IO 4.6 over its connections; `session` is the current one."""

    def __init__(self, server: ServerProcess, key: str) -> None:
        self.server = server
        self.auth: dict[str, Any] = {"key": key}
        self.id = self.pid = ""
        self.offset: str | None = None
        self.received: list[list[Any]] = []
        self.recovered = False
        self.session: Session

    async def connect(self, transport: str = "websocket", **auth: Any) -> None:
        self.session = SESSIONS[transport](self.server.url)
        await self.session.open()
        payload = {**self.auth, **auth}
        if self.pid:
            payload["pid"] = self.pid
            if self.offset is not None:
                payload["offset"] = self.offset
        await self.session.send(f"40{DESK}{json.dumps(payload)}")
        answer = await self.session.next_message()
        assert isinstance(answer, str)
        assert answer.startswith("40" + DESK), answer
        told = json.loads(answer.removeprefix("40" + DESK))
        assert set(told) == {"sid", "pid"}
        self.recovered = told["pid"] == self.pid
        self.id, self.pid = told["sid"], told["pid"]

    async def cut(self) -> None:
        await self.session.abandon()

    async def send(self, event: str, *args: Any) -> None:
        await self.session.send(f"42{DESK}{json.dumps([event, *args])}")

    async def receive(self, count: int) -> list[list[Any]]:
        """The next events, without their offsets."""
        events: list[list[Any]] = []
        while len(events) < count:
            packet = await self.session.next_message()
            assert isinstance(packet, str)
            assert packet.startswith(("42" + DESK, "451-" + DESK)), packet
            *event, offset = json.loads(packet[packet.index("[") :])
            assert isinstance(offset, str)
            if packet.startswith("45"):
                event[-1] = await self.session.next_message()
            self.offset = offset
            events.append(event)
        self.received += events
        return events

    async def call(self, event: str, *args: Any) -> list[Any]:
        """Emits and returns the acknowledgement; removes the events before it."""
        await self.session.send(f"42{DESK}5{json.dumps([event, *args])}")
        while True:
            packet = await self.session.next_message()
            assert isinstance(packet, str)
            if packet.startswith(f"43{DESK}5"):
                return list(json.loads(packet.removeprefix(f"43{DESK}5")))
            assert packet.startswith("42" + DESK), packet
            *said, self.offset = json.loads(packet.removeprefix("42" + DESK))
            self.received.append(said)

    async def who(self) -> list[Any]:
        return await self.call("who")


async def publish(server: ServerProcess, to: str, *events: list[Any], binary: bool = False) -> None:
    order = {"to": to, "events": events, "binary": binary}
    async with httpx.AsyncClient(timeout=60) as http:
        await http.get(f"{server.url}/publish", params={"order": json.dumps(order)})


async def noted(server: ServerProcess, key: str, what: str, count: int = 1) -> list[list[Any]]:
    """Waits until handlers have noted this that many times."""

    def probe() -> list[list[Any]] | None:
        found = [note[1:] for note in read_notes(server, key) if note[0] == what]
        return found if len(found) >= count else None

    return await asyncio.to_thread(eventually, probe)


@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_recovered_client_has_its_state_and_gets_missed_events(
    server: ServerProcess, key: str, transport: str
) -> None:
    client = Client(server, key)
    await client.connect(transport, join=[f"room of {key}"], welcome=True)
    assert await client.receive(1) == [["welcome", 1]]
    before = client.id
    await client.cut()
    # On polling, the server does not notice the disconnect yet.
    if transport == "websocket":
        assert await noted(server, key, "disconnect") == [["transport close", [f"room of {key}"]]]
    await publish(server, f"room of {key}", ["one", 1], ["two", {"2": [2]}])
    await publish(server, client.id, ["direct"])
    await publish(server, "another room", ["not for it"])
    await publish(server, f"room of {key}", ["three"], binary=True)
    await client.connect(transport, welcome=True)
    assert client.recovered
    assert client.id == before
    raw = "bAAE=" if transport == "polling" else b"\x00\x01"
    assert await client.receive(5) == [
        ["one", 1],
        ["two", {"2": [2]}],
        ["direct"],
        ["three", raw],
        ["welcome", 2],
    ]
    first, second = await noted(server, key, "connect", 2)
    assert first == [before, False, [], {}]
    assert second == [before, True, [f"room of {key}"], {"visits": 1}]
    assert await client.who() == [before, [f"room of {key}"], {"visits": 2}]
    assert len(await noted(server, key, "middleware")) == 1, "it is skipped"
    await client.cut()


async def test_handlers_of_the_lost_connection_run_first(server: ServerProcess, key: str) -> None:
    client = Client(server, key)
    await client.connect()
    await client.connect()  # while the old connection still seems to be open
    assert client.recovered
    await noted(server, key, "connect", 2)
    steps = [note[0] for note in read_notes(server, key) if note[0] != "middleware"]
    assert steps == ["connect", "disconnect", "connect"]
    await client.cut()


@pytest.mark.parametrize("change", ["pid", "offset", "both"])
async def test_a_wrong_pid_or_offset_makes_a_new_client(
    server: ServerProcess, key: str, change: str
) -> None:
    client = Client(server, key)
    await client.connect(join=[key], welcome=True)
    await client.receive(1)
    before = client.id
    await client.cut()
    await noted(server, key, "disconnect")
    await publish(server, key, ["missed"])
    if change != "offset":
        client.pid = "A" * 20
    if change != "pid":
        client.offset = "zzzzzzzzzzzz"
    await client.connect(welcome=True)
    assert not client.recovered
    assert client.id != before
    assert await client.receive(1) == [["welcome", 1]]
    assert (await client.who())[1:] == [[], {"visits": 1}]
    await client.cut()


async def test_a_client_that_disconnects_deliberately_is_not_recovered(
    server: ServerProcess, key: str
) -> None:
    client = Client(server, key)
    for packet in (f"41{DESK}", f'42{DESK}["leave_for_good"]'):
        await client.connect()
        before = client.id
        await client.session.send(packet)
        if packet.startswith("42"):
            assert await client.session.next_message() == f"41{DESK}"
        await client.cut()
        await client.connect()
        assert not client.recovered
        assert client.id != before
    await client.cut()


async def test_a_client_whose_recovery_was_refused_is_not_recovered(
    server: ServerProcess, key: str
) -> None:
    client = Client(server, key)
    await client.connect(join=[key])
    await client.cut()
    await noted(server, key, "disconnect")
    with pytest.raises(AssertionError, match="Not authorized"):
        await client.connect(refuse=True)
    await client.cut()
    await client.connect()
    assert not client.recovered
    assert (await client.who())[1:] == [[], {"visits": 1}]
    await client.cut()


async def test_a_client_that_missed_too_much_is_not_recovered(
    server: ServerProcess, key: str
) -> None:
    client = Client(server, key)
    await client.connect(join=[key])
    await client.cut()
    await noted(server, key, "disconnect")
    lost = (await asyncio.to_thread(read_counts, server))["recoveries_lost"]
    for _ in range(5):
        await publish(server, key, ["large", "x" * 5_000])
    counts = await asyncio.to_thread(read_counts, server)
    assert counts["recoveries_lost"] == lost + 1
    await asyncio.to_thread(server.wait_for_log, "--socketio-recovery-buffer")
    await client.connect()
    assert not client.recovered
    await client.cut()


async def test_no_recovery_after_the_window(
    start_server: Callable[..., ServerProcess], key: str
) -> None:
    server = start_server("recovering:application", "--socketio-recovery=0.2", cwd=APPS)
    client = Client(server, key)
    await client.connect()
    await client.cut()
    await noted(server, key, "disconnect")

    def nobody_is_away() -> bool:
        return read_counts(server)["recoverable_sockets"] == 0

    await asyncio.to_thread(eventually, nobody_is_away)
    await client.connect()
    assert not client.recovered
    await client.cut()


async def play(server: ServerProcess, group: str, dice: random.Random) -> None:
    """Some clients that emit in their own rooms and lose their connections sometimes."""
    clients = [Client(server, f"{group}-{number}") for number in range(3)]
    online = dict.fromkeys(clients, False)
    rooms: dict[Client, set[str]] = {client: set() for client in clients}
    expected: dict[Client, list[list[Any]]] = {client: [] for client in clients}

    async def connect(client: Client) -> None:
        known = client.pid != ""
        await client.connect(dice.choice(["polling", "websocket"]))
        assert client.recovered == known
        online[client] = True

    for number in range(60):
        client = dice.choice(clients)
        room = f"{group} {dice.choice('ab')}"
        if not online[client]:
            await connect(client)
            continue
        match dice.choice(["join", "leave", "say", "say", "say", "cut", "replace"]):
            case "join":
                await client.call("join", room)
                rooms[client].add(room)
            case "leave":
                await client.call("leave", room)
                rooms[client].discard(room)
            case "say":
                await client.call("say", room, number)
                for other in clients:
                    if other is not client and room in rooms[other]:
                        expected[other].append(["said", number])
            case "cut":
                await client.cut()
                online[client] = False
            case "replace":
                abandoned = client.session
                await connect(client)
                await abandoned.abandon()
    for client in clients:
        if not online[client]:
            await connect(client)
        id, joined, _ = await client.who()
        assert (id, set(joined)) == (client.id, rooms[client])
        assert client.received == expected[client]
        await client.cut()


async def test_random_clients_get_each_event_once(server: ServerProcess) -> None:
    seed = int(os.environ.get("SIO_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SIO_SEED={seed}")
    groups = [f"group {number} of {seed}" for number in range(6)]
    await asyncio.gather(*(play(server, group, random.Random(group)) for group in groups))


async def test_recovery_is_off_by_default(socketio_server: ServerProcess) -> None:
    async with WebSocketSession(socketio_server.url) as session:
        await session.send("40")
        answer = await session.next_message()
        assert isinstance(answer, str)
        assert set(json.loads(answer[2:])) == {"sid"}
        await session.emit("echo", "as it was")
        assert await session.next_event() == ["echo", "as it was"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("version", ["4.8", "4.6"])
class TestTheOfficialClient:
    def test_recovers(
        self, server: ServerProcess, node: NodeClients, key: str, version: str, transport: str
    ) -> None:
        events = node.run(
            "recovers",
            version=version,
            url=server.url,
            transports=TRANSPORTS[transport],
            key=key,
        )
        assert events == [["n", number] for number in range(30)] + [["binary", 2]]
        first, *later = (note[1:] for note in read_notes(server, key) if note[0] == "connect")
        assert first[1:] == [False, [], {}]
        assert later == [[first[0], True, [key], {"visits": visits}] for visits in (1, 2, 3)]

    def test_is_new_when_its_pid_is_unknown(
        self, server: ServerProcess, node: NodeClients, key: str, version: str, transport: str
    ) -> None:
        node.run(
            "reconnectsWithAnotherPid",
            version=version,
            url=server.url,
            transports=TRANSPORTS[transport],
            key=key,
        )
