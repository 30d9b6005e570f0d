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
from support.socketio_apps import APPS, disconnects, read_counts

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
async def test_sessions(transport: str, start_server: StartServer) -> None:
    server = serve(start_server, "--socketio-max-sessions", "2")
    async with SESSIONS[transport](server.url), SESSIONS[transport](server.url):
        assert read_counts(server)["sessions_refused"] == 0
        query = f"EIO=4&transport={transport}"
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version": "13",
        }
        refused = httpx.get(
            f"{server.url}/socket.io/?{query}", headers=upgrade if transport == "websocket" else {}
        )
        assert refused.status_code == 503
        assert refused.json() == {"message": "Too many sessions"}
        assert read_counts(server)["sessions_refused"] == 1


# --- a queue: one event of as many bytes as fit, counted with 128 for each message ---


@pytest.mark.parametrize(("extra", "stays"), [(0, True), (1, False)])
async def test_bytes_queued_for_a_client(
    extra: int, stays: bool, start_server: StartServer
) -> None:
    server = serve(start_server, "--socketio-max-queued", "1000")
    async with PollingSession(server.url) as session:
        await session.join_namespace(auth={"key": "queue"})
        length = 1000 - 128 - len('42["echo",""]') + extra
        await session.emit("echo", "x" * length)
        if stays:
            assert await session.next_event() == ["echo", "x" * length]
        else:
            [[reason, *_]] = await asyncio.to_thread(disconnects, server, "queue")
            assert reason == "engineio_slow_consumer"
        assert read_counts(server)["slow_consumers_closed"] == int(not stays)


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
