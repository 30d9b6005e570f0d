"""Chains (to, in_, except_, broadcast, volatile, timeout), acknowledgements, many sockets."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
import sio
from sio_fakes import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)


async def join(world: World) -> tuple[int, Any]:
    number = await world.join()
    return number, world.dispatcher._connections[number].socket


def broadcasts(world: World) -> list[Any]:
    return world.core.of("broadcast")


async def test_rooms_of_several_steps_are_a_union(world: World) -> None:
    world.server.to("a").to(["b", 3]).in_("a").emit("e", 1)
    assert broadcasts(world) == [("broadcast", "/", ["e", 1], ["3", "a", "b"], [])]


async def test_a_chain_can_be_used_again(world: World) -> None:
    lobby = world.server.to("lobby")
    lobby.except_("muted").emit("e")
    lobby.volatile.emit("e")
    lobby.emit("e")
    assert [call[4:] for call in broadcasts(world)] == [
        (["muted"],),
        ([], {"volatile": True}),
        ([],),
    ]


@pytest.mark.parametrize("room", [None, b"lobby", 1.5, True, ["a", b"b"], object()])
async def test_an_invalid_room_raises(world: World, room: Any) -> None:
    for call in (world.server.to, world.server.except_, world.server.sockets_join):
        with pytest.raises(TypeError, match="a room is a str or an int, not "):
            call(room)


@pytest.mark.parametrize(
    ("seconds", "error"),
    [("5", TypeError), (True, TypeError), (-1, ValueError), (float("nan"), ValueError)],
)
async def test_an_invalid_timeout_raises(
    world: World, seconds: Any, error: type[Exception]
) -> None:
    _, socket = await join(world)
    for call in (
        lambda: socket.timeout(seconds),
        lambda: world.server.timeout(seconds),
        lambda: socket.emit_with_ack("e", timeout=seconds),
        lambda: world.server.emit_with_ack("e", timeout=seconds),
    ):
        with pytest.raises(error, match="a timeout is a number of seconds"):
            call()


async def test_an_invalid_callback_raises(world: World) -> None:
    _, socket = await join(world)
    wrong: Any = {"x": 1}
    for emitter in (socket, world.server, world.server.of("/"), world.server.to("r").timeout(1)):
        with pytest.raises(TypeError, match="a callback is a function, not dict"):
            emitter.emit("e", callback=wrong)
    assert world.core.of("emit") == []


async def test_no_rooms_reach_nobody(world: World) -> None:
    world.server.to([]).emit("e")
    assert broadcasts(world) == []


async def test_a_socket_s_id_names_that_socket(world: World) -> None:
    _, socket = await join(world)
    world.server.to([socket.id, "r"]).emit("e")
    world.server.except_(socket.id).emit("e")
    assert broadcasts(world) == [
        ("broadcast", "/", ["e"], [socket.id, "r"], []),
        ("broadcast", "/", ["e"], [], [socket.id]),
    ]


async def test_a_room_may_have_the_name_of_a_socket_s_id(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a client may join such a room, it gets the events for that socket."""
    monkeypatch.setattr(world.server, "_allow_private_rooms", True)
    _, socket = await join(world)
    _, follower = await join(world)
    heard: list[tuple[Any, ...]] = []
    follower.on_any_outgoing(lambda *event: heard.append(event))
    follower.join(socket.id)
    world.server.to(socket.id).emit("e")
    world.server.except_(socket.id).emit("f")
    assert broadcasts(world) == [
        ("broadcast", "/", ["e"], [socket.id], []),
        ("broadcast", "/", ["f"], [], [socket.id]),
    ]
    assert set(world.server.to(socket.id).fetch_sockets()) == {socket, follower}
    assert heard == [("e",)]
    follower.leave(socket.id)
    world.server.to(socket.id).emit("g")
    assert world.server.to(socket.id).fetch_sockets() == [socket]
    assert heard == [("e",)]


