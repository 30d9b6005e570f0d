"""Handlers that wait for an acknowledgement or a disconnect that arrives after more events than
--socketio-max-in-flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.engineio import SESSIONS, PollingSession, WebSocketSession, event_packet
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects, read_counts, read_notes
from support.waiting import eventually

Session = PollingSession | WebSocketSession
Start = Callable[..., ServerProcess]
ASKING = "/asking"
MANY = 2000  # a quarter of them is more than may be in flight
# The number of events and their padding: more than a server reads in one call, and less than its
# kernel buffers.
BEHIND = (1000, "x" * 40)
both = pytest.mark.parametrize("transport", SESSIONS)


def start_with(start_server: Start, *options: str) -> ServerProcess:
    return start_server("asking:application", *options, cwd=APPS)


def numbers(start: int, end: int, padding: str = "") -> list[str]:
    return [event_packet("number", n, padding, namespace=ASKING) for n in range(start, end)]


async def waits(server: ServerProcess, key: str, *what: Any) -> list[Any]:
    """Waits for a handler's note with this beginning; returns the note."""

    def noted() -> list[list[Any]]:
        return [n for n in read_notes(server, key) if n[: len(what)] == list(what)]

    return (await asyncio.to_thread(eventually, noted))[0]


async def flood(session: Session, amount: int = MANY, padding: str = "") -> None:
    """In several requests on polling, like real clients."""
    for start in range(0, amount, 500):
        await session.send(*numbers(start, min(start + 500, amount), padding))


async def ask(session: Session, server: ServerProcess) -> str:
    """A handler now waits for this client's acknowledgement 0; returns the key of its notes."""
    key = str(uuid.uuid4())
    await session.join_namespace(ASKING, auth={"key": key})
    await session.emit("ask", namespace=ASKING)
    assert await session.next_message() == '42/asking,0["question"]'
    return key


@both
async def test_an_acknowledgement_after_many_events_is_read(
    transport: str, start_server: Start
) -> None:
    server = start_with(start_server)
    async with SESSIONS[transport](server.url) as session:
        await ask(session, server)
        await asyncio.wait_for(flood(session), 30)
        await session.send('43/asking,0["yes"]')
        assert await session.next_event(ASKING) == ["answered", "yes"]
        assert await session.call("numbers", namespace=ASKING) == [list(range(MANY))]


@both
async def test_a_client_with_queued_events_can_acknowledge(
    transport: str, start_server: Start
) -> None:
    """The server asks after it has stopped reading."""
    server = start_with(start_server, "--socketio-max-in-flight", "10")
    key = str(uuid.uuid4())
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(ASKING, auth={"key": key})
        packets = [event_packet("ask", namespace=ASKING), *numbers(0, 100)]
        sending = asyncio.create_task(session.send(*packets))
        assert await session.next_message() == '42/asking,0["question"]'
        await asyncio.wait_for(sending, 30)
        await session.send('43/asking,0["yes"]')
        assert await session.next_event(ASKING) == ["answered", "yes"]


@both
async def test_an_acknowledgement_that_can_not_be_read_fails(
    transport: str, start_server: Start
) -> None:
    """The connection stays open, and no event is lost."""
    server = start_with(
        start_server, "--socketio-max-read-ahead", "50000", "--socketio-ping-timeout", "2"
    )
    async with SESSIONS[transport](server.url) as session:
        key = await ask(session, server)
        sending = asyncio.create_task(flood(session))
        note = await waits(server, key, "unanswered")
        assert "--socketio-max-read-ahead" in note[1]
        await asyncio.wait_for(sending, 30)
        await session.send('43/asking,0["too late"]')
        assert await session.next_event(ASKING) == ["answered", "none"]
        assert await session.call("numbers", namespace=ASKING) == [list(range(MANY))]
    assert (await asyncio.to_thread(read_counts, server))["acks_unread"] == 1
    assert server.log.count("Giving up acknowledgements") == 1
    assert "--socketio-max-read-ahead" in server.log


