"""Events that the server forwards without running Python."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from support.engineio import SESSIONS, PollingSession, WebSocketSession, event_packet
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts

Session = PollingSession | WebSocketSession
Start = Callable[..., ServerProcess]
BOARD = "/board"


@pytest.fixture(params=SESSIONS)
async def pair(
    request: pytest.FixtureRequest, start_server: Start
) -> AsyncIterator[tuple[ServerProcess, Session, Session]]:
    """A server, and two clients in one room."""
    server = start_server("native:application", cwd=APPS)
    kind = SESSIONS[request.param]
    room = str(uuid.uuid4())
    async with kind(server.url) as first, kind(server.url) as second:
        for session in (first, second):
            await session.join_namespace(BOARD, auth={"join": [room]})
        yield server, first, second


def move(number: int, ack: int | None = None) -> str:
    return event_packet("move", number, namespace=BOARD, ack=ack)


async def answer(session: Session, packet: str) -> list[object]:
    """Sends an event with acknowledgement id 7; returns the next packet, its acknowledgement."""
    await session.send(packet)
    found = await session.next_message()
    assert isinstance(found, str)
    assert found.startswith("43/board,7"), found
    return list(json.loads(found.removeprefix("43/board,7")))


async def test_relays_keep_the_senders_order(pair: tuple[ServerProcess, Session, Session]) -> None:
    server, first, second = pair
    amount = 500
    await first.send(*map(move, range(amount)))
    assert [await second.next_event(BOARD) for _ in range(amount)] == [
        ["move", number] for number in range(amount)
    ]
    assert await answer(first, move(0, ack=7)) == []
    assert (await asyncio.to_thread(read_counts, server))["relayed"] == amount + 1


async def test_relays_continue_while_python_is_blocked(
    pair: tuple[ServerProcess, Session, Session],
) -> None:
    server, first, second = pair
    blocked = 3.0
    async with httpx.AsyncClient(timeout=60) as http:
        url = f"{server.url}/block?seconds={blocked}"
        blocking = asyncio.create_task(http.get(url))
        await asyncio.to_thread(server.wait_for_log, "blocking the event loop")
        started = time.monotonic()
        for number in range(20):
            assert await answer(first, move(number, ack=7)) == []
            assert await second.next_event(BOARD) == ["move", number]
        assert not blocking.done()
        assert time.monotonic() - started < blocked
        await blocking


async def test_the_sender_may_be_included(
    pair: tuple[ServerProcess, Session, Session],
) -> None:
    _, first, second = pair
    await first.emit("everywhere", 1, namespace=BOARD)
    for session in (first, second):
        assert await session.next_event(BOARD) == ["everywhere", 1]


async def test_an_attachment_is_relayed(pair: tuple[ServerProcess, Session, Session]) -> None:
    _, first, second = pair
    event = '["move",{"_placeholder":true,"num":0}]'
    binary = "bAAEC" if isinstance(first, PollingSession) else b"\x00\x01\x02"
    await first.send(f"451-/board,{event}", binary)
    assert await second.next_message() == f"451-/board,{event}"
    assert await second.next_message() == binary


async def test_volatile_events_above_the_limits_are_dropped(
    pair: tuple[ServerProcess, Session, Session],
) -> None:
    server, first, second = pair
    large = event_packet("cursor", "x" * 100, namespace=BOARD, ack=7)
    for _ in range(2):
        assert await answer(first, large) == [{"error": "Too large"}]
    small = [event_packet("cursor", number, namespace=BOARD) for number in range(100)]
    await first.send(*small, event_packet("everywhere", "end", namespace=BOARD))
    numbers = []
    while (event := await second.next_event(BOARD))[0] == "cursor":
        numbers.append(event[1])
    # On polling, volatile events are dropped while no request waits.
    assert numbers == sorted(set(numbers))
    assert len(numbers) <= 40
    counts = await asyncio.to_thread(read_counts, server)
    assert counts["relays_too_large"] == 2
    assert counts["relays_over_rate"] >= 60
    assert server.log.count("max_bytes of the relay") == 1
    assert server.log.count("rate of the relay") == 1


async def test_reliable_events_above_the_rate_are_delayed(
    pair: tuple[ServerProcess, Session, Session],
) -> None:
    """The rate is 50 per second, with bursts of the same size."""
    _, first, second = pair
    started = time.monotonic()
    shapes = [event_packet("shape", number, namespace=BOARD) for number in range(150)]
    sending = asyncio.create_task(first.send(*shapes))
    for number in range(150):
        assert await second.next_event(BOARD) == ["shape", number]
    assert time.monotonic() - started > 1.9
    await sending
