"""Pings by the protocol's timing, with an interval and a timeout of one second."""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from collections.abc import Callable

import httpx
import pytest
from support.engineio import SESSIONS, PollingSession, Session, SessionEnded, WebSocketSession
from support.node_clients import NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects, read_notes

StartServer = Callable[..., ServerProcess]

# Seconds; the server's timers have ticks, and machines may be busy.
EARLY = 0.05
LATE = 0.7
BLOCKED = 6

timed = pytest.mark.parametrize("transport", SESSIONS)


async def next_ping(session: Session) -> float:
    """Waits for a ping, which must be the next packet; returns the time."""
    assert await session.receive() == "2"
    return time.monotonic()


def assert_about(expected: float, measured: float) -> None:
    assert expected - EARLY < measured < expected + LATE


async def answer_pings(session: Session, until: asyncio.Event) -> int:
    """Keeps a session alive; returns the number of pings."""
    pings = 0
    while not until.is_set():
        assert await session.receive() == "2"
        await session.send("3")
        pings += 1
    return pings


@timed
async def test_the_first_ping_comes_after_the_interval(
    transport: str, fast_ping_server: ServerProcess
) -> None:
    started = time.monotonic()
    async with SESSIONS[transport](fast_ping_server.url) as session:
        await session.join_namespace()
        assert_about(1.0, await next_ping(session) - started)


@timed
async def test_the_next_ping_is_counted_from_the_pong(
    transport: str, fast_ping_server: ServerProcess
) -> None:
    async with SESSIONS[transport](fast_ping_server.url) as session:
        await session.join_namespace()
        await next_ping(session)
        # A late pong, but before the timeout.
        await asyncio.sleep(0.5)
        await session.send("3")
        answered = time.monotonic()
        assert_about(1.0, await next_ping(session) - answered)


async def test_pings_come_when_they_are_due(start_server: StartServer) -> None:
    interval, pings = 0.1, 20
    server = start_server("native:application", "--socketio-ping-interval", str(interval), cwd=APPS)

    async def typical_delay() -> float:
        """The median, in seconds."""
        late = []
        async with WebSocketSession(server.url) as session:
            await session.join_namespace()
            await next_ping(session)
            for _ in range(pings):
                due = time.monotonic() + interval
                await session.send("3")
                late.append(await next_ping(session) - due)
        assert min(late) > -0.002, "a ping was early"
        return statistics.median(late)

    # Whatever else the machine does may delay a few.
    for _ in range(10):
        if (delay := await typical_delay()) < 0.012:
            return
    raise AssertionError(f"half of the pings were {delay:.3f} s late or more")


@timed
async def test_a_missing_pong_ends_the_session(
    transport: str, fast_ping_server: ServerProcess
) -> None:
    key = str(uuid.uuid4())
    async with SESSIONS[transport](fast_ping_server.url) as session:
        await session.join_namespace(auth={"key": key})
        pinged = await next_ping(session)
        ended = asyncio.create_task(session.receive())
        seen = await asyncio.to_thread(disconnects, fast_ping_server, key)
        assert seen == [["engineio_timeout", "ping timeout", []]]
        assert_about(1.0, time.monotonic() - pinged)
        if transport == "polling":
            assert await ended == "1"
        else:
            with pytest.raises(SessionEnded):
                await ended


async def test_a_lost_polling_client_times_out(fast_ping_server: ServerProcess) -> None:
    key = str(uuid.uuid4())
    session = PollingSession(fast_ping_server.url)
    await session.open()
    await session.join_namespace(auth={"key": key})
    await session.abandon()
    seen = await asyncio.to_thread(disconnects, fast_ping_server, key)
    assert seen == [["engineio_timeout", "ping timeout", []]]


async def test_a_lost_websocket_is_noticed(fast_ping_server: ServerProcess) -> None:
    key = str(uuid.uuid4())
    session = WebSocketSession(fast_ping_server.url)
    await session.open()
    await session.join_namespace(auth={"key": key})
    await session.abandon()
    [[reason, reference, _]] = await asyncio.to_thread(disconnects, fast_ping_server, key)
    assert (reason, reference) == ("engineio_websocket_disconnect", "transport close")


@timed
async def test_a_long_handler_delays_no_ping(
    transport: str, fast_ping_server: ServerProcess
) -> None:
    """A handler that waits for the client delays neither pings nor acknowledgements."""
    async with SESSIONS[transport](fast_ping_server.url) as session:
        await session.join_namespace()
        await session.emit("ask", "slow")
        assert await session.receive() == '420["question","slow"]'
        for _ in range(2):
            await next_ping(session)
            await session.send("3")
        await session.send('430["at last"]')
        assert await session.next_message() == '42["answered","at last"]'


async def test_a_blocked_event_loop_closes_no_connection(
    fast_ping_server: ServerProcess, node: NodeClients
) -> None:
    """Sessions of each kind, one of them during its upgrade, while Python is blocked."""
    server = fast_ping_server
    sessions: list[Session] = [make(server.url) for make in SESSIONS.values()]
    upgrading = PollingSession(server.url)
    for session in (*sessions, upgrading):
        await session.open()
        await session.join_namespace()
    key = str(uuid.uuid4())
    official = [
        node.start("staysUntilOver", url=server.url, transports=transports, key=key)
        for transports in (["polling"], ["websocket"], ["polling", "websocket"])
    ]
    while len(await asyncio.to_thread(read_notes, server, key)) < len(official):
        await asyncio.sleep(0.01)
    start = len(server.log)
    over = asyncio.Event()

    async def block() -> None:
        async with httpx.AsyncClient(timeout=60) as http:
            await http.get(f"{server.url}/block", params={"seconds": BLOCKED})
            over.set()
            event = {"event": "over", "text": "now", "room": key}
            await http.get(f"{server.url}/emit", params=event)

    async def upgrade() -> int:
        await asyncio.to_thread(server.wait_for_log, "blocking the event loop", start)
        poll = asyncio.create_task(upgrading.poll())
        websocket = await upgrading.probe()
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        for packet in await poll:
            assert packet in ("2", "6")
            if packet == "2":
                await upgrading.send("3")
        await websocket.send("5")
        pings = 0
        while not over.is_set():
            assert await asyncio.wait_for(websocket.recv(), 30) == "2"
            await websocket.send("3")
            pings += 1
        await websocket.send('420["reply","alive"]')
        while (packet := await websocket.recv()) == "2":
            await websocket.send("3")
        assert packet == '430["alive"]'
        await websocket.close()
        return pings

    pings = await asyncio.gather(
        upgrade(), *(answer_pings(session, over) for session in sessions), block()
    )
    assert min(pings[:3]) >= BLOCKED / 2
    for session in sessions:
        assert await session.call("reply", "alive") == ["alive"]
        await session.abandon()
    transports = [await asyncio.wrap_future(future) for future in official]
    assert transports == ["polling", "websocket", "websocket"]
