"""Limits of Socket.IO: what whoever reaches one gets, what is logged and counted, and that others
are served as before.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from support.engineio import SESSIONS, PollingSession, SessionEnded, WebSocketSession, event_packet
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts
from support.waiting import eventually

Start = Callable[..., ServerProcess]


@contextlib.asynccontextmanager
async def bystander(server: ServerProcess) -> AsyncIterator[None]:
    """Another client, which must not notice anything."""
    async with WebSocketSession(server.url) as other:
        await other.join_namespace()
        yield
        assert await other.call("reply", "still here") == ["still here"]


async def ended(session: PollingSession | WebSocketSession) -> None:
    """Waits until the server has closed the session."""
    with contextlib.suppress(SessionEnded):
        while True:
            if await session.next_message() == "1":
                return


async def test_what_there_is_now_is_counted(start_server: Start) -> None:
    server, room = start_server("native:application", cwd=APPS), "a room"
    before = read_counts(server)
    assert before["namespaces"] == 4
    assert set(before.values()) == {0, 4}
    async with WebSocketSession(server.url) as first, PollingSession(server.url) as second:
        await first.join_namespace(auth={"join": [room, room + "2"]})
        await first.join_namespace("/chat")
        await second.join_namespace(auth={"join": [room]})
        counts = await asyncio.to_thread(read_counts, server)
        assert {name: counts[name] for name in ("sessions", "sockets", "rooms")} == {
            "sessions": 2,
            "sockets": 3,
            "rooms": 2,
        }
        await second.send("1")
    await asyncio.to_thread(eventually, lambda: read_counts(server) == before)


BROKEN = {
    "attachments_too_many": ('4511-["x"]', "--socketio-max-attachments"),
    "json_too_deep": ('42["x",' + "[" * 64 + "]" * 64 + "]", "--socketio-max-depth"),
    "event_names_too_long": (event_packet("x" * 1025), "--socketio-max-event-name"),
}


@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_packet_over_a_limit_closes_its_session(
    transport: str, start_server: Start
) -> None:
    server = start_server("native:application", cwd=APPS)
    async with bystander(server):
        for counter, (packet, option) in BROKEN.items():
            for _ in range(2):
                async with SESSIONS[transport](server.url) as session:
                    await session.join_namespace()
                    with contextlib.suppress(SessionEnded):
                        await session.send(packet)
                    await ended(session)
            assert (await asyncio.to_thread(read_counts, server))[counter] == 2
            assert server.log.count(option) == 1