async def test_a_socket_broadcasts_to_the_others(world: World) -> None:
    _, socket = await join(world)
    socket.broadcast.emit("e")
    socket.to("r").emit("e")
    socket.volatile.except_("quiet").emit("e")
    assert broadcasts(world) == [
        ("broadcast", "/", ["e"], [], [socket.id]),
        ("broadcast", "/", ["e"], ["r"], [socket.id]),
        ("broadcast", "/", ["e"], [], [socket.id, "quiet"], {"volatile": True}),
    ]


async def test_volatile_to_the_client_itself(world: World) -> None:
    number, socket = await join(world)
    await socket.volatile.emit("e", 1)
    assert world.core.of("emit") == [("emit", number, ["e", 1], None, "volatile")]


@pytest.mark.parametrize("chain", ["volatile", "compress"])
async def test_a_chain_to_the_client_itself_takes_a_callback(world: World, chain: str) -> None:
    number, socket = await join(world)
    emitter = socket.volatile if chain == "volatile" else socket.compress(False)
    answers: list[Any] = []
    await emitter.emit("e", 1, callback=lambda *args: answers.append(args))
    callback_id = world.core.of("emit")[-1][3]
    world.dispatcher.acknowledged(number, callback_id, ["a", "b"])
    assert answers == [("a", "b")]


async def test_a_callback_cannot_have_a_timeout(world: World) -> None:
    _, socket = await join(world)
    with pytest.raises(ValueError, match=r"emit_with_ack\(\)"):
        socket.timeout(1).emit("e", callback=print)
    assert world.core.of("emit") == []


async def test_compress_is_passed_on(world: World) -> None:
    _, socket = await join(world)
    uncompressed = {"compress": False}
    for chain in (
        world.server.compress(False),
        world.server.to("r").compress(True).compress(False),
        world.server.of("/").compress(False),
        socket.broadcast.compress(False),
        socket.compress(False).broadcast,
        world.server.to("r").compress(False).compress(True),
    ):
        chain.emit("e")
    assert [call[5:] for call in broadcasts(world)] == [(uncompressed,)] * 5 + [()]
    socket.compress(False).emit("e")
    socket.volatile.compress(False).emit("e")
    socket.compress(False).compress(True).emit("e")
    assert [call[4:] for call in world.core.of("emit")] == [
        ("uncompressed",),
        ("volatile", "uncompressed"),
        (),
    ]


async def test_an_emit_with_an_acknowledgement_can_decline_compression(world: World) -> None:
    _, socket = await join(world)
    pending = [
        asyncio.ensure_future(asked)
        for asked in (
            socket.compress(False).emit_with_ack("one"),
            world.server.compress(False).emit_with_ack("two"),
        )
    ]
    assert [call[4:] for call in world.core.of("emit")] == [("uncompressed",)] * 2
    for task in pending:
        task.cancel()


async def test_emitting_to_a_namespace_does_not_create_it(world: World) -> None:
    world.server.emit("e", namespace="/nowhere")
    assert world.server.find("/nowhere") is None
    assert broadcasts(world) == [("broadcast", "/nowhere", ["e"], [], [])]


@pytest.mark.parametrize("event", ["connect", "disconnecting"])
async def test_reserved_names_are_refused_at_the_call(world: World, event: str) -> None:
    with pytest.raises(ValueError, match="reserved"):
        world.server.to("r").emit(event)


async def test_without_a_server_emitting_raises() -> None:
    with pytest.raises(RuntimeError, match=r"no Socket\.IO server"):
        sio.get_socketio_server().to("r").emit("e")


# --- acknowledgements ---


def answer_latest(world: World, number: int, *args: Any) -> None:
    (*_, callback_id) = next(call for call in reversed(world.core.of("emit")) if call[1] == number)
    world.dispatcher.acknowledged(number, callback_id, list(args))


