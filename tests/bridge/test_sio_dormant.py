"""Clients of a namespace with relays only: Python objects are made when something needs them."""

from __future__ import annotations

import gc
import logging
import threading
import tracemalloc
from datetime import datetime, timezone
from typing import Any

import pytest
import sio
import sio.sessions
import sio.socketio.server
from sio.engine import EngineIOSession
from sio_fakes import World

NAME = "/native"
CLIENTS = 200
# Bytes of Python objects for a dormant client, with its session.
LIMIT = 1_000


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(sio.socketio.server, "_server", None)
    sio.relay_on("move", namespace=NAME)
    return World()


async def join(world: World, namespace: str) -> int:
    number = world.ask(namespace)
    await world.idle()
    assert [call[1] for call in world.core.of("accept_socket")][-1] == number
    return number


def is_dormant(world: World, number: int) -> bool:
    return number not in world.dispatcher._connections


async def test_a_client_is_accepted_without_objects(world: World) -> None:
    number = await join(world, NAME)
    assert is_dormant(world, number)
    namespace = world.server.of(NAME)
    assert namespace.has_sockets
    assert namespace.sockets_count == 1
    assert is_dormant(world, number)
    (relays,) = world.core.of("make_relays")
    assert world.core.of("accept_socket") == [("accept_socket", number, relays[1])]


@pytest.mark.parametrize("way", ["socket", "sockets", "socket_numbered", "fetch_sockets"])
async def test_its_socket_is_made_when_the_application_asks_for_it(way: str, world: World) -> None:
    before = datetime.now(timezone.utc)
    number = world.ask(NAME, {"token": 1})
    after = datetime.now(timezone.utc)
    namespace = world.server.of(NAME)
    ways: dict[str, Any] = {
        "socket": lambda: namespace.socket(f"id{number}"),
        "sockets": lambda: namespace.sockets()[0],
        "socket_numbered": lambda: namespace.socket_numbered(number),
        "fetch_sockets": lambda: namespace.fetch_sockets()[0],
    }
    socket = ways[way]()
    assert not is_dormant(world, number)
    assert all(find() is socket for find in ways.values())
    assert socket.connected
    assert socket.id == f"id{number}"
    assert socket.number == number
    assert before <= socket.handshake.time <= after
    assert socket.handshake.auth == {"token": 1}
    assert namespace.sockets_count == 1
    assert len(world.core.of("accept_socket")) == 1


async def test_clients_of_other_namespaces_sleep_on(world: World) -> None:
    sio.relay_on("move", namespace="/other")
    number = await join(world, NAME)
    other = await join(world, "/other")
    assert world.server.of("/other").socket_numbered(number) is None
    assert world.server.of(NAME).socket("nobody") is None
    assert is_dormant(world, number)
    assert is_dormant(world, other)


async def test_an_event_that_is_not_relayed_is_answered(world: World) -> None:
    number = await join(world, NAME)
    world.send(number, "unknown", 7, ack_id=3)
    await world.idle()
    assert world.core.of("ack") == [("ack", number, 3, [7])]
    assert world.core.events_done_of(number) == 1


async def test_a_disconnect_leaves_nothing_behind(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sio.consumer")
    number = await join(world, NAME)
    world.leave(number)
    await world.idle()
    namespace = world.server.of(NAME)
    assert not namespace.has_sockets
    assert namespace.sockets_count == 0
    assert namespace.socket(f"id{number}") is None
    name = f"<NamespaceSocket id{number} in {NAME}>"
    expected = [f"{name} connected", f"{name} disconnected: client_disconnect"]
    assert [line for line in caplog.messages if name in line] == expected


async def test_a_woken_client_disconnects_as_usual(world: World) -> None:
    number = await join(world, NAME)
    socket = world.server.of(NAME).socket(f"id{number}")
    assert socket is not None
    reasons: list[str] = []
    socket.on("disconnect", reasons.append)
    world.leave(number)
    await world.idle()
    assert reasons == ["client_disconnect"]
    assert socket.finished
    assert not world.server.of(NAME).has_sockets


async def test_a_disconnect_handler_that_is_added_later_is_called(world: World) -> None:
    number = await join(world, NAME)
    called: list[Any] = []

    @world.server.of(NAME).on("disconnect")
    async def gone(socket: Any, reason: str) -> None:
        called.append((socket.number, reason))

    world.leave(number)
    await world.idle()
    assert called == [(number, "client_disconnect")]


async def test_a_client_that_may_recover_has_a_socket(world: World) -> None:
    number = await join(world, NAME)
    world.dispatcher.disconnect(number, "transport_close", "transport close", True)
    await world.idle()
    assert world.server.of(NAME).has_sockets
    world.dispatcher.forgotten(number)
    assert not world.server.of(NAME).has_sockets


@pytest.mark.parametrize("code", ["connect", "middleware", "hook", "event"])
async def test_code_of_the_application_gets_a_socket(code: str, world: World) -> None:
    namespace, seen = world.server.of(NAME), []

    async def accept(socket: Any, auth: Any = None) -> bool:
        seen.append(socket)
        return True

    if code == "connect":
        namespace.on("connect")(accept)
    elif code == "middleware":
        namespace.use(accept)
    elif code == "hook":
        world.server.register_connect_hook(accept)
    else:
        namespace.on("event")(accept)
    number = await join(world, NAME)
    assert not is_dormant(world, number)
    assert len(seen) == (code != "event")


async def test_threads_that_wake_a_client_get_the_same_socket(world: World) -> None:
    number = await join(world, NAME)
    namespace = world.server.of(NAME)
    barrier = threading.Barrier(8)

    def find() -> Any:
        barrier.wait()
        return namespace.socket(f"id{number}")

    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(find())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


async def test_a_dormant_client_takes_little_memory(world: World) -> None:
    for _ in range(10):
        world.ask(NAME)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(CLIENTS):
            world.ask(NAME)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / CLIENTS < LIMIT


async def test_threads_that_wake_two_clients_of_a_session_get_the_same_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sio.relay_on("move", namespace="/other")
    session = world.open_session()
    numbers = [world.ask(namespace, session=session) for namespace in (NAME, "/other")]
    await world.idle()
    assert all(is_dormant(world, number) for number in numbers)
    meeting = threading.Barrier(2)

    class Session(EngineIOSession):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            meeting.wait(10)  # both threads have made one

    monkeypatch.setattr(sio.sessions, "EngineIOSession", Session)
    namespaces = [world.server.of(name) for name in (NAME, "/other")]
    threads = [threading.Thread(target=namespace.sockets) for namespace in namespaces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    one, other = (world.dispatcher._connections[number].socket for number in numbers)
    assert one._session is other._session is world.dispatcher._sessions.get(session)
    assert set(one._session.sockets) == {one, other}