@both
@pytest.mark.parametrize("event", ["ask", "wait_for_end", "wait_beside"])
async def test_a_broken_connection_is_noticed(
    event: str, transport: str, start_server: Start
) -> None:
    """Its connection is reset while its events are being read."""
    server = start_with(start_server)
    key = str(uuid.uuid4())
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(ASKING, auth={"key": key})
        await session.emit(event, namespace=ASKING)
        await waits(server, key, "asking" if event == "ask" else "waiting")
        if event == "ask":
            await session.next_message()
        flooding = asyncio.create_task(flood(session))
        await asyncio.wait({flooding}, timeout=0.5)
        polling = None
        if isinstance(session, PollingSession):
            polling = asyncio.create_task(session.get())
            await asyncio.sleep(0)
            await asyncio.wait({polling}, timeout=0.2)
        await session.abandon()
        for task in filter(None, (flooding, polling)):
            task.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await task
        await waits(server, key, "unanswered" if event == "ask" else "waited")
        [[reason, reference, _]] = await asyncio.to_thread(disconnects, server, key)
    expected = {
        "polling": ("engineio_polling_disconnect", "transport error"),
        "websocket": ("engineio_websocket_disconnect", "transport close"),
    }
    assert (reason, reference) == expected[transport]


async def test_all_events_before_a_disconnect_are_handled(
    start_server: Start,
) -> None:
    """It closes cleanly, while a handler waits for that and reading has stopped."""
    server = start_with(start_server)
    key = str(uuid.uuid4())
    session = WebSocketSession(server.url)
    await session.open()
    await session.join_namespace(ASKING, auth={"key": key})
    await session.emit("wait_for_end", namespace=ASKING)
    await waits(server, key, "waiting")
    await flood(session, *BEHIND)
    session.websocket.transport.write_eof()
    await waits(server, key, "waited", "transport close")
    assert await asyncio.to_thread(disconnects, server, key)
    assert ["handled", BEHIND[0]] in await asyncio.to_thread(read_notes, server, key)
    await session.abandon()
    assert (await asyncio.to_thread(read_counts, server))["last_input_dropped"] == 0


async def test_a_disconnect_after_too_many_unread_events_is_noticed(
    start_server: Start,
) -> None:
    server = start_with(
        start_server, "--socketio-max-read-ahead", "1000", "--socketio-ping-timeout", "2"
    )
    key = str(uuid.uuid4())
    session = WebSocketSession(server.url)
    await session.open()
    await session.join_namespace(ASKING, auth={"key": key})
    await session.emit("wait_for_end", namespace=ASKING)
    await waits(server, key, "waiting")
    await flood(session, *BEHIND)
    session.websocket.transport.write_eof()
    await waits(server, key, "waited", "transport close")
    assert await asyncio.to_thread(disconnects, server, key)
    await session.abandon()
    assert (await asyncio.to_thread(read_counts, server))["last_input_dropped"] == 1
    assert server.log.count("Dropping the last input") == 1


async def test_a_polling_client_that_stops_polling_is_noticed(start_server: Start) -> None:
    """Its POST is not answered, because it is throttled, and it stops polling."""
    server = start_with(
        start_server, "--socketio-ping-interval", "0.5", "--socketio-ping-timeout", "1"
    )
    key = str(uuid.uuid4())
    async with PollingSession(server.url) as session:
        await session.join_namespace(ASKING, auth={"key": key})
        await session.emit("wait_for_end", namespace=ASKING)
        await waits(server, key, "waiting")
        post = asyncio.create_task(session.post("\x1e".join(numbers(0, 500))))
        await waits(server, key, "waited", "ping timeout")
        assert (await post).status_code == 400


@both
async def test_a_client_that_is_throttled_for_long_stays_connected(
    transport: str, start_server: Start
) -> None:
    """It answers pings, and the answers are not read; it still receives pings."""
    server = start_with(
        start_server, "--socketio-ping-interval", "0.5", "--socketio-ping-timeout", "1"
    )
    key = str(uuid.uuid4())
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(auth={"key": key})
        await session.emit("hold")
        await waits(server, key, "holding")
        packets = [event_packet("number", n) for n in range(500)]
        sending = asyncio.create_task(session.send(*packets))
        pings = 0
        while pings < 5:
            pings += await session.receive() == "2"
        await asyncio.to_thread(release, server, key)
        await asyncio.wait_for(sending, 30)
        await session.send("3")
        assert await session.call("numbers") == [list(range(500))]


def release(server: ServerProcess, key: str) -> None:
    httpx.get(f"{server.url}/release", params={"key": key})
