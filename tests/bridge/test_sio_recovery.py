"""Connection state recovery for handlers: clients that lose their connection and reconnect."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sio
import sio.connection
import sio.socketio.server
from sio.socketio.socket import NamespaceSocket
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    monkeypatch.setattr(sio.socketio.server, "_server", None)


@pytest.fixture
async def world():
    return World()


def socket_of(world: World, number: int) -> NamespaceSocket:
    return world.dispatcher._connections[number].socket


def cut(world: World, socket: int) -> None:
    world.dispatcher.disconnect(
        socket, "engineio_websocket_disconnect", "transport close", may_return=True
    )


def come_back(world: World, former: int, id: str, auth: Any = None) -> int:
    session = world.open_session(routed=True)
    number = next(world._numbers)
    world.dispatcher.connect(number, session, id, "/", auth or {}, former)
    return number


def serve() -> list[tuple[Any, ...]]:
    """A namespace that accepts all clients unless their auth refuses; its notes."""
    seen: list[tuple[Any, ...]] = []

    @sio.on("connect")
    async def connect(socket, auth):
        seen.append(("connect", socket.recovered, sorted(socket.rooms), dict(socket.data)))
        if not socket.recovered:
            socket.join("r")
        socket.data["x"] = socket.data.get("x", 0) + 1
        return "no" not in auth

    @sio.on("disconnect")
    async def disconnect(socket, reason):
        seen.append(("disconnect", sorted(socket.rooms)))

    return seen


async def test_a_client_that_reconnects_before_its_refusal_arrives_is_refused(world):
    """The native server still has its rooms, and would continue to send to them."""
    serve()
    first = await world.join()
    id = socket_of(world, first).id
    cut(world, first)
    second = come_back(world, first, id, {"no": 1})
    await world.idle()
    cut(world, second)
    third = come_back(world, second, id)
    await world.idle()
    assert [call[1] for call in world.core.of("refuse_socket")] == [second, third]


async def test_id_rooms_and_data_are_recovered(world):
    seen = serve()
    first = await world.join()
    former = socket_of(world, first)
    cut(world, first)
    await world.idle()
    assert former.away
    assert not former.connected
    second = come_back(world, first, former.id)
    await world.idle()
    socket = socket_of(world, second)
    assert socket.recovered
    assert socket.rooms == {"r"}
    assert socket.data == {"x": 2}
    assert seen == [
        ("connect", False, [], {}),
        ("disconnect", ["r"]),
        ("connect", True, ["r"], {"x": 1}),
    ]
    assert not former.away
    assert world.server.of("/").socket(former.id) is socket
    assert await world.server.to("r").fetch_sockets() == [socket]
    assert world.core.of("join") == [("join", first, "r")], "the native server knows"


async def test_a_parked_socket_gets_emits_and_can_join_rooms(world):
    serve()
    number = await world.join()
    socket = socket_of(world, number)
    cut(world, number)
    await world.idle()
    world.core.calls.clear()
    world.server.to(socket.id).emit("kept for it")
    socket.emit("this too")
    socket.join("s")
    socket.leave("r")
    assert world.core.calls == [
        ("broadcast", "/", ["kept for it"], [socket.id], []),
        ("emit", number, ["this too"], None),
        ("join", number, "s"),
        ("leave", number, "r"),
    ]
    assert world.server.fetch_sockets() == [], "but it is not connected"
    again = come_back(world, number, socket.id)
    await world.idle()
    assert socket_of(world, again).rooms == {"s"}


async def test_a_client_that_is_not_recovered_is_forgotten(world):
    serve()
    number = await world.join()
    socket = socket_of(world, number)
    cut(world, number)
    await world.idle()
    world.dispatcher.forgotten(number)
    assert world.server.of("/").socket(socket.id) is None
    assert not socket.away
    assert socket.rooms == set()
    assert not world.dispatcher._away
    assert not world.dispatcher._connections


async def test_forgotten_while_its_handlers_still_run(world):
    seen = serve()
    gate = asyncio.Event()

    @sio.on("wait")
    async def wait(socket):
        await gate.wait()

    number = await world.join()
    socket = socket_of(world, number)
    world.send(number, "wait")
    cut(world, number)
    world.dispatcher.forgotten(number)
    gate.set()
    await world.idle()
    assert seen[-1] == ("disconnect", ["r"])
    assert world.server.of("/").socket(socket.id) is None
    assert socket.rooms == set()


async def test_connect_waits_for_the_handlers_of_the_lost_connection(world):
    seen = serve()
    gate = asyncio.Event()

    @sio.on("wait")
    async def wait(socket):
        await gate.wait()
        socket.join("late")
        socket.emit("late")
        seen.append(("waited",))

    number = await world.join()
    socket = socket_of(world, number)
    world.send(number, "wait")
    await asyncio.sleep(0)
    cut(world, number)
    second = come_back(world, number, socket.id)
    await asyncio.sleep(0)
    assert [what[0] for what in seen] == ["connect"]
    gate.set()
    await world.idle()
    assert [what[0] for what in seen] == ["connect", "waited", "disconnect", "connect"]
    assert seen[-1][2] == ["late", "r"]
    assert ("emit", number, ["late"], None) in world.core.calls
    assert ("join", second, "late") in world.core.calls, "for the socket that it is now"


async def test_connect_does_not_wait_forever(world, monkeypatch, caplog):
    monkeypatch.setattr(sio.connection, "HANDLERS_BEFORE", 0.01)
    seen = serve()
    gate = asyncio.Event()

    @sio.on("wait")
    async def wait(socket):
        await gate.wait()

    number = await world.join()
    socket = socket_of(world, number)
    world.send(number, "wait")
    await asyncio.sleep(0)
    cut(world, number)
    second = come_back(world, number, socket.id)
    await world.core.until(lambda: ("accept_socket", second) in world.core.calls)
    assert "still run" in caplog.text
    gate.set()
    await world.idle()
    assert [what[0] for what in seen] == ["connect", "connect", "disconnect"]
    after = socket_of(world, second)
    assert after.connected
    assert after.rooms == {"r"}
    assert world.server.of("/").socket(socket.id) is after


@pytest.mark.parametrize("skips", [None, False])
async def test_middleware_of_the_namespace_is_skipped_by_default(world, skips):
    serve()
    asked = []
    world.server.of("/").use(lambda socket, auth: asked.append(socket.recovered))
    if skips is not None:
        world.server.recovery_skips_middleware = skips
    number = await world.join()
    socket = socket_of(world, number)
    cut(world, number)
    await world.idle()
    come_back(world, number, socket.id)
    await world.idle()
    assert asked == ([False] if skips is None else [False, True])


async def test_a_refusal_ends_the_recovery(world):
    serve()
    number = await world.join()
    socket = socket_of(world, number)
    cut(world, number)
    await world.idle()
    again = come_back(world, number, socket.id, {"no": 1})
    await world.idle()
    assert world.core.of("refuse_socket")[-1][1] == again
    assert world.server.of("/").socket(socket.id) is None
    assert not world.dispatcher._away
    assert world.server.of("/").rooms() == {}


async def test_refused_after_the_connection_was_lost_again(world):
    serve()
    number = await world.join()
    socket = socket_of(world, number)
    cut(world, number)
    await world.idle()
    again = come_back(world, number, socket.id, {"no": 1})
    cut(world, again)
    await world.idle()
    world.dispatcher.forgotten(again)  # the native server's answer to the refusal
    assert world.server.of("/").socket(socket.id) is None
    assert not world.dispatcher._away


async def test_many_recoveries_of_one_client(world):
    seen = serve()
    number = await world.join()
    id = socket_of(world, number).id
    for _ in range(5):
        cut(world, number)
        number = come_back(world, number, id)
    await world.idle()
    assert seen[-1] == ("connect", True, ["r"], {"x": 5})
    assert [what[0] for what in seen] == ["connect", "disconnect"] * 5 + ["connect"]
    assert len(world.dispatcher._connections) == 1
    assert not world.dispatcher._away


async def test_no_socket_is_parked_after_the_stop(world):
    serve()
    number = await world.join()
    id = socket_of(world, number).id
    cut(world, number)
    await world.dispatcher.close(1)
    assert world.server.of("/").socket(id) is None
