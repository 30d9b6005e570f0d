"""Several consumers on one namespace, middleware, handlers of any event, concurrent handlers."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


def consumer(**attributes: Any) -> type[sio.SocketIOConsumer]:
    kind = type("Consumer", (sio.SocketIOConsumer,), attributes)
    kind.as_asgi()
    return kind


# --- several consumers ---


async def test_all_consumers_of_a_namespace_see_a_client() -> None:
    seen: list[Any] = []

    def make(name: str) -> type[sio.SocketIOConsumer]:
        async def connect(self: Any, socket: Any, auth: Any) -> bool:
            seen.append((name, "connect", type(self) in socket.consumers))
            return True

        async def event_both(self: Any, socket: Any, value: int) -> None:
            seen.append((name, "both", value))

        async def event_own(self: Any, socket: Any, value: int, ack: Any = None) -> None:
            await ack(name, value)

        async def disconnect(self: Any, socket: Any, reason: str) -> None:
            seen.append((name, reason))

        return consumer(
            connect=connect,
            event_both=event_both,
            disconnect=disconnect,
            **{f"event_{name}": event_own},
        )

    first, second = make("first"), make("second")
    world = World()
    socket = await world.join()
    world.send(socket, "both", 1, ack_id=1)
    world.send(socket, "second", 2, ack_id=2)
    world.leave(socket)
    await world.idle()
    assert seen == [
        ("first", "connect", True),
        ("second", "connect", True),
        ("first", "both", 1),
        ("second", "both", 1),
        ("first", "client_disconnect"),
        ("second", "client_disconnect"),
    ]
    assert world.core.of("ack") == [("ack", socket, 1, []), ("ack", socket, 2, ["second", 2])]
    assert world.core.events_done_of(socket) == 2
    assert first is not second


async def test_a_client_must_be_accepted_by_every_consumer() -> None:
    asked: list[str] = []

    async def refuse(self: Any, socket: Any, auth: Any) -> bool:
        asked.append("first")
        return False

    async def accept(self: Any, socket: Any, auth: Any) -> bool:
        asked.append("second")
        return True

    consumer(connect=refuse)
    consumer(connect=accept)
    world = World()
    socket = world.ask()
    await world.idle()
    assert world.core.of("refuse_socket") == [("refuse_socket", socket, "Not authorized", None)]
    assert asked == ["first"]


# --- middleware ---


async def test_middleware_comes_before_connect_handlers_in_order() -> None:
    seen: list[Any] = []
    namespace = sio.get_socketio_server().of("/")

    @namespace.use
    async def first(socket: Any, auth: Any) -> None:
        seen.append(("first", auth))

    @namespace.use
    def second(socket: Any, auth: Any) -> None:
        seen.append(("second", threading.current_thread() is threading.main_thread()))

    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        seen.append("connect")
        return True

    consumer(connect=connect)
    await World().join(auth={"token": 1})
    assert seen == [("first", {"token": 1}), ("second", False), "connect"]


async def test_middleware_may_refuse_a_client() -> None:
    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        raise AssertionError("called")

    consumer(connect=connect)

    @sio.get_socketio_server().of("/").use
    async def refuse(socket: Any, auth: Any) -> None:
        raise sio.ConnectionRefused("too many", {"limit": 3})

    world = World()
    socket = world.ask()
    await world.idle()
    assert world.core.of("refuse_socket") == [("refuse_socket", socket, "too many", {"limit": 3})]


async def test_no_handler_is_called_for_a_client_that_disconnects_during_middleware() -> None:
    called: list[str] = []

    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        called.append("connect")
        return True

    async def disconnect(self: Any, socket: Any, reason: str) -> None:
        called.append("disconnect")

    consumer(connect=connect, disconnect=disconnect)
    entered, go = asyncio.Event(), asyncio.Event()
    server = sio.get_socketio_server()

    @server.of("/").use
    async def slow(socket: Any, auth: Any) -> None:
        await socket.join("room")
        entered.set()
        await go.wait()

    @server.of("/").use
    async def next_one(socket: Any, auth: Any) -> None:
        called.append("middleware")

    world = World()
    socket = world.ask()
    await entered.wait()
    world.leave(socket)
    go.set()
    await world.idle()
    assert called == []
    assert world.core.of("accept_socket") == []
    assert not world.dispatcher._connections
    assert server.of("/").rooms() == {}
    assert server.of("/").socket(f"id{socket}") is None


async def test_the_server_s_middleware_is_that_of_the_default_namespace() -> None:
    seen: list[Any] = []
    server = sio.get_socketio_server()
    server.of("/other")

    @server.use
    async def middleware(socket: Any, auth: Any) -> None:
        seen.append((socket.namespace, auth))

    world = World()
    await world.join(auth={"token": 1})
    await world.join("/other")
    assert seen == [("/", {"token": 1})]


async def test_middleware_of_a_socket_gets_every_event_and_may_drop_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handled: list[Any] = []

    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        @socket.use
        async def check(event: str, *args: Any) -> None:
            if event == "admin":
                raise sio.EventRefused("not for you", {"needed": "staff"})
            if event == "broken":
                raise ValueError("a bug in the middleware")

        return True

    async def any_event(self: Any, socket: Any, event: str, *args: Any) -> None:
        handled.append((event, *args))

    consumer(connect=connect, any=sio.any_event(any_event))
    world = World()
    socket = await world.join()
    for number, event in enumerate(["admin", "broken", "fine"]):
        world.send(socket, event, number, ack_id=number)
    await world.idle()
    assert handled == [("fine", 2)]
    assert world.core.of("ack") == [
        ("ack", socket, 0, [{"error": "not for you", "data": {"needed": "staff"}}]),
        ("ack", socket, 1, [{"error": "Internal server error"}]),
        ("ack", socket, 2, []),
    ]
    assert world.core.events_done_of(socket) == 3
    assert "a bug in the middleware" in caplog.text
    assert "not for you" not in caplog.text


# --- any event ---


async def test_any_event_gets_events_without_a_handler() -> None:
    seen: list[Any] = []

    class Consumer(sio.SocketIOConsumer):
        async def event_known(self, socket: Any, *args: Any) -> None:
            seen.append(("known", args))

        @sio.any_event
        async def rest(self, socket: Any, event: str, *args: Any, ack: Any = None) -> None:
            seen.append((event, args))
            if ack:
                ack("rest")

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "known", 1)
    world.send(socket, "un known", 2, ack_id=7)
    await world.idle()
    assert seen == [("known", (1,)), ("un known", (2,))]
    assert world.core.of("ack") == [("ack", socket, 7, ["rest"])]


# --- concurrent handlers ---


async def test_an_event_may_be_called_by_a_number() -> None:
    """As in JavaScript, where `emit(1)` reaches listeners for "1"."""
    seen: list[Any] = []

    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        socket.on("2", lambda *args: seen.append(("listener", *args)))
        socket.on_any(lambda event, *args: seen.append(("any", event)))
        return True

    async def one(self: Any, socket: Any, *args: Any) -> None:
        seen.append(("handler", *args))

    async def rest(self: Any, socket: Any, event: str, *args: Any) -> None:
        seen.append(("rest", event, *args))

    consumer(connect=connect, one=sio.event("1")(one), rest=sio.any_event(rest))
    world = World()
    socket = await world.join()
    world.send(socket, 1, "a")
    world.send(socket, 2, "b")
    world.send(socket, 3.5, "c")
    await world.idle()
    assert seen == [
        ("any", "1"),
        ("handler", "a"),
        ("any", "2"),
        ("listener", "b"),
        ("any", "3.5"),
        ("rest", "3.5", "c"),
    ]


async def test_a_concurrent_handler_does_not_delay_later_events() -> None:
    release = asyncio.Event()
    seen: list[str] = []

    class Consumer(sio.SocketIOConsumer):
        @sio.concurrent
        async def event_slow(self, socket: Any) -> None:
            await release.wait()
            seen.append("slow")

        async def event_quick(self, socket: Any) -> None:
            seen.append("quick")

        async def disconnect(self, socket: Any, reason: str) -> None:
            seen.append("disconnect")

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "slow", ack_id=1)
    world.send(socket, "quick", ack_id=2)
    world.leave(socket)
    await world.core.until(lambda: world.core.of("ack") == [("ack", socket, 2, [])])
    assert seen == ["quick"]
    release.set()
    await world.idle()
    assert seen == ["quick", "slow", "disconnect"]
    assert world.core.events_done_of(socket) == 2


async def test_a_concurrent_handler_that_raises_is_acknowledged_like_any_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Consumer(sio.SocketIOConsumer):
        @sio.concurrent
        async def event_slow(self, socket: Any) -> None:
            raise ValueError("in a task of its own")

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "slow", ack_id=1)
    await world.idle()
    assert world.core.of("ack") == [("ack", socket, 1, [{"error": "Internal server error"}])]
    assert "in a task of its own" in caplog.text


async def test_concurrent_handlers_are_cancelled_when_the_server_closes() -> None:
    cancelled = asyncio.Event()

    class Consumer(sio.SocketIOConsumer):
        @sio.concurrent
        async def event_slow(self, socket: Any) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "slow")
    await world.core.until(lambda: True)
    while not world.dispatcher._connections[socket]._beside:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    await world.dispatcher.close(0.01)
    assert cancelled.is_set()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_a_handler_that_exits_affects_only_its_event(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    class Consumer(sio.SocketIOConsumer):
        async def event_exit(self, socket: Any) -> None:
            raise error(3)

        async def event_refuse(self, socket: Any) -> None:
            raise sio.EventRefused("not now")

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "exit", ack_id=1)
    world.send(socket, "refuse", ack_id=2)
    await world.idle()
    assert world.core.of("ack") == [
        ("ack", socket, 1, [{"error": "Internal server error"}]),
        ("ack", socket, 2, [{"error": "not now"}]),
    ]
    assert world.core.events_done_of(socket) == 2
    assert error.__name__ in caplog.text
