"""Consumers: connect, events, acknowledgements, disconnect."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading

import pytest
import sio
import sio.socketio.server
from sio import SocketIOConsumer
from sio_fakes import World

ERROR = {"error": "Internal server error"}


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    monkeypatch.setattr(sio.socketio.server, "_server", None)


async def handled(world, socket, *args, ack_id=None):
    """The calls that one event causes."""
    world.core.calls.clear()
    world.send(socket, *args, ack_id=ack_id)
    await world.idle()
    assert world.core.calls[-1][:2] == ("events_done", socket)
    return world.core.calls[:-1]


# --- connect ---


async def test_each_connection_has_its_own_instance():
    seen = []

    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            seen.append((self, socket.consumer, socket.state["consumer"], auth))
            return True

    Consumer.as_asgi()
    world = World()
    await world.join(auth={"token": 1})
    await world.join()
    (first, a, b, auth), (second, *_, no_auth) = seen
    assert first is a is b
    assert first is not second
    assert (auth, no_auth) == ({"token": 1}, {})


@pytest.mark.parametrize("result", [False, None, 0, ""])
async def test_falsy_connect_is_not_authorized(result):
    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            await socket.join("room")
            return result

        async def disconnect(self, socket, reason):
            raise AssertionError("never accepted")

    Consumer.as_asgi()
    world = World()
    socket = world.ask()
    await world.idle()
    assert world.core.of("accept_socket", "refuse_socket") == [
        ("refuse_socket", socket, "Not authorized", None)
    ]
    world.leave(socket)
    await world.idle()


async def test_a_connect_without_a_return_value_is_warned_about_once(caplog):
    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            await socket.join("room")

    class Strict(SocketIOConsumer):
        namespace = "/strict"

        async def connect(self, socket, auth):
            return False

    Consumer.as_asgi()
    Strict.as_asgi()
    world = World()
    for _ in range(3):
        world.ask()
        world.ask("/strict")
    await world.idle()
    assert len(world.core.of("refuse_socket")) == 6
    [warning] = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert "Consumer.connect: returned None" in warning
    assert "return True" in warning


async def test_missing_connect_accepts():
    class Consumer(SocketIOConsumer):
        pass

    Consumer.as_asgi()
    await World().join()


async def test_default_namespace_exists_without_handlers():
    await World().join("/")


async def test_unknown_namespace_is_refused():
    world = World()
    socket = world.ask("/nowhere")
    assert world.core.calls[-1] == ("refuse_socket", socket, "Invalid namespace")


async def test_connection_refused_carries_message_and_data():
    class Consumer(SocketIOConsumer):
        def connect(self, socket, auth):
            raise sio.ConnectionRefused("Too old", {"need": 2})

    Consumer.as_asgi()
    world = World()
    socket = world.ask()
    await world.idle()
    assert world.core.calls[-1] == ("refuse_socket", socket, "Too old", {"need": 2})


async def test_raising_connect_refuses_and_logs(caplog):
    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            raise LookupError("no such account")

    Consumer.as_asgi()
    world = World()
    socket = world.ask()
    await world.idle()
    assert world.core.calls[-1] == ("refuse_socket", socket, "Internal server error", None)
    assert [r.name for r in caplog.records if r.exc_info] == ["sio.consumer"]
    assert "no such account" in caplog.text


async def test_emits_of_connect_are_posted_before_the_accept():
    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            assert not socket.connected
            await socket.emit("welcome")
            return True

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    assert world.core.of("emit", "accept_socket") == [
        ("emit", socket, ["welcome"], None),
        ("accept_socket", socket),
    ]


async def test_disconnect_during_connect_closes_after_the_accept():
    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            socket.disconnect()
            return True

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    assert world.core.of("accept_socket", "close_socket") == [
        ("accept_socket", socket),
        ("close_socket", socket, False),
    ]


# --- events and acknowledgements ---


class Echo:
    async def event_inherited(self, socket, value, ack=None):
        ack("inherited", value)


class Everything(Echo, SocketIOConsumer):
    namespace = "/all"

    async def event_plain(self, socket, *args):
        await socket.emit("got", *args)

    async def event_with_ack(self, socket, *args, ack=None):
        if ack:
            await ack(*args)

    async def event_positional_ack(self, socket, value, ack):
        ack(value) if ack else None

    async def event_kwargs(self, socket, **kwargs):
        assert kwargs == {}

    async def event_local_called_ack(self, socket):
        ack = 1
        del ack

    async def event_never_acks(self, socket, ack=None):
        pass

    async def event_raises(self, socket):
        raise LookupError("broken handler")

    async def event_acks_then_raises(self, socket, ack=None):
        ack(1)
        raise LookupError

    async def event_bad_ack(self, socket, ack=None):
        ack(object())

    def event_sync(self, socket, ack=None):
        ack(threading.current_thread() is threading.main_thread())

    @sio.event("any name!")
    @sio.event("日本")
    async def named(self, socket, ack=None):
        ack("named")

    async def event_awaits_cancelled(self, socket):
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    async def _wrapped(self, socket, value, ack=None):
        ack(value)

    @functools.wraps(_wrapped)
    def event_decorated(self, *args, **kwargs):
        return self._wrapped(*args, **kwargs)


@pytest.fixture
async def world():
    Everything.as_asgi()
    return World()


@pytest.fixture
async def socket(world):
    return await world.join("/all")


@pytest.mark.parametrize(
    ("event", "args", "ack"),
    [
        ("plain", [1, b"x"], []),
        ("with_ack", [1, b"x"], [1, b"x"]),
        ("positional_ack", [5], [5]),
        ("kwargs", [], []),
        ("local_called_ack", [], []),
        ("inherited", [3], ["inherited", 3]),
        ("sync", [], [False]),
        ("any name!", [], ["named"]),
        ("日本", [], ["named"]),
        ("decorated", [4], [4]),
        ("raises", [], [ERROR]),
        ("acks_then_raises", [], [1]),
        ("bad_ack", [], [ERROR]),
        ("awaits_cancelled", [], [ERROR]),
        ("positional_ack", [], [ERROR]),
        ("unknown", ["a", {"b": b"c"}], ["a", {"b": b"c"}]),
        ("named", [1], [1]),
    ],
)
async def test_acknowledgement(world, socket, event, args, ack):
    calls = await handled(world, socket, event, *args, ack_id=7)
    assert [c for c in calls if c[0] == "ack"] == [("ack", socket, 7, ack)]


async def test_handler_that_takes_ack_is_not_acknowledged_for_it(world, socket):
    assert await handled(world, socket, "never_acks", ack_id=7) == []


@pytest.mark.parametrize("event", ["with_ack", "plain", "raises", "unknown"])
async def test_events_without_an_ack_id_are_not_acknowledged(world, socket, event):
    assert not [c for c in await handled(world, socket, event) if c[0] == "ack"]


async def test_second_ack_is_ignored(world, socket, caplog):
    @world.server.of("/all").on("twice")
    async def twice(sock, args, ack):
        ack(1)
        ack(2)

    assert await handled(world, socket, "twice", ack_id=1) == [("ack", socket, 1, [1])]
    assert "twice" in caplog.text


async def test_raising_handler_is_logged_and_the_next_events_are_handled(world, socket, caplog):
    world.send(socket, "raises")
    calls = await handled(world, socket, "plain", 2)
    assert ("emit", socket, ["got", 2], None) in calls
    assert "broken handler" in caplog.text
    assert {r.name for r in caplog.records if r.exc_info} == {"sio.consumer"}


async def test_two_methods_for_one_event_are_an_error():
    class Consumer(SocketIOConsumer):
        async def event_a(self, socket): ...

        @sio.event("a")
        async def other(self, socket): ...

    with pytest.raises(ValueError, match="two handlers"):
        Consumer.as_asgi()


async def test_reserved_event_name_is_an_error():
    with pytest.raises(ValueError, match="reserved"):
        sio.event("disconnect")


# --- order and concurrency ---


async def test_events_of_one_socket_are_handled_in_order():
    order = []

    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            await asyncio.sleep(0)
            order.append("connect")
            return True

        async def event_slow(self, socket, number):
            for _ in range(5 - number):
                await asyncio.sleep(0)
            order.append(number)

        def event_sync(self, socket, number):
            order.append(number)

        async def disconnect(self, socket, reason):
            order.append(reason)

    Consumer.as_asgi()
    world = World()
    socket = world.ask()
    for number in range(4):
        world.send(socket, "sync" if number == 2 else "slow", number)
    world.leave(socket)
    await world.idle()
    assert order == ["connect", 0, 1, 2, 3, "client_disconnect"]
    assert world.core.events_done_of(socket) == 4


async def test_handled_events_are_reported_before_the_next_handler_waits():
    """If more events follow: they may be read only then, and the handler may wait for them."""
    waiting, done = asyncio.Event(), asyncio.Event()

    class Consumer(SocketIOConsumer):
        async def event_quick(self, socket): ...

        async def event_slow(self, socket):
            waiting.set()
            await done.wait()

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    for event in ("quick", "quick", "slow", "quick"):
        world.send(socket, event)
    await waiting.wait()
    await asyncio.sleep(0)
    assert world.core.events_done_of(socket) == 2
    done.set()
    await world.idle()
    assert world.core.events_done_of(socket) == 4


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_long_handler_does_not_stop_other_sockets(kind):
    released = threading.Event()
    waiting = asyncio.Event()

    class Consumer(SocketIOConsumer):
        async def event_async(self, socket):
            await waiting.wait()

        def event_sync(self, socket):
            assert released.wait(5)

        def event_quick(self, socket):
            pass

    Consumer.as_asgi()
    world = World()
    slow, quick = await world.join(), await world.join()
    world.send(slow, kind)
    world.send(quick, "quick", ack_id=1)
    await world.core.until(lambda: world.core.of("ack"))
    assert world.core.events_done_of(slow) == 0
    released.set()
    waiting.set()
    await world.idle()


async def test_clients_ack_can_be_awaited_inside_a_handler():
    class Consumer(SocketIOConsumer):
        async def event_ask(self, socket, ack=None):
            answer = asyncio.get_running_loop().create_future()
            await socket.emit("question", callback=lambda *args: answer.set_result(args))
            ack(*await answer)

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "ask", ack_id=1)
    await world.core.until(lambda: world.core.of("emit"))
    world.dispatcher.acknowledged(socket, world.core.of("emit")[0][3], ["yes", b"!"])
    await world.idle()
    assert world.core.of("ack") == [("ack", socket, 1, ["yes", b"!"])]


async def test_idle_socket_has_no_task(world, socket):
    assert not world.dispatcher._running()


# --- disconnect ---


@pytest.mark.parametrize("where", ["middleware", "connect"])
async def test_connect_cannot_wait_for_its_own_client(where, caplog):
    """The client gets the question only after it is accepted."""

    async def ask(socket, auth):
        await socket.emit_with_ack("who are you?")
        return True

    server = sio.get_socketio_server()
    if where == "connect":
        server.of("/").on_connect(ask)
    else:
        server.use(ask)
    world = World()
    socket = world.ask()
    await world.idle()
    assert world.core.of("refuse_socket")[0][:3] == (
        "refuse_socket",
        socket,
        "Internal server error",
    )
    assert "connect() awaits an answer of its own client" in caplog.text
    assert "register_connect_hook()" in caplog.text


async def test_an_accepted_client_can_be_asked_for_an_acknowledgement():
    answers = []

    async def ask(socket):
        answers.append(await socket.emit_with_ack("who are you?"))

    async def connect(socket, auth):
        tasks.append(asyncio.create_task(ask(socket)))
        return True

    tasks = []
    server = sio.get_socketio_server()
    server.of("/").on_connect(connect)
    server.register_connect_hook(ask)
    world = World()
    socket = world.ask()
    await world.core.until(lambda: len(world.core.of("emit")) == 2)
    for *_, callback_id in world.core.of("emit"):
        world.dispatcher.acknowledged(socket, callback_id, ["Alice"])
    await asyncio.gather(*tasks)
    await world.idle()
    assert answers == ["Alice", "Alice"]


async def test_client_that_disconnects_during_connect_is_disconnected_after_it():
    order, go = [], asyncio.Event()

    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            await go.wait()
            order.append("connect")
            return True

        async def disconnect(self, socket, reason):
            order.append((reason, socket.connected, socket.reference_reason))

    Consumer.as_asgi()
    world = World()
    socket = world.ask()
    world.leave(socket)
    await asyncio.sleep(0)
    go.set()
    await world.idle()
    assert order == ["connect", ("client_disconnect", False, "client namespace disconnect")]
    assert not world.dispatcher._connections


async def test_disconnect_sees_the_rooms_and_hooks_follow(caplog):
    order = []

    class Consumer(SocketIOConsumer):
        async def event_join(self, socket):
            await socket.join("r")

        async def disconnect(self, socket, reason):
            order.append(("consumer", set(socket.rooms)))
            raise LookupError

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    sock = world.dispatcher._connections[socket].socket

    async def hook(gone, reason):
        order.append(("hook", gone is sock, reason))

    world.server.register_disconnect_hook(hook)
    world.server.register_disconnect_hook(lambda *args: order.append("sync hook"))
    world.send(socket, "join")
    world.leave(socket, "engineio_timeout")
    await world.idle()
    assert order == [("consumer", {"r"}), ("hook", True, "engineio_timeout"), "sync hook"]
    assert sock.rooms == set()
    assert not world.dispatcher._connections


async def test_connect_hooks_run_before_the_first_event_of_an_accepted_client():
    order = []

    class Consumer(SocketIOConsumer):
        async def connect(self, socket, auth):
            return auth != {"refuse": True}

        async def event_first(self, socket):
            order.append("first")

    Consumer.as_asgi()
    world = World()

    async def hook(socket):
        await asyncio.sleep(0)
        order.append(("hook", socket.connected))

    world.server.register_connect_hook(lambda socket: 1 / 0)
    world.server.register_connect_hook(hook)
    world.ask(auth={"refuse": True})
    socket = world.ask()
    world.send(socket, "first")
    await world.idle()
    assert order == [("hook", True), "first"]


async def test_acknowledgement_after_the_disconnect_is_ignored():
    class Consumer(SocketIOConsumer):
        async def event_x(self, socket):
            socket.emit("q", callback=lambda: pytest.fail("called"))

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    await handled(world, socket, "x")
    world.leave(socket)
    await world.idle()
    world.dispatcher.acknowledged(socket, 1, [])
    world.dispatcher.acknowledged(999, 1, [])


async def test_close_cancels_running_handlers(caplog):
    class Consumer(SocketIOConsumer):
        async def event_forever(self, socket):
            await asyncio.Event().wait()

    Consumer.as_asgi()
    world = World()
    world.send(await world.join(), "forever")
    with caplog.at_level(logging.WARNING):
        await world.dispatcher.close(0)
    assert not world.dispatcher._running()
    assert "Cancelled at shutdown: a handler" in caplog.text
    with pytest.raises(RuntimeError, match="server is running"):
        world.server.emit("x")
