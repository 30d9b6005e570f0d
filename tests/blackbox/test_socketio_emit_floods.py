"""Code that emits faster than events can be sent must wait, and does not delay other clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from support.engineio import PollingSession, WebSocketSession
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts

CLIENTS = 60
EVENTS = 5_000


@pytest.fixture
async def server(start_server: Callable[..., ServerProcess]) -> AsyncIterator[ServerProcess]:
    """With clients in the room "flood" that read their events."""
    server = start_server("native:application", cwd=APPS)
    sessions = [WebSocketSession(server.url) for _ in range(CLIENTS)]
    for session in sessions:
        await session.open()
        await session.join_namespace()
        await session.call("join", "flood")
    readers = [asyncio.create_task(read_flood(session)) for session in sessions]
    yield server
    # In any case, every client gets every event, in order.
    await asyncio.gather(*readers)
    for session in sessions:
        await session.abandon()


async def read_flood(session: WebSocketSession) -> None:
    for number in range(EVENTS):
        assert await session.next_event() == ["flood", number]


async def emit_flood(server: ServerProcess, way: str) -> int:
    async with httpx.AsyncClient(timeout=120) as client:
        response = await client.get(f"{server.url}/flood?way={way}&count={EVENTS}")
    return int(response.text)


@pytest.mark.parametrize("way", ["thread", "await"])
async def test_the_flooding_thread_waits_and_other_clients_are_served(
    server: ServerProcess, way: str
) -> None:
    async with WebSocketSession(server.url) as bystander:
        await bystander.join_namespace()
        flooding = asyncio.create_task(emit_flood(server, way))
        answered = 0
        while not flooding.done():
            assert await bystander.call("reply", answered) == [answered]
            async with PollingSession(server.url) as another:
                await another.join_namespace()
            answered += 1
    turns = await flooding
    assert answered, "the flood was over before anybody could be served"
    assert turns > 10, "the event loop's other tasks had no turn"
    assert read_counts(server)["emits_held_up"] > 0
    server.wait_for_log(r"Holding up emit\(\): events are emitted faster than they can be sent")
