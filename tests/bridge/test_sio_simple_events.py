"""Events whose only handler the native server calls itself, and those that need more."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import Any

import _sioserve
import pytest
import sio
import sio.socketio.server
from asgiref.sync import iscoroutinefunction
from sio.connection import Connection
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


@pytest.fixture
def slow_ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events that were not simple."""
    seen: list[str] = []
    own = Connection.begin_event

    def begin_event(self: Connection, args: list[Any], ack: Any) -> Any:
        seen.append(args[0])
        return own(self, args, ack)

    monkeypatch.setattr(Connection, "begin_event", begin_event)
    return seen


class Consumer(sio.SocketIOConsumer):
    async def event_async(self, socket: Any, *args: Any) -> None:
        socket.data.setdefault("seen", []).append(args)

    async def event_acks(self, socket: Any, number: int, ack: Any = None) -> None:
        if ack is not None:
            await ack(number + 1)

    @sio.event("many", ack="explicit")
    async def many(self, socket: Any, *args: Any, ack: Any = None) -> None:
        await ack(list(args))

    def event_plain(self, socket: Any) -> None: ...

    @sio.concurrent
    async def event_concurrent(self, socket: Any) -> None: ...

    @sio.timeout(5)
    async def event_limited(self, socket: Any) -> None: ...


def seen_by(world: World, socket: int) -> list[Any]:
    connected: list[Any] = world.dispatcher._connections[socket].socket.data.get("seen", [])
    return connected


async def test_handlers_that_are_coroutines_are_called_at_once(slow_ways: list[str]) -> None:
    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "async")
    world.send(socket, "async", 1, "two", ack_id=1)
    world.send(socket, "acks", 3)
    world.send(socket, "acks", 4, ack_id=2)
    world.send(socket, "many", *range(20), ack_id=3)
    await world.idle()
    assert slow_ways == []
    assert seen_by(world, socket) == [(), (1, "two")]
    assert world.core.of("ack") == [
        ("ack", socket, 1, []),
        ("ack", socket, 2, [5]),
        ("ack", socket, 3, [list(range(20))]),
    ]
    assert world.core.events_done_of(socket) == 5


async def test_others_need_more(slow_ways: list[str]) -> None:
    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    names: list[Any] = ["plain", "concurrent", "limited", "unknown", 7]
    for name in names:
        world.send(socket, name)
        await world.idle()
    assert slow_ways == names
    assert world.core.events_done_of(socket) == len(names)


async def test_a_function_is_called_at_once_until_it_is_replaced(slow_ways: list[str]) -> None:
    world = World()
    seen: list[Any] = []

    @sio.on("draw", namespace="/functions")
    async def draw(socket: Any, x: int, ack: Any = None) -> None:
        seen.append((socket.namespace, x, ack is None))

    socket = await world.join("/functions")
    world.send(socket, "draw", 1)
    await world.idle()

    async def listener(socket: Any, args: list[Any], ack: Any) -> None:
        seen.append(args)

    world.server.of("/functions").table.replace("draw", sio.handlers.ListenerHandler(listener))
    world.send(socket, "draw", 2)
    await world.idle()
    assert seen == [("/functions", 1, True), [2]]
    assert slow_ways == ["draw"]


@pytest.mark.parametrize("what", ["on", "on_any", "prepend_any", "use"])
async def test_what_a_socket_adds_applies_to_its_next_event(
    what: str, slow_ways: list[str]
) -> None:
    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    other = await world.join()
    calls: list[Any] = []

    async def added(*args: Any) -> None:
        calls.append(args)

    connected = world.dispatcher._connections[socket].socket
    world.send(socket, "async", 1)
    await world.idle()
    if what == "on":
        connected.on("async", added)
    else:
        getattr(connected, what)(added)
    world.send(socket, "async", 2)
    world.send(other, "async", 3)
    await world.idle()
    assert calls == ([(2,)] if what == "on" else [("async", 2)])
    assert seen_by(world, socket) == [(1,), (2,)]
    assert seen_by(world, other) == [(3,)]
    assert slow_ways == ["async"]


