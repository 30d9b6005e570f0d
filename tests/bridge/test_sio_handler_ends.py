"""A handler that raises affects nothing else: the next event is handled, and disconnect is called
once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio_fakes import World

ERROR = {"error": "Internal server error"}


class OwnError(BaseException):
    pass


def raises(kind: type[BaseException]) -> Callable[[], Awaitable[None]]:
    async def end() -> None:
        raise kind

    return end


async def cancels_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def is_cancelled_while_it_waits() -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)
    await asyncio.Event().wait()


async def asks_for_its_cancellation_and_raises() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    raise LookupError


async def is_given_generator_exit_by_a_future() -> None:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_exception, GeneratorExit())
    await future


ENDS = {
    "future_generator_exit": is_given_generator_exit_by_a_future,
    "cancels_itself": cancels_itself,
    "is_cancelled": is_cancelled_while_it_waits,
    "asks_for_cancellation": asks_for_its_cancellation_and_raises,
    "cancelled_error": raises(asyncio.CancelledError),
    "keyboard_interrupt": raises(KeyboardInterrupt),
    "system_exit": raises(SystemExit),
    "generator_exit": raises(GeneratorExit),
    "stop_iteration": raises(StopIteration),
    "own": raises(OwnError),
}
RAISED = (
    StopIteration,
    KeyboardInterrupt,
    SystemExit,
    GeneratorExit,
    OwnError,
    asyncio.CancelledError,
)


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


@pytest.fixture(params=ENDS)
def end(request: pytest.FixtureRequest) -> Callable[[], Awaitable[None]]:
    return ENDS[request.param]


@pytest.fixture(params=RAISED, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[BaseException]:
    return request.param  # type: ignore[no-any-return]


class Seen(sio.SocketIOConsumer):
    """Notes the arguments of its handlers."""

    seen: list[Any]

    def __init_subclass__(cls) -> None:
        cls.seen = []

    async def event_next(self, socket: Any, number: int = 0) -> None:
        await asyncio.sleep(0)  # a cancellation from outside would be raised here
        self.seen.append(number)

    async def disconnect(self, socket: Any, reason: str) -> None:
        await asyncio.sleep(0)
        self.seen.append("disconnect")


async def goes_on(world: World, socket: int, seen: list[Any]) -> None:
    """The socket's next event is handled, and then its disconnect."""
    world.send(socket, "next", 1)
    world.leave(socket)
    await asyncio.wait_for(world.idle(), 5)
    assert seen == [1, "disconnect"]
    assert not world.dispatcher._connections


async def test_an_event(
    end: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    class Consumer(Seen):
        async def event_ends(self, socket: Any) -> None:
            await end()

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "ends", ack_id=7)
    await goes_on(world, socket, Consumer.seen)
    assert world.core.of("ack") == [("ack", socket, 7, [ERROR])]
    assert world.core.events_done_of(socket) == 2
    assert "'ends' failed" in caplog.text


async def test_a_concurrent_event(
    end: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    class Consumer(Seen):
        @sio.concurrent
        async def event_ends(self, socket: Any) -> None:
            await end()

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "ends", ack_id=7)
    await goes_on(world, socket, Consumer.seen)
    assert world.core.of("ack") == [("ack", socket, 7, [ERROR])]
    assert world.core.events_done_of(socket) == 2
    assert "'ends' failed" in caplog.text


async def test_an_event_in_a_thread(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    class Consumer(Seen):
        def event_ends(self, socket: Any) -> None:
            raise kind

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "ends", ack_id=7)
    await goes_on(world, socket, Consumer.seen)
    assert world.core.of("ack") == [("ack", socket, 7, [ERROR])]
    assert kind.__name__ in caplog.text


async def test_a_handler_that_cancels_without_waiting_has_no_effect_on_the_next() -> None:
    class Consumer(Seen):
        async def event_ends(self, socket: Any) -> None:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "ends", ack_id=7)
    await goes_on(world, socket, Consumer.seen)
    assert world.core.of("ack") == [("ack", socket, 7, [])]


async def test_more_failures_than_may_be_in_flight_do_not_block_the_socket(
    end: Callable[[], Awaitable[None]],
) -> None:
    class Consumer(Seen):
        async def event_ends(self, socket: Any) -> None:
            await end()

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    for _ in range(300):
        world.send(socket, "ends")
    await goes_on(world, socket, Consumer.seen)
    assert world.core.events_done_of(socket) == 301


