"""Each limit and timeout of Socket.IO that a client can reach, on both transports: what just fits,
and one more. Rates, reading ahead and recovery are in test_socketio_limit_table_times.py. Rates and
queues have tests with their own clock, too: rates_test.cc, slow_consumer_test.cc,
queued_total_test.cc, server_test.cc.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httpx
import pytest
from support.engineio import SESSIONS, PollingSession, Session, SessionEnded, event_packet
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects, read_counts, read_notes
from support.waiting import eventually

StartServer = Callable[..., ServerProcess]
PLACEHOLDER = '{"_placeholder":true,"num":%d}'
BINARY: dict[str, str | bytes] = {"polling": "bAA==", "websocket": b"\0"}


class Row(NamedTuple):
    """`fill(transport, size)` gives the packets of an event that asks for the acknowledgement 5."""

    option: str
    limit: int
    counted: str
    reason: str  # of the disconnect
    fill: Callable[[str, int], list[str | bytes]]


def payload(transport: str, size: int) -> list[str | bytes]:
    empty = event_packet("quiet", "", ack=5)
    return [event_packet("quiet", "x" * (size - len(empty)), ack=5)]


def attachments(transport: str, count: int) -> list[str | bytes]:
    args = ",".join(PLACEHOLDER % number for number in range(count))
    return [f'45{count}-5["quiet",{args}]', *[BINARY[transport]] * count]


def event_name(transport: str, length: int) -> list[str | bytes]:
    return [event_packet("n" * length, ack=5)]


def depth(transport: str, levels: int) -> list[str | bytes]:
    return ['425["quiet",' + "[" * (levels - 1) + "]" * (levels - 1) + "]"]


BAD = "engineio_bad_packet"
LIMITS = [
    Row("max-payload", 300, "messages_too_large", "engineio_payload_too_large", payload),
    Row("max-attachments", 3, "attachments_too_many", BAD, attachments),
    Row("max-event-name", 20, "event_names_too_long", BAD, event_name),
    Row("max-depth", 5, "json_too_deep", BAD, depth),
]

on_both = pytest.mark.parametrize("transport", SESSIONS)


def serve(start_server: StartServer, *arguments: str) -> ServerProcess:
    return start_server("native:application", *arguments, cwd=APPS)


async def is_open(session: Session) -> bool:
    try:
        await session.call("reply", ack=6)
    except (AssertionError, SessionEnded):
        return False
    return True


@on_both
@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row.option)
async def test_sizes(row: Row, transport: str, start_server: StartServer) -> None:
    server = serve(start_server, f"--socketio-{row.option}", str(row.limit))
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(auth={"key": "limit"})
        await session.send(*row.fill(transport, row.limit))
        assert str(await session.next_message()).startswith("435[")
        assert read_counts(server)[row.counted] == 0
        too_much = row.fill(transport, row.limit + 1)
        if row.option == "max-payload" and isinstance(session, PollingSession):
            # The request is refused, and the session lives.
            assert (await session.post(str(too_much[0]))).status_code == 413
            assert await is_open(session)
        else:
            with contextlib.suppress(SessionEnded):
                await session.send(*too_much)
            assert not await is_open(session)
            [[reason, *_]] = await asyncio.to_thread(disconnects, server, "limit")
            assert reason == row.reason
        assert read_counts(server)[row.counted] == 1


@on_both
async def test_namespaces_of_a_client(transport: str, start_server: StartServer) -> None:
    server = serve(start_server, "--socketio-max-namespaces", "2")
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace("/")
        await session.join_namespace("/chat")
        assert read_counts(server)["namespaces_refused"] == 0
        await session.send("40/anything,")
        assert await session.next_message() == '44/anything,{"message":"Too many namespaces"}'
        assert await is_open(session)
        await session.send("41/chat,")
        await session.join_namespace("/anything")
        assert read_counts(server)["namespaces_refused"] == 1


@on_both
async def test_rooms_of_a_socket(transport: str, start_server: StartServer) -> None:
    server = serve(start_server, "--socketio-max-rooms", "2")
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace()
        assert await session.call("join", "one") == []
        assert await session.call("join", "two") == []
        assert await session.call("join", "two") == []
        assert read_counts(server)["rooms_refused"] == 0
        assert await session.call("join", "three") == [{"error": "Internal server error"}]
        assert read_counts(server)["rooms_refused"] == 1
        assert (await session.call("describe"))[0]["rooms"] == ["one", "two"]


@on_both
async def test_dynamic_namespaces(transport: str, start_server: StartServer) -> None:
    server = start_server("dynamic:application", "--socketio-max-dynamic-namespaces", "2", cwd=APPS)
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace("/board-1")
        await session.join_namespace("/board-2")
        assert read_counts(server)["dynamic_namespaces_refused"] == 0
        await session.send("40/board-3,")
        assert await session.next_message() == '44/board-3,{"message":"Invalid namespace"}'
        assert read_counts(server)["dynamic_namespaces_refused"] == 1
        await session.send("41/board-2,")
        await session.join_namespace("/board-3")


@on_both
@pytest.mark.parametrize(
    ("option", "status", "message", "counted"),
    [
        ("max-sessions", 503, "Too many sessions", "sessions_refused"),
        (
            *("max-sessions-per-address", 429),
            *("Too many sessions of one address", "address_sessions_refused"),
        ),
    ],
)
async def test_sessions(
    option: str,
    status: int,
    message: str,
    counted: str,
    transport: str,
    start_server: StartServer,
) -> None:
    """Behind a proxy: the address of a trusted proxy itself is not counted."""
    server = serve(start_server, f"--socketio-{option}", "2", "--proxy-headers")
    kind, headers = SESSIONS[transport], {"X-Forwarded-For": "192.0.2.1"}
    async with kind(server.url, headers=headers), kind(server.url, headers=headers):
        assert read_counts(server)[counted] == 0
        if transport == "websocket":
            headers |= {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
                "Sec-WebSocket-Version": "13",
            }
        query = f"EIO=4&transport={transport}"
        refused = httpx.get(f"{server.url}/socket.io/?{query}", headers=headers)
        assert refused.status_code == status
        assert refused.json() == {"message": message}
        assert read_counts(server)[counted] == 1


@on_both
@pytest.mark.parametrize(("questions", "forgotten"), [(2, 0), (3, 1)])
async def test_pending_acknowledgements(
    questions: int, forgotten: int, transport: str, start_server: StartServer
) -> None:
    server = serve(start_server, "--socketio-max-pending-acks", "2")
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace()
        await session.emit("ask_many", questions, ack=1)
        for number in range(questions):
            assert await session.next_message() == f'42{number}["question",{number}]'
        assert read_counts(server)["acks_forgotten"] == forgotten
        await session.send(*(f'43{number}["yes"]' for number in range(questions)))
        outcomes = ["AckTimeout"] * forgotten + ["yes"] * 2
        assert await session.next_message() == f"431[{json.dumps(outcomes, separators=(',', ':'))}]"


# --- queues: one event of as many bytes as fit, counted with 128 for each message ---


@on_both
@pytest.mark.parametrize(
    ("option", "counted"),
    [
        ("max-queued", "slow_consumers_closed"),
        ("max-queued-total", "slow_consumers_closed_for_total"),
    ],
)
@pytest.mark.parametrize(("extra", "stays"), [(0, True), (1, False)])
async def test_queued_bytes(
    extra: int, stays: bool, option: str, counted: str, transport: str, start_server: StartServer
) -> None:
    """Over polling, the event waits for a GET. A WebSocket takes it at once, except while connect()
    runs.
    """
    server = serve(start_server, f"--socketio-{option}", "1000")
    async with SESSIONS[transport](server.url) as session:
        if transport == "polling":
            await session.join_namespace()
            length = 1000 - 128 - len('42["echo",""]') + extra
            await session.emit("echo", "x" * length)
            event: list[Any] = ["echo", "x" * length]
        else:
            length = 1000 - 128 - len('42["welcome",{"welcome":""}]') + extra
            auth = {"welcome": "x" * length}
            await session.send("40" + json.dumps(auth))
            event = ["welcome", auth]
        if stays:
            if transport == "websocket":
                assert str(await session.next_message()).startswith("40{")
            assert await session.next_event() == event
            assert await is_open(session)
        else:
            await asyncio.to_thread(eventually, lambda: read_counts(server)[counted])
            assert not await is_open(session)
        assert read_counts(server)[counted] == int(not stays)


@on_both
@pytest.mark.parametrize("behind", [1, 2])
async def test_events_in_flight(behind: int, transport: str, start_server: StartServer) -> None:
    """A handler delays all events of its client: its own and the next are within the limit. The one
    behind them is still read; a POST with it is not answered.
    """
    server = serve(start_server, "--socketio-max-in-flight", "2")
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(auth={"key": "flight"})
        await session.send(event_packet("hold"), event_packet("quiet"))
        sending = asyncio.create_task(session.send(*[event_packet("quiet")] * behind))
        await asyncio.to_thread(eventually, lambda: read_counts(server)["events_received"] == 3)
        await asyncio.to_thread(eventually, lambda: ["holding"] in read_notes(server, "flight"))
        assert read_counts(server)["events_received"] == 3
        assert sending.done() == (transport == "websocket")
        httpx.get(f"{server.url}/release", params={"key": "flight"}).raise_for_status()
        await sending
        assert await session.call("reply", 1) == [1]
        assert read_counts(server)["events_received"] == 2 + behind + 1


@pytest.mark.parametrize(("events", "polls"), [(3, [3]), (4, [3, 1])])
async def test_packets_of_a_poll(events: int, polls: list[int], start_server: StartServer) -> None:
    server = serve(start_server, "--socketio-max-packets-per-poll", "3")
    async with PollingSession(server.url) as session:
        await session.join_namespace(auth={"key": "poll"})
        await session.send(event_packet("burst", events, 0), event_packet("note", "emitted"))
        await asyncio.to_thread(eventually, lambda: ["emitted"] in read_notes(server, "poll"))
        assert [len(await session.poll()) for _ in polls] == polls


# --- timeouts: what comes in time, and what does not ---

SHORT = 0.6  # seconds


async def seconds_until(ended: Callable[[], Awaitable[Any]]) -> float:
    begun = time.monotonic()
    await ended()
    return time.monotonic() - begun


async def to_the_end(session: Session) -> None:
    """Answers no ping."""
    with contextlib.suppress(SessionEnded):
        while await session.receive() != "1":
            pass


@on_both
async def test_the_ping_timeout(transport: str, start_server: StartServer) -> None:
    arguments = ("--socketio-ping-interval", "0.2", "--socketio-ping-timeout", str(SHORT))
    server = serve(start_server, *arguments)
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(auth={"key": "pings"})
        begun = time.monotonic()
        while time.monotonic() < begun + 0.2 + 2 * SHORT:  # answers pings for long enough
            assert await session.receive() == "2"
            await session.send("3")
        assert await seconds_until(lambda: to_the_end(session)) >= SHORT
        [[reason, *_]] = await asyncio.to_thread(disconnects, server, "pings")
        assert reason == "engineio_timeout"


@on_both
async def test_the_connect_timeout_of_a_session(transport: str, start_server: StartServer) -> None:
    server = serve(start_server, "--socketio-connect-timeout", str(SHORT))
    async with SESSIONS[transport](server.url) as session:
        assert await seconds_until(lambda: to_the_end(session)) >= SHORT * 0.9
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace()
        begun = time.monotonic()
        while time.monotonic() < begun + 1.5 * SHORT:
            assert await session.call("reply", 1) == [1]


@on_both
async def test_the_connect_timeout_of_a_handler(transport: str, start_server: StartServer) -> None:
    server = serve(start_server, "--socketio-connect-timeout", str(SHORT))
    async with SESSIONS[transport](server.url) as session:
        await session.send("40" + json.dumps({"key": "held", "hold": True}))

        async def refused() -> None:
            assert await session.next_message() == '44{"message":"Connection timed out"}'

        assert await seconds_until(refused) >= SHORT * 0.9


@on_both
async def test_the_handler_timeout(transport: str, start_server: StartServer) -> None:
    server = serve(start_server, "--socketio-handler-timeout", str(SHORT))
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace()
        assert await session.call("reply", 1) == [1]

        async def failed() -> None:
            answer = await session.call("hold")
            assert answer == [{"error": "Internal server error"}]

        assert await seconds_until(failed) >= SHORT * 0.9


async def test_the_upgrade_timeout(start_server: StartServer) -> None:
    server = serve(start_server, "--socketio-upgrade-timeout", str(SHORT))
    async with PollingSession(server.url) as session:
        await session.join_namespace()
        websocket = await session.probe()
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        assert await seconds_until(websocket.wait_closed) >= SHORT * 0.9
        assert await is_open(session)
        websocket = await session.probe()
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        await websocket.send("5")
        await websocket.send(event_packet("reply", 1, ack=1))
        assert await websocket.recv() == "431[1]"
        await websocket.close()