async def test_debug_lines_name_the_events(
    caplog: pytest.LogCaptureFixture, slow_ways: list[str]
) -> None:
    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    logger = logging.getLogger("sio.consumer")
    logger.setLevel(logging.INFO)
    world.send(socket, "async", "quiet")
    await world.idle()
    with caplog.at_level(logging.DEBUG, "sio.consumer"):
        world.send(socket, "async", "loud", ack_id=3)
        await world.idle()
    world.send(socket, "async", "quiet again")
    await world.idle()
    logger.setLevel(logging.NOTSET)
    lines = [r.getMessage() for r in caplog.records if r.levelno == logging.DEBUG]
    (line,) = [line for line in lines if "event 'async'" in line]
    assert "ack 3" in line
    assert "Consumer.event_async" in line
    assert slow_ways == ["async"]
    assert world.core.of("ack") == [("ack", socket, 3, [])]


async def test_a_client_s_arguments_may_not_fit_the_handler(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "acks", ack_id=1)
    world.send(socket, "acks", 1, 2, 3, ack_id=2)
    world.send(socket, "acks", 5, ack_id=3)
    await world.idle()
    failed = [{"error": "Internal server error"}]
    assert world.core.of("ack") == [
        ("ack", socket, 1, failed),
        ("ack", socket, 2, failed),
        ("ack", socket, 3, [6]),
    ]
    assert caplog.text.count("TypeError") >= 2


async def test_ack_is_a_coroutine_function_that_works_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept: list[Any] = []

    class Keeping(sio.SocketIOConsumer):
        async def event_keep(self, socket: Any, ack: Any = None) -> None:
            kept.append(ack)

    Keeping.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "keep", ack_id=9)
    await world.idle()
    (ack,) = kept
    assert iscoroutinefunction(ack)
    assert not ack.sent
    with pytest.raises(TypeError, match="no keyword"):
        ack(number=1)
    with pytest.raises(TypeError):
        ack(object())
    assert not ack.sent
    await asyncio.create_task(ack(1, "two"))
    assert ack.sent
    await ack(3)
    assert "acknowledged twice" in caplog.text
    assert world.core.of("ack") == [("ack", socket, 9, [1, "two"])]


async def test_nothing_keeps_a_connection_that_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its record would keep the frames of the failure.
    monkeypatch.setattr(logging.getLogger("sio.consumer"), "disabled", True)

    class Fine(sio.SocketIOConsumer):
        async def event_e(self, socket: Any) -> None: ...

        async def event_waits(self, socket: Any) -> None:
            await asyncio.sleep(0)

        async def event_fails(self, socket: Any) -> None:
            raise ValueError("on purpose")

    Fine.as_asgi()
    world = World()
    number = await world.join()
    for event in ("e", "waits", "fails"):
        world.send(number, event, ack_id=1)
    await world.idle()
    gone = weakref.ref(world.dispatcher._connections[number].socket.consumer)
    gc.collect()
    gc.disable()
    try:
        world.leave(number)
        await world.idle()
        assert gone() is None
    finally:
        gc.enable()


def test_event_calls_refuse_what_is_no_event() -> None:
    with pytest.raises(TypeError):
        _sioserve.EventCalls([])  # type: ignore[arg-type]
    calls = _sioserve.EventCalls({1: "no connection"})  # type: ignore[dict-item]
    calls.event(2, ["e"], None)
    calls.events(2, [(["e"], None)])
    for wrong in (
        lambda: calls.event(1, ["e"], None),
        lambda: calls.event(2, "e", None),  # type: ignore[arg-type]
        lambda: calls.events(2, 3),  # type: ignore[arg-type]
        lambda: calls.event(2),  # type: ignore[call-arg]
        lambda: calls.event([], ["e"], None),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            wrong()


def test_a_connection_without_a_run_can_t_be_stepped() -> None:
    queue = _sioserve.HandlerQueue.__new__(_sioserve.HandlerQueue)
    with pytest.raises(RuntimeError, match="nothing to do"):
        queue.send(None)
    with pytest.raises(TypeError):
        queue.__init__(1)  # type: ignore[call-arg, misc]
    assert queue.take_steps() == ([], 0)
    assert not queue.is_running
    assert queue.task is None
    with pytest.raises(ValueError, match="thrown"):
        queue.throw(ValueError("thrown"))
    queue.close()
