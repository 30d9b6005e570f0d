"""A small --socketio-max-in-flight: no client stalls."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable

import pytest
from support.engineio import SESSIONS, PollingSession, WebSocketSession, event_packet
from support.server import ServerProcess
from support.socketio_apps import APPS

Session = PollingSession | WebSocketSession
Start = Callable[..., ServerProcess]
ASKING = "/asking"
AMOUNT = 200

pytestmark = [
    pytest.mark.parametrize("transport", SESSIONS),
    # Handled events are reported in groups of up to 16.
    pytest.mark.parametrize("limit", [1, 2, 15, 16, 17]),
]


def start_with(start_server: Start, limit: int) -> ServerProcess:
    return start_server("asking:application", "--socketio-max-in-flight", str(limit), cwd=APPS)


async def acknowledgements(session: Session, amount: int) -> dict[int, list[object]]:
    """The next packets, which must be acknowledgements in /asking, by their ids."""
    found = {}
    for _ in range(amount):
        packet = await session.next_message()
        assert isinstance(packet, str)
        assert packet.startswith("43/asking,"), packet
        number, _, args = packet.removeprefix("43/asking,").partition("[")
        found[int(number)] = list(json.loads("[" + args))
    return found


async def test_all_events_are_handled_in_order(
    limit: int, transport: str, start_server: Start
) -> None:
    """Fast and slow handlers of two namespaces at the same time."""
    server = start_with(start_server, limit)
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace()
        await session.join_namespace(ASKING, auth={"key": str(uuid.uuid4())})
        packets = []
        for number in range(AMOUNT):
            packets.append(event_packet("slow_number", number))
            packets.append(event_packet("number", number, namespace=ASKING))
        await asyncio.wait_for(session.send(*packets), 30)
        assert await session.call("numbers") == [list(range(AMOUNT))]
        assert await session.call("numbers", namespace=ASKING) == [list(range(AMOUNT))]


async def test_each_event_is_answered(limit: int, transport: str, start_server: Start) -> None:
    server = start_with(start_server, limit)
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(ASKING, auth={"key": str(uuid.uuid4())})
        packets = [event_packet("number", n, namespace=ASKING, ack=n) for n in range(AMOUNT)]
        sending = asyncio.create_task(session.send(*packets))
        assert sorted(await acknowledgements(session, AMOUNT)) == list(range(AMOUNT))
        await asyncio.wait_for(sending, 30)


async def test_a_handler_can_wait_for_a_concurrent_one(
    limit: int, transport: str, start_server: Start
) -> None:
    """A concurrent handler waits for an ordinary one, and the reverse, if the limit allows it."""
    server = start_with(start_server, limit)
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(ASKING, auth={"key": str(uuid.uuid4())})
        packets = [
            event_packet("wait_for_number", 19, namespace=ASKING, ack=1),
            *(event_packet("number", n, namespace=ASKING) for n in range(20)),
            *(event_packet("beside", n, namespace=ASKING) for n in range(20)),
            event_packet("wait_for_beside", 19, namespace=ASKING, ack=2),
        ]
        sending = asyncio.create_task(session.send(*packets))
        assert await acknowledgements(session, 2) == {1: [19], 2: [19]}
        await asyncio.wait_for(sending, 30)