@pytest.mark.parametrize(("args", "result"), [((), None), ((1,), 1), ((1, 2), [1, 2])])
async def test_an_acknowledgement_can_be_awaited(
    world: World, args: tuple[Any, ...], result: Any
) -> None:
    number, socket = await join(world)
    answer = socket.emit_with_ack("ready?", timeout=10)
    answer_latest(world, number, *args)
    assert await answer == result
    assert not socket._answers


async def test_an_acknowledgement_that_does_not_come_in_time(world: World) -> None:
    _, socket = await join(world)
    with pytest.raises(sio.AckTimeout, match=r"0\.01 s"):
        await socket.timeout(0.01).emit_with_ack("ready?")
    assert not socket._answers
    assert not socket._callbacks


async def test_an_acknowledgement_of_a_client_that_disconnects(world: World) -> None:
    number, socket = await join(world)
    answer = socket.emit_with_ack("ready?")
    world.leave(number)
    with pytest.raises(sio.AckTimeout, match="disconnected"):
        await asyncio.wait_for(answer, 10)
    with pytest.raises(sio.AckTimeout, match="disconnected"):
        await socket.emit_with_ack("still there?")


async def test_an_unencodable_value_raises_at_the_call(world: World) -> None:
    _, socket = await join(world)
    with pytest.raises(TypeError):
        socket.emit_with_ack("e", object())
    assert not socket._answers
    assert not socket._callbacks


async def test_acknowledgements_of_a_room(world: World) -> None:
    first, one = await join(world)
    second, two = await join(world)
    third, _ = await join(world)
    one.join("r")
    two.join("r")
    answers = asyncio.ensure_future(
        world.server.to("r").timeout(10).emit_with_ack("vote")  # type: ignore[arg-type]
    )
    answer_latest(world, first, "yes")
    answer_latest(world, second, "no")
    assert sorted(await answers) == ["no", "yes"]
    assert third not in [call[1] for call in world.core.of("emit")]


async def test_acknowledgements_of_some_clients_only(world: World) -> None:
    first, _ = await join(world)
    await join(world)
    asked = world.server.timeout(0.05).emit_with_ack("vote")
    answer_latest(world, first, "yes")
    with pytest.raises(sio.AckTimeout, match="1 of 2") as caught:
        await asked
    assert caught.value.responses == ["yes"]


# --- calls on many sockets ---


async def test_sockets_can_be_fetched(world: World) -> None:
    _, one = await join(world)
    _, two = await join(world)
    one.join("r")
    two.join("r")
    two.join("quiet")
    server = world.server
    assert server.fetch_sockets() == [one, two]
    assert server.to("r").except_("quiet").fetch_sockets() == [one]
    assert server.to(two.id).fetch_sockets() == [two]
    assert one.broadcast.fetch_sockets() == [two]
    assert server.to("nobody's").fetch_sockets() == []


async def test_sockets_that_are_not_connected_are_not_fetched(world: World) -> None:
    number, _ = await join(world)
    pending = world.ask()
    assert len(world.server.fetch_sockets()) == 1
    await world.idle()
    assert len(world.server.fetch_sockets()) == 2
    world.leave(number)
    world.leave(pending)
    await world.idle()
    assert world.server.fetch_sockets() == []
    gc.collect()
    assert world.server.of("/")._sockets == {}


async def test_rooms_and_connections_of_many(world: World) -> None:
    first, one = await join(world)
    second, two = await join(world)
    one.join("r")
    world.server.to("r").sockets_join(["x", 1])
    world.server.sockets_leave("r")
    world.server.to("x").disconnect_sockets()
    world.server.except_("x").disconnect_sockets(close=True)
    assert world.core.of("join", "leave", "close_socket") == [
        ("join", first, "r"),
        ("join", first, "x"),
        ("join", first, "1"),
        ("leave", first, "r"),
        ("leave", second, "r"),
        ("close_socket", first, False),
        ("close_socket", second, True),
    ]
    assert two.rooms == set()