@pytest.mark.parametrize("where", ["connect", "middleware"])
async def test_connecting(
    end: Callable[[], Awaitable[None]], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = []

    async def first_fails() -> None:
        attempts.append(where)
        if len(attempts) == 1:
            await end()

    class Consumer(Seen):
        async def connect(self, socket: Any, auth: Any) -> bool:
            if where == "connect":
                await first_fails()
            return True

    Consumer.as_asgi()
    world = World()
    if where == "middleware":

        @world.server.use
        async def middleware(socket: Any, auth: Any) -> None:
            await first_fails()

    socket = world.ask()
    await asyncio.wait_for(world.idle(), 5)
    assert world.core.of("refuse_socket") == [
        ("refuse_socket", socket, "Internal server error", None)
    ]
    assert "'connect' failed" in caplog.text
    await goes_on(world, await world.join(), Consumer.seen)


async def test_middleware_of_events(end: Callable[[], Awaitable[None]]) -> None:
    class Consumer(Seen):
        async def connect(self, socket: Any, auth: Any) -> bool:
            @socket.use
            async def middleware(event: str, *args: Any) -> None:
                if event == "ends":
                    await end()

            return True

        async def event_ends(self, socket: Any) -> None:
            pytest.fail("called")

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "ends", ack_id=7)
    await goes_on(world, socket, Consumer.seen)
    assert world.core.of("ack") == [("ack", socket, 7, [ERROR])]


@pytest.mark.parametrize("way", [way for way in ENDS if way != "future_generator_exit"])
async def test_listeners_of_any_event(way: str, caplog: pytest.LogCaptureFixture) -> None:
    end = ENDS[way]

    class Consumer(Seen):
        async def connect(self, socket: Any, auth: Any) -> bool:
            @socket.on_any
            async def listener(event: str, *args: Any) -> None:
                await end()

            return True

    Consumer.as_asgi()
    world = World()
    await goes_on(world, await world.join(), Consumer.seen)
    assert "'on_any' failed" in caplog.text


