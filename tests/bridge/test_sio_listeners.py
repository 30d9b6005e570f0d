"""Listeners of one socket: on, once, on_any, on_any_outgoing and others."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import sio
from sio_fakes import World


@pytest.fixture(autouse=True)
def reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)


@pytest.fixture
def world(reset: None) -> World:
    return World()


async def join(world: World) -> tuple[int, Any]:
    number = await world.join()
    return number, world.dispatcher._connections[number].socket


async def send(world: World, number: int, *args: Any, ack_id: int | None = None) -> None:
    world.send(number, *args, ack_id=ack_id)
    await world.idle()


def failing(*args: Any) -> None:
    raise RuntimeError("on purpose")


# --- on, once, off ---


async def test_a_socket_can_have_its_own_handlers(world: World) -> None:
    number, socket = await join(world)
    other, _ = await join(world)
    heard: list[Any] = []
    socket.on("draw", lambda *args: heard.append(args))

    @socket.on("draw")
    async def draw(*args: Any) -> None:
        heard.append(("async", *args))

    await send(world, number, "draw", 1, 2, ack_id=7)
    await send(world, other, "draw", 3, ack_id=8)
    assert heard == [(1, 2), ("async", 1, 2)]
    # Acknowledged when they have returned; the other client's event has no handler.
    assert world.core.of("ack") == [("ack", number, 7, []), ("ack", other, 8, [3])]


async def test_socket_handlers_run_after_the_namespace_s_handlers(world: World) -> None:
    heard: list[str] = []

    @world.server.of("/").on("draw")
    async def draw(socket: Any, args: Any, ack: Any) -> None:
        heard.append("namespace")

    number, socket = await join(world)
    socket.on("draw", lambda: heard.append("socket"))
    await send(world, number, "draw")
    assert heard == ["namespace", "socket"]


async def test_any_event_is_not_called_for_events_that_a_socket_handles(world: World) -> None:
    heard: list[Any] = []

    class Consumer(sio.SocketIOConsumer):
        @sio.any_event
        async def anything(self, socket: Any, event: str, *args: Any) -> None:
            heard.append(("any", event))

    world.server.of("/").use_consumer(Consumer)
    number, socket = await join(world)
    socket.on("draw", lambda: heard.append("own"))
    await send(world, number, "draw")
    await send(world, number, "other")
    assert heard == ["own", ("any", "other")]


async def test_a_listener_acknowledges_when_it_takes_ack(world: World) -> None:
    number, socket = await join(world)

    @socket.on("add")
    async def add(one: int, two: int, ack: Any = None) -> None:
        await ack(one + two)

    await send(world, number, "add", 1, 2, ack_id=7)
    assert world.core.of("ack") == [("ack", number, 7, [3])]


async def test_a_listener_that_raises_is_handled_like_any_handler(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    number, socket = await join(world)
    socket.on("draw", failing)
    await send(world, number, "draw", ack_id=7)
    assert world.core.of("ack") == [("ack", number, 7, [{"error": "Internal server error"}])]
    assert "on purpose" in caplog.text


async def test_a_once_listener_is_called_once(world: World) -> None:
    number, socket = await join(world)
    heard: list[Any] = []
    socket.once("draw", heard.append)
    world.send(number, "draw", 1)
    world.send(number, "draw", 2)
    await world.idle()
    assert heard == [1]
    assert socket.listeners("draw") == []


async def test_an_event_that_middleware_refuses_does_not_count_for_once(world: World) -> None:
    number, socket = await join(world)
    heard: list[Any] = []
    socket.once("draw", heard.append)
    refusing = True

    @socket.use
    async def refuse(event: str, *args: Any) -> None:
        if refusing:
            raise sio.EventRefused("no")

    await send(world, number, "draw", 1)
    refusing = False
    await send(world, number, "draw", 2)
    assert heard == [2]


async def test_off_removes_listeners(world: World) -> None:
    number, socket = await join(world)
    heard: list[Any] = []

    def first(value: Any) -> None:
        heard.append(("first", value))

    def second(value: Any) -> None:
        heard.append(("second", value))

    socket.on("draw", first)
    socket.once("draw", second)
    assert socket.listeners("draw") == [first, second]
    socket.off("draw", first)
    await send(world, number, "draw", 1)
    socket.on("draw", first)
    socket.on("draw", second)
    socket.off("draw")
    socket.off("never there", first)
    await send(world, number, "draw", 2)
    assert heard == [("second", 1)]


async def test_disconnect_listeners(world: World) -> None:
    heard: list[Any] = []

    class Consumer(sio.SocketIOConsumer):
        async def disconnect(self, socket: Any, reason: str) -> None:
            heard.append("consumer")

    world.server.of("/").use_consumer(Consumer)
    number, socket = await join(world)
    socket.join("r")
    socket.on("disconnect", lambda reason: heard.append(("disconnect", reason)))
    socket.on("disconnecting", lambda reason: heard.append((reason, set(socket.rooms))))
    socket.on(
        "disconnecting", lambda _: heard.append((socket.connected, socket.name_space.rooms()))
    )
    world.leave(number, "client_disconnect")
    await world.idle()
    assert heard == [
        ("client_disconnect", {"r"}),
        (False, {}),
        "consumer",
        ("disconnect", "client_disconnect"),
    ]


@pytest.mark.parametrize("event", ["connect", "connect_error", "newListener"])
async def test_reserved_names_have_no_listeners(world: World, event: str) -> None:
    _, socket = await join(world)
    for method in (socket.on, socket.once):
        with pytest.raises(ValueError, match="reserved"):
            method(event)


# --- on_any ---


async def test_on_any_is_called_first_for_every_event(world: World) -> None:
    number, socket = await join(world)
    heard: list[Any] = []
    socket.on("draw", lambda *args: heard.append(("handler", *args)))

    @socket.use
    async def middleware(event: str, *args: Any) -> None:
        heard.append(("middleware", event))
        if event == "refused":
            raise sio.EventRefused("no")

    @socket.on_any
    async def second(event: str, *args: Any) -> None:
        heard.append(("second", event, *args))

    @socket.prepend_any
    def first(event: str, *args: Any) -> None:
        heard.append(("first", event, *args))

    assert socket.listeners_any() == [first, second]
    await send(world, number, "draw", 1)
    await send(world, number, "refused")
    await send(world, number, "unknown", 2, ack_id=7)
    assert heard == [
        ("first", "draw", 1),
        ("second", "draw", 1),
        ("middleware", "draw"),
        ("handler", 1),
        ("first", "refused"),
        ("second", "refused"),
        ("middleware", "refused"),
        ("first", "unknown", 2),
        ("second", "unknown", 2),
        ("middleware", "unknown"),
    ]
    # A listener is not a handler: the client of an unknown event gets its arguments back.
    assert world.core.of("ack") == [("ack", number, 7, [2])]

    socket.off_any(second)
    assert socket.listeners_any() == [first]
    socket.off_any()
    assert socket.listeners_any() == []


async def test_an_event_is_handled_when_on_any_raises(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    number, socket = await join(world)
    heard: list[Any] = []
    socket.on_any(failing)
    socket.on("draw", heard.append)
    await send(world, number, "draw", 1, ack_id=7)
    assert heard == [1]
    assert world.core.of("ack") == [("ack", number, 7, [])]
    assert "on purpose" in caplog.text


# --- on_any_outgoing ---


async def test_on_any_outgoing_is_called_for_emits_to_the_client(world: World) -> None:
    _, socket = await join(world)
    heard: list[Any] = []
    socket.on_any_outgoing(lambda *args: heard.append(args))
    socket.emit("one", 1)
    socket.send("text")
    socket.volatile.emit("two")
    answer = socket.emit_with_ack("three")
    socket.emit("four", callback=print)
    assert heard == [("one", 1), ("message", "text"), ("two",), ("three",), ("four",)]
    with pytest.raises(TypeError):
        socket.emit("five", object())
    assert len(heard) == 5
    socket.disconnect()
    socket.emit("six")
    assert len(heard) == 5
    del answer


async def test_on_any_outgoing_is_called_for_broadcasts_that_reach_the_client(world: World) -> None:
    _, socket = await join(world)
    _, other = await join(world)
    heard: list[Any] = []
    socket.on_any_outgoing(heard.append)
    other.on("never", heard.append)
    server = world.server
    socket.join("r")
    server.emit("all")
    server.to("r").emit("room")
    server.to(["x", socket.id]).emit("id")
    other.broadcast.emit("others")
    server.emit("keyword", room="r")
    # None of these:
    server.to("x").emit("other room")
    server.to([]).emit("nobody")
    server.except_("r").emit("but this room")
    server.except_(socket.id).emit("but this socket")
    socket.broadcast.emit("but me")
    server.of("/chat").emit("other namespace")
    assert heard == ["all", "room", "id", "others", "keyword"]

    asked = server.to("r").emit_with_ack("asked", timeout=1)
    assert heard[-1] == "asked"
    asked.close()  # type: ignore[attr-defined]

    socket.off_any_outgoing(heard.append)
    server.emit("later")
    assert heard[-1] == "asked"
    assert not server.of("/").outgoing_watched


async def test_outgoing_listeners_in_order_and_their_failures(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    _, socket = await join(world)
    heard: list[Any] = []

    def last(event: str) -> None:
        heard.append(("last", event))

    def first(event: str) -> None:
        heard.append(("first", event))

    socket.on_any_outgoing(last)
    socket.prepend_any_outgoing(failing)
    socket.prepend_any_outgoing(first)
    assert socket.listeners_any_outgoing() == [first, failing, last]
    world.server.emit("e")
    assert heard == [("first", "e"), ("last", "e")]
    assert "on purpose" in caplog.text
    socket.off_any_outgoing()
    assert socket.listeners_any_outgoing() == []


async def test_outgoing_listeners_run_in_the_emitting_thread(world: World) -> None:
    _, socket = await join(world)
    threads: list[Any] = []
    socket.on_any_outgoing(lambda *args: threads.append(threading.current_thread()))
    socket.emit("here")
    thread = threading.Thread(target=world.server.emit, args=("there",))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert threads == [threading.main_thread(), thread]


async def test_an_outgoing_listener_cannot_be_async(world: World) -> None:
    _, socket = await join(world)

    async def listener(event: str) -> None: ...

    with pytest.raises(TypeError, match="plain"):
        socket.on_any_outgoing(listener)


async def test_listeners_are_removed_with_the_client(world: World) -> None:
    number, socket = await join(world)
    socket.on_any_outgoing(print)
    socket.on_any(print)
    socket.on("e", print)
    world.leave(number)
    await world.idle()
    assert not world.server.of("/").outgoing_watched
    assert socket.listeners_any() == socket.listeners("e") == socket.listeners_any_outgoing() == []
