"""Rooms, handshakes, refusals and failures, tested with raw packets."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from support.engineio import SESSIONS, Session, connect_packet
from support.server import ServerProcess
from support.socketio_apps import disconnects


@asynccontextmanager
async def joined(
    server: ServerProcess, transport: str = "websocket", **auth: Any
) -> AsyncIterator[Session]:
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace(auth=auth)
        yield session


async def heard(session: Session) -> list[list[Any]]:
    """The events that have been sent to the session so far."""
    await session.emit("reply", ack=99)
    events = []
    while (packet := await session.next_message()) != "4399[]":
        assert isinstance(packet, str)
        events.append(_event(packet))
    return events


def _event(packet: str) -> list[Any]:
    assert packet.startswith("42"), packet
    return list(json.loads(packet[2:]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("日本", "中国"),
        ("a_b", "a.b"),
        ("r" * 200, "r" * 99),
        ("", " "),
        ("Room", "room"),
        ("é", "e\u0301"),
        ("1", "01"),
        ("\x00a", "\x00b"),
        (1, 10),
        (-1, 1),
    ],
)
async def test_similar_room_names_are_different_rooms(
    one: str | int, other: str | int, socketio_server: ServerProcess
) -> None:
    unique = str(uuid.uuid4()) if isinstance(one, str) else ""
    first = one + unique if isinstance(one, str) else one
    second = other + unique if isinstance(other, str) else other
    if len(str(one)) == 200:  # one name is a prefix of the other
        first, second = unique + str(one), (unique + str(one))[:99]
    async with joined(socketio_server) as alice, joined(socketio_server) as bob:
        await alice.call("join", first)
        await bob.call("join", second)
        await alice.emit("say", first, "to the first")
        await alice.emit("say", second, "to the second")
        assert await heard(alice) == [["said", "to the first"]]
        assert await heard(bob) == [["said", "to the second"]]


async def test_a_number_is_the_room_named_by_its_digits(socketio_server: ServerProcess) -> None:
    """As the documentation of sio.names.room_name says."""
    number = uuid.uuid4().int % 10**9
    async with joined(socketio_server) as alice, joined(socketio_server) as bob:
        await alice.call("join", number)
        await bob.call("join", str(number))
        await alice.emit("say", str(number), "text")
        await alice.emit("say", number, "number")
        expected = [["said", "text"], ["said", "number"]]
        assert await heard(alice) == expected
        assert await heard(bob) == expected


async def test_joining_a_room_twice_gives_each_event_once(socketio_server: ServerProcess) -> None:
    room = str(uuid.uuid4())
    async with joined(socketio_server, join=[room]) as alice:
        await alice.call("join", room)
        await alice.emit("say", room, "once")
        assert await heard(alice) == [["said", "once"]]
        await alice.call("leave", room)
        await alice.emit("say", room, "never")
        assert await heard(alice) == []


@pytest.mark.parametrize("how", [{"refuse": True}, {"raise": True}, {"message": "no"}])
@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_refused_socket_is_in_no_room(
    how: dict[str, Any], transport: str, socketio_server: ServerProcess
) -> None:
    room, key = str(uuid.uuid4()), str(uuid.uuid4())
    async with (
        SESSIONS[transport](socketio_server.url) as refused,
        joined(socketio_server, join=[room]) as member,
    ):
        auth = {"key": key, "join": [room], "welcome": True, **how}
        await refused.send(connect_packet(auth=auth))
        assert str(await refused.next_message()).startswith('44{"message":')
        await member.emit("say", room, "secret")
        assert await heard(member) == [["said", "secret"]]
        # Nothing but the refusal has arrived: the next packet is the answer to a second CONNECT.
        assert await refused.join_namespace(auth={"key": key})
        await member.emit("say", room, "secret")
        assert await heard(member) == [["said", "secret"]]
        assert await heard(refused) == []
        await refused.send("41")
    seen = await asyncio.to_thread(disconnects, socketio_server, key)
    assert len(seen) == 1


async def test_a_connect_handler_that_raises_is_logged(socketio_server: ServerProcess) -> None:
    start = len(socketio_server.log)
    async with SESSIONS["websocket"](socketio_server.url) as session:
        await session.send(connect_packet(auth={"raise": True}))
        assert await session.next_message() == '44{"message":"Internal server error"}'
        await session.join_namespace()
    socketio_server.wait_for_log("ValueError: connect failed on purpose", start)


async def test_rooms_are_removed_with_their_sockets(socketio_server: ServerProcess) -> None:
    room, key = str(uuid.uuid4()), str(uuid.uuid4())
    async with joined(socketio_server) as alice:
        async with joined(socketio_server, key=key, join=[room, "another"]) as bob:
            await bob.call("quiet")
        seen = await asyncio.to_thread(disconnects, socketio_server, key)
        assert seen[0][2] == sorted([room, "another"])
        await alice.emit("say", room, "anybody?")
        assert await heard(alice) == []


async def test_events_before_a_disconnect_are_handled_first(
    socketio_server: ServerProcess,
) -> None:
    room, key = str(uuid.uuid4()), str(uuid.uuid4())
    async with joined(socketio_server, join=[room]) as alice:
        async with joined(socketio_server, key=key) as bob:
            for number in range(50):
                await bob.emit("say", room, number)
            await bob.send("41")
            await asyncio.to_thread(disconnects, socketio_server, key)
        assert await heard(alice) == [["said", number] for number in range(50)]


async def test_an_asgi_application_emits(socketio_server: ServerProcess) -> None:
    room = str(uuid.uuid4())
    async with joined(socketio_server, join=[room]) as alice, httpx.AsyncClient() as http:
        params = {"event": "news", "room": room, "text": "from HTTP"}
        await http.get(f"{socketio_server.url}/emit", params=params)
        assert await heard(alice) == [["news", "from HTTP"]]


async def test_events_that_connect_emits_to_rooms_arrive_after_its_answer(
    socketio_server: ServerProcess,
) -> None:
    room = str(uuid.uuid4())
    async with (
        joined(socketio_server, join=[room]) as member,
        joined(socketio_server, join=[room], announce=True) as alice,
    ):
        assert await heard(alice) == [["said", "somebody comes"]]
        assert await heard(member) == [["said", "somebody comes"]]


@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_lone_surrogate_is_replaced(transport: str, socketio_server: ServerProcess) -> None:
    async with joined(socketio_server, transport) as alice:
        await alice.send('4277["reply","\\ud83d!","\\ude00","\\ud83d\\ude00"]')
        assert await alice.next_message() == '4377["\ufffd!","\ufffd","😀"]'


async def test_an_id_reaches_its_socket_after_leave_all(
    socketio_server: ServerProcess,
) -> None:
    async with joined(socketio_server) as alice, joined(socketio_server) as bob:
        [described] = await alice.call("describe")
        await alice.call("leave", described["id"])
        await alice.call("leave_all")
        await bob.emit("say", described["id"], "psst")
        assert await heard(bob) == []
        assert await heard(alice) == [["said", "psst"]]


async def test_a_handshake_can_be_sent_to_a_client(socketio_server: ServerProcess) -> None:
    async with joined(socketio_server, token="t") as alice:
        [handshake] = await alice.call("handshake")
    assert handshake["auth"] == {"token": "t"}
    assert handshake["query"]["EIO"] == "4"
    assert handshake["headers"]["host"] == f"{socketio_server.host}:{socketio_server.port}"
    assert handshake["url"].startswith("/socket.io/?")
    assert handshake["address"] == "127.0.0.1"
    assert handshake["secure"] is False


async def test_many_namespaces_and_sockets_are_not_mixed_up(socketio_server: ServerProcess) -> None:
    async with joined(socketio_server) as alice, joined(socketio_server) as bob:
        await bob.join_namespace("/chat")
        await alice.emit("shout", "to the default namespace")
        assert ["shouted", "to the default namespace"] in await heard(alice)
        assert ["shouted", "to the default namespace"] in await heard(bob)


def test_socketio_needs_neither_django_nor_channels(socketio_server: ServerProcess) -> None:
    modules = httpx.get(f"{socketio_server.url}/modules").json()
    assert "sio" in modules
    assert "channels" not in modules
    assert "django.apps" not in modules


@pytest.mark.parametrize("how", ["cancel", "interrupt", "generator exit"])
async def test_handlers_that_cancel_themselves_do_not_block_their_client(
    how: str, socketio_server: ServerProcess
) -> None:
    key = str(uuid.uuid4())
    async with joined(socketio_server, key=key) as session:
        for _ in range(300):  # more than may be in flight
            await session.emit("end_itself", how)
        assert await heard(session) == []
    assert len(await asyncio.to_thread(disconnects, socketio_server, key)) == 1


async def test_a_stop_iteration_in_a_thread_is_acknowledged(socketio_server: ServerProcess) -> None:
    async with joined(socketio_server) as session:
        await session.emit("stop_iteration", ack=5)
        assert await session.next_message() == '435[{"error":"Internal server error"}]'
        assert await heard(session) == []