async def test_disconnect_handlers_and_hooks(
    end: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    class First(sio.SocketIOConsumer):
        async def disconnect(self, socket: Any, reason: str) -> None:
            seen.append("first")
            await end()

    class Second(Seen):
        async def connect(self, socket: Any, auth: Any) -> bool:
            @socket.on("disconnecting")
            async def disconnecting(reason: str) -> None:
                seen.append("disconnecting")
                await end()

            return True

    First.as_asgi()
    Second.as_asgi()
    world = World()

    for hook in ("hook", "another hook"):

        @world.server.register_disconnect_hook
        async def ended(socket: Any, reason: str, hook: str = hook) -> None:
            await asyncio.sleep(0)
            seen.append(hook)
            await end()

        @world.server.register_connect_hook
        async def began(socket: Any, hook: str = hook) -> None:
            await asyncio.sleep(0)
            seen.append(f"connect {hook}")
            await end()

    await goes_on(world, await world.join(), Second.seen)
    assert seen == [
        *("connect hook", "connect another hook"),
        *("disconnecting", "first", "hook", "another hook"),
    ]
    assert "'connect hook' failed" in caplog.text
    assert "'disconnect' failed" in caplog.text
    assert "'disconnect hook' failed" in caplog.text


async def test_a_signal_handler(
    end: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    drained = []

    class Consumer(Seen):
        async def connect(self, socket: Any, auth: Any) -> bool:
            @socket.on_drain
            async def drain() -> None:
                drained.append(1)
                await end()

            return True

    Consumer.as_asgi()
    world = World()
    session = world.open_session(routed=True)
    socket = world.ask(session=session)
    await world.idle()
    for _ in range(2):
        world.dispatcher.signalled(session, "drain")
        await asyncio.wait_for(world.idle(), 5)
    assert drained == [1, 1]
    assert "'drain' failed" in caplog.text
    await goes_on(world, socket, Consumer.seen)


async def test_a_callback_of_an_acknowledgement(
    end: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    class Consumer(Seen):
        async def event_asks(self, socket: Any) -> None:
            socket.emit("q", callback=lambda: end())

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "asks")
    await world.idle()
    world.dispatcher.acknowledged(socket, 1, [])
    await goes_on(world, socket, Consumer.seen)
    assert "failed" in caplog.text


async def test_a_plain_callback_of_an_acknowledgement(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def callback() -> None:
        raise kind

    class Consumer(Seen):
        async def event_asks(self, socket: Any) -> None:
            socket.emit("q", callback=callback)

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "asks")
    await world.idle()
    world.dispatcher.acknowledged(socket, 1, [])
    await goes_on(world, socket, Consumer.seen)
    assert kind.__name__ in caplog.text


async def test_a_check_of_handshakes(
    end: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    world = World()

    @world.server.allow_request
    async def check(request: Any) -> bool:
        await end()
        return True

    world.dispatcher.handshake(5, {"type": "http", "path": "/socket.io/", "headers": []})
    await asyncio.wait_for(world.idle(), 5)
    assert world.core.of("decide_handshake") == [("decide_handshake", 5, "", (), ())]
    assert "check failed" in caplog.text


async def test_a_plain_check_of_handshakes(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    world = World()

    @world.server.allow_request
    def check(request: Any) -> bool:
        raise kind

    world.dispatcher.handshake(5, {"type": "http", "path": "/socket.io/", "headers": []})
    await asyncio.wait_for(world.idle(), 5)
    assert world.core.of("decide_handshake") == [("decide_handshake", 5, "", (), ())]
    assert kind.__name__ in caplog.text


async def test_a_function_of_dynamic_namespaces(
    end: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    world = World()

    async def admits(name: str, auth: Any) -> bool:
        await end()
        return True

    world.server.of(admits)
    socket = world.ask("/dynamic")
    await asyncio.wait_for(world.idle(), 5)
    assert world.core.of("refuse_socket") == [("refuse_socket", socket, "Invalid namespace")]
    assert "failed for namespace '/dynamic'" in caplog.text
    assert not world.dispatcher.is_busy()


async def test_a_disconnected_client_does_not_join_a_namespace_whose_function_still_runs() -> None:
    world = World()
    asked = asyncio.Event()

    async def admits(name: str, auth: Any) -> bool:
        asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return True

    world.server.of(admits)
    socket = world.ask("/dynamic")
    await asked.wait()
    world.leave(socket)
    await asyncio.wait_for(world.idle(), 5)
    assert not world.dispatcher._connections
    assert world.core.of("accept_socket", "refuse_socket") == []


async def test_a_listener_of_rooms(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    class Consumer(Seen):
        async def connect(self, socket: Any, auth: Any) -> bool:
            await socket.join("room")
            return True

    Consumer.as_asgi()
    world = World()

    @world.server.of("/").adapter.on("leave-room")
    def left(room: str, id: str) -> None:
        raise kind

    await goes_on(world, await world.join(), Consumer.seen)
    assert kind.__name__ in caplog.text


@pytest.mark.parametrize("first", ["connect", "event", "concurrent"])
async def test_a_task_that_is_cancelled_before_its_first_step_still_runs(
    first: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Consumer(Seen):
        @sio.concurrent
        async def event_concurrent(self, socket: Any) -> None:
            self.seen.append("concurrent")

        async def event_cancels_it(self, socket: Any) -> None:
            asyncio.get_running_loop().call_soon(cancel_others)

    def cancel_others() -> None:
        for task in asyncio.all_tasks():
            if task is not test:
                task.cancel()

    test = asyncio.current_task()
    Consumer.as_asgi()
    world = World()
    socket = world.ask()
    if first == "connect":
        cancel_others()
    await world.idle()
    assert ("accept_socket", socket) in world.core.calls
    if first == "event":
        world.send(socket, "next", 1)
        cancel_others()
        await world.idle()
        assert Consumer.seen == [1]
        Consumer.seen.clear()
    if first == "concurrent":
        world.dispatcher._connections[socket].begin_event(["concurrent"], None)
        cancel_others()
        await world.idle()
        assert Consumer.seen == ["concurrent"]
        Consumer.seen.clear()
        assert world.core.events_done_of(socket) == 1
    await goes_on(world, socket, Consumer.seen)


# --- shutdown ---


async def test_at_shutdown_a_cancelled_handler_is_followed_by_disconnect_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Consumer(Seen):
        async def event_forever(self, socket: Any) -> None:
            await asyncio.Event().wait()

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    for event in ("forever", "next", "next"):
        world.send(socket, event)
    world.leave(socket)
    await asyncio.sleep(0)
    with caplog.at_level(logging.WARNING):
        await world.dispatcher.close(0)
    assert Consumer.seen == ["disconnect"]
    assert not world.dispatcher._running()
    assert "'forever' was cancelled" in caplog.text
    assert "not handled, this process stops: 2 events" in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]


async def test_at_shutdown_a_disconnect_handler_that_does_not_end_is_cancelled(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sio.dispatcher.CANCELLATION", 0.01)

    class Consumer(sio.SocketIOConsumer):
        async def event_forever(self, socket: Any) -> None:
            await asyncio.Event().wait()

        async def disconnect(self, socket: Any, reason: str) -> None:
            await asyncio.Event().wait()

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "forever")
    world.leave(socket)
    await world.dispatcher.close(0)
    assert "'disconnect' was cancelled" in caplog.text
    assert not world.dispatcher._connections
