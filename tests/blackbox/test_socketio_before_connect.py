"""Packets that clients send after CONNECT without waiting for its answer."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest
from support.engineio import (
    SESSIONS,
    Session,
    SessionEnded,
    WebSocketSession,
    connect_packet,
    event_packet,
)
from support.server import ServerProcess
from support.socketio_apps import read_notes as notes
from support.waiting import eventually

CLIENTS = 100


@pytest.fixture(params=SESSIONS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def asking(server: ServerProcess, transport: str, key: str, **auth: object) -> Session:
    """A client whose connect() waits."""
    session = SESSIONS[transport](server.url)
    await session.open()
    await session.send(connect_packet(auth={"key": key, "hold": True, **auth}))
    await asyncio.to_thread(eventually, lambda: notes(server, key))
    return session


async def release(server: ServerProcess, key: str) -> None:
    async with httpx.AsyncClient() as http:
        await http.get(f"{server.url}/release", params={"key": key})


def three_notes(server: ServerProcess, key: str) -> list[list[object]]:
    def probe() -> list[list[object]]:
        seen = notes(server, key)
        return seen if len(seen) == 3 else []

    return eventually(probe)


async def test_events_wait_for_connect(socketio_server: ServerProcess, transport: str) -> None:
    key = str(uuid.uuid4())
    session = await asking(socketio_server, transport, key)
    for number in range(3):
        await session.send(event_packet("number", number))
    await session.send(event_packet("numbers", ack=5))
    attachment: str | bytes = b"\1\2" if transport == "websocket" else "bAQI="
    await session.send('451-6["reply",{"_placeholder":true,"num":0}]', attachment)
    await release(socketio_server, key)
    assert str(await session.next_message()).startswith("40")
    assert await session.next_message() == "435[[0,1,2]]"
    assert await session.next_message() == '461-6[{"_placeholder":true,"num":0}]'
    assert await session.next_message() == attachment
    await session.abandon()


async def test_a_disconnect_waits_for_connect(
    socketio_server: ServerProcess, transport: str
) -> None:
    key = str(uuid.uuid4())
    session = await asking(socketio_server, transport, key)
    await session.send(event_packet("note", "an event"))
    await session.send("41")
    await release(socketio_server, key)
    seen = await asyncio.to_thread(three_notes, socketio_server, key)
    assert [what for what, *_ in seen] == ["connect", "an event", "disconnect"]
    assert seen[2][1] == "client_disconnect"
    assert str(await session.next_message()).startswith("40")
    await session.join_namespace(auth={})
    await session.abandon()


async def test_events_of_a_refused_client_are_dropped(
    socketio_server: ServerProcess, transport: str
) -> None:
    key = str(uuid.uuid4())
    session = await asking(socketio_server, transport, key, refuse=True)
    await session.send(event_packet("note", "an event"))
    await release(socketio_server, key)
    assert str(await session.next_message()).startswith("44")
    await session.join_namespace(auth={})
    assert await session.call("reply", 1) == [1]
    assert len(notes(socketio_server, key)) == 1
    await session.abandon()


async def test_events_are_handled_after_the_client_has_disconnected(
    socketio_server: ServerProcess,
) -> None:
    key = str(uuid.uuid4())
    session = await asking(socketio_server, "websocket", key)
    await session.send(event_packet("note", "an event"))
    assert isinstance(session, WebSocketSession)
    await session.websocket.close()
    await release(socketio_server, key)
    seen = await asyncio.to_thread(three_notes, socketio_server, key)
    assert [what for what, *_ in seen] == ["connect", "an event", "disconnect"]


async def test_too_many_events_are_not_read(socketio_server: ServerProcess) -> None:
    key = str(uuid.uuid4())
    session = await asking(socketio_server, "polling", key)
    body = [event_packet("number", number) for number in range(400)]
    post = asyncio.create_task(session.send(*body))
    async with WebSocketSession(socketio_server.url) as other:
        await other.join_namespace()
        assert await other.call("reply") == []
    assert not post.done()
    await release(socketio_server, key)
    await post
    assert str(await session.next_message()).startswith("40")
    assert await session.call("numbers") == [list(range(400))]
    await session.abandon()


async def test_many_clients_connect_without_delay(
    socketio_server: ServerProcess, transport: str
) -> None:
    async def client(number: int, together: bool) -> object:
        async with SESSIONS[transport](socketio_server.url) as session:
            packets = [connect_packet(auth={}), event_packet("reply", number, ack=1)]
            try:
                if together:
                    await session.send(*packets)
                else:
                    for packet in packets:
                        await session.send(packet)
                assert str(await session.next_message()).startswith("40")
                return await session.next_message()
            except SessionEnded as ended:
                return str(ended)

    answers = await asyncio.gather(*(client(n, n % 2 == 0) for n in range(CLIENTS)))
    assert answers == [f"431[{number}]" for number in range(CLIENTS)]
