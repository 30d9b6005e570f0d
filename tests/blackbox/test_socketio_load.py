"""Slow clients and floods of events, and that other clients are not delayed."""

from __future__ import annotations

import asyncio
import time
import uuid

import httpx
import pytest
from support.engineio import SESSIONS, PollingSession, WebSocketSession, event_packet
from support.sanitizers import ADDRESS_SANITIZER
from support.server import ServerProcess
from support.socketio_apps import disconnects, read_notes

MEGABYTE = 1_000_000
# AddressSanitizer keeps 256 MB of freed memory.
RETAINED = 300 * MEGABYTE if ADDRESS_SANITIZER else 0


async def release(server: ServerProcess, key: str) -> None:
    async with httpx.AsyncClient() as http:
        await http.get(f"{server.url}/release", params={"key": key})


async def hold(session: PollingSession | WebSocketSession, server: ServerProcess) -> str:
    """A handler of the session now waits for release() with the returned key."""
    key = str(uuid.uuid4())
    await session.join_namespace(auth={"key": key})
    await session.emit("hold")
    while ["holding"] not in await asyncio.to_thread(read_notes, server, key):
        await asyncio.sleep(0.01)
    return key


@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_client_that_does_not_read(transport: str, socketio_server: ServerProcess) -> None:
    """It is disconnected, memory is limited, and other clients are not affected."""
    server, key = socketio_server, str(uuid.uuid4())
    before = peak = server.memory()
    slowest = 0.0
    async with (
        SESSIONS[transport](server.url) as slow,
        WebSocketSession(server.url) as other,
    ):
        await slow.join_namespace(auth={"key": key})
        await other.join_namespace()
        if isinstance(slow, WebSocketSession):
            slow.websocket.transport.pause_reading()
        await slow.emit("flood_me", 5000, 200_000)
        gone: list[list[str]] = []
        while not gone:
            started = time.monotonic()
            assert await other.call("reply", "quick") == ["quick"]
            slowest = max(slowest, time.monotonic() - started)
            peak = max(peak, server.memory())
            gone = [
                what[1:]
                for what in await asyncio.to_thread(read_notes, server, key)
                if what[0] == "disconnect"
            ]
        assert gone == [["engineio_slow_consumer", "forced close", []]]
    # The limit is 64 MB for one session.
    assert peak - before < 150 * MEGABYTE + RETAINED
    assert slowest < 2
    assert "--socketio-max-queued" in server.log


@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_flood_to_a_slow_handler_loses_nothing(
    transport: str, socketio_server: ServerProcess
) -> None:
    amount = 5000
    packets = [event_packet("slow_number", number) for number in range(amount)]
    async with SESSIONS[transport](socketio_server.url) as session:
        await session.join_namespace()
        for start in range(0, amount, 1000):
            await session.send(*packets[start : start + 1000])
        assert await session.call("numbers") == [list(range(amount))]


async def test_a_websocket_is_not_read_while_its_events_wait(
    socketio_server: ServerProcess,
) -> None:
    amount, padding = 20_000, "x" * 2000
    sent = 0
    async with WebSocketSession(socketio_server.url) as session:
        key = await hold(session, socketio_server)
        before = socketio_server.memory()

        async def flood() -> None:
            nonlocal sent
            for number in range(amount):
                await session.emit("number", number, padding)
                sent += 1

        flooding = asyncio.create_task(flood())
        # Until the value does not change any more: the server has stopped reading.
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < 0.3:
            if sent != seen:
                seen, since = sent, time.monotonic()
            await asyncio.sleep(0.01)
        assert not flooding.done()
        assert socketio_server.memory() - before < 20 * MEGABYTE + RETAINED
        await release(socketio_server, key)
        await flooding
        assert await session.call("numbers") == [list(range(amount))]


async def test_a_post_is_not_answered_while_its_events_wait(
    socketio_server: ServerProcess,
) -> None:
    amount = 1000
    async with PollingSession(socketio_server.url) as session:
        key = await hold(session, socketio_server)
        packets = (event_packet("number", number) for number in range(amount))
        posting = asyncio.create_task(session.send(*packets))
        # Other clients are served meanwhile.
        async with WebSocketSession(socketio_server.url) as other:
            await other.join_namespace()
            for number in range(100):
                assert await other.call("reply", number) == [number]
        assert not posting.done()
        await release(socketio_server, key)
        await posting
        assert await session.call("numbers") == [list(range(amount))]


async def test_many_clients_in_one_room(socketio_server: ServerProcess) -> None:
    room = str(uuid.uuid4())
    sessions = [SESSIONS[("polling", "websocket")[i % 2]](socketio_server.url) for i in range(60)]

    async def enter(session: PollingSession | WebSocketSession) -> None:
        await session.open()
        await session.join_namespace(auth={"join": [room]})

    async def listen(session: PollingSession | WebSocketSession) -> None:
        for number in range(50):
            assert await session.next_event() == ["said", number]

    await asyncio.gather(*map(enter, sessions))
    async with WebSocketSession(socketio_server.url) as speaker:
        await speaker.join_namespace()
        for number in range(50):
            await speaker.emit("say", room, number)
        await asyncio.gather(*map(listen, sessions))
    for session in sessions:
        await session.abandon()


async def test_connections_that_break_leave_no_memory_behind(
    socketio_server: ServerProcess,
) -> None:
    async def come_and_go(amount: int) -> None:
        for _ in range(amount):
            async with WebSocketSession(socketio_server.url) as session:
                await session.join_namespace(auth={"join": ["a", "b"]})
                await session.call("reply", "x" * 10_000)

    await come_and_go(50)
    before = socketio_server.memory()
    await asyncio.gather(*(come_and_go(50) for _ in range(6)))
    key = str(uuid.uuid4())
    async with WebSocketSession(socketio_server.url) as last:
        await last.join_namespace(auth={"key": key})
    await asyncio.to_thread(disconnects, socketio_server, key)
    assert socketio_server.memory() - before < 10 * MEGABYTE + RETAINED
