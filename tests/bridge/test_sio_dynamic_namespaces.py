"""Dynamic namespaces: created when a client asks for them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import sio
from sio import registry
from sio.socketio.local_adapter import LocalAdapter
from sio.socketio.parent_namespace import MAX_NAME_LENGTH
from sio.time_limit import HandlerTimes
from sio_fakes import World

BOARD = re.compile(r"/board-(?P<id>[0-9]+)")


@pytest.fixture(autouse=True)
def reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)


@pytest.fixture
def world(reset: None) -> World:
    return World()


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Namespaces must be freed without the garbage collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def join(world: World, namespace: str) -> tuple[int, Any]:
    number = await world.join(namespace)
    return number, world.dispatcher._connections[number].socket


async def is_refused(world: World, namespace: str) -> bool:
    number = world.ask(namespace)
    await world.idle()
    refusals = [c[1:] for c in world.core.of("refuse_socket") if c[1] == number]
    assert refusals in ([], [(number, "Invalid namespace")])
    return bool(refusals)


async def test_a_consumer_for_all_names_that_match(world: World) -> None:
    @sio.register
    class BoardConsumer(sio.SocketIOConsumer):
        namespace = BOARD

        async def event_where(self, socket: Any, ack: Any) -> None:
            ack(socket.namespace, socket.namespace_match["id"], socket.name_space.match["id"])

    number, socket = await join(world, "/board-17")
    assert socket.consumer.__class__ is BoardConsumer
    world.send(number, "where", ack_id=1)
    await world.idle()
    assert world.core.of("ack") == [("ack", number, 1, ["/board-17", "17", "17"])]
    for name in ("/board-", "/board-17x", "/x/board-17", "/board-17/", "/other"):
        assert await is_refused(world, name), name


async def test_the_native_server_serves_them_after_the_first_is_registered(world: World) -> None:
    assert not world.core.of("serve_dynamic_namespaces")
    world.server.of(BOARD)
    world.server.of(re.compile(BOARD.pattern))
    assert len(world.core.of("serve_dynamic_namespaces")) == 1
    later = World.__new__(World)
    world.server.detach(world.core)  # type: ignore[arg-type]
    later.__init__()  # type: ignore[misc]
    assert len(later.core.of("serve_dynamic_namespaces")) == 1


async def test_equal_patterns_are_one_parent(world: World) -> None:
    assert world.server.of(BOARD) is world.server.of(re.compile(BOARD.pattern))


async def test_several_consumers_and_functions(world: World) -> None:
    seen: list[str] = []

    @sio.register
    class One(sio.SocketIOConsumer):
        namespace = BOARD

        async def connect(self, socket: Any, auth: Any) -> bool:
            seen.append("one")
            return True

    @sio.register
    class Two(sio.SocketIOConsumer):
        namespace = BOARD

        async def connect(self, socket: Any, auth: Any) -> bool:
            seen.append("two")
            return True

    @sio.on("ping", namespace=BOARD)
    async def ping(socket: Any) -> None:
        seen.append("ping")

    @world.server.of(BOARD).use
    async def middleware(socket: Any, auth: Any) -> None:
        seen.append(f"middleware {socket.namespace}")

    number, _ = await join(world, "/board-1")
    world.send(number, "ping")
    await world.idle()
    assert seen == ["middleware /board-1", "one", "two", "ping"]


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_a_function_decides(world: World, kind: str) -> None:
    asked: list[Any] = []

    async def boards(name: str, auth: Any) -> bool:
        asked.append((name, auth))
        return name == "/yes"

    def plain_boards(name: str, auth: Any) -> bool:
        asked.append((name, auth))
        return name == "/yes"

    world.server.of(boards if kind == "async" else plain_boards)
    number = world.ask("/yes", {"token": 1})
    await world.idle()
    assert ("accept_socket", number) in world.core.calls
    assert asked == [("/yes", {"token": 1})]
    assert world.dispatcher._connections[number].socket.namespace_match is None
    await join(world, "/yes")
    assert len(asked) == 1  # the namespace exists
    assert await is_refused(world, "/no")


async def test_the_namespace_of_a_consumer_may_be_a_function(world: World) -> None:
    @sio.register
    class Boards(sio.SocketIOConsumer):
        async def namespace(name: str, auth: Any) -> bool:  # type: ignore[override] # noqa: N805
            return name.startswith("/b")

    _, socket = await join(world, "/b1")
    assert type(socket.consumer) is Boards
    assert await is_refused(world, "/c1")


async def test_a_function_that_raises_refuses(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(name: str, auth: Any) -> bool:
        raise RuntimeError("on purpose")

    world.server.of(failing)
    assert await is_refused(world, "/a")
    assert "on purpose" in caplog.text
    world.server.of(re.compile("/a"))  # the next parent is called
    assert not await is_refused(world, "/a")


async def test_a_client_that_disconnects_while_the_function_runs(world: World) -> None:
    thinking, decided = asyncio.Event(), asyncio.Event()

    async def slow(name: str, auth: Any) -> bool:
        thinking.set()
        await decided.wait()
        return True

    world.server.of(slow)
    number = world.ask("/a")
    await asyncio.wait_for(thinking.wait(), 10)
    world.leave(number)
    decided.set()
    await world.idle()
    assert world.dispatcher._connections == {}
    assert world.dispatcher._asking == {}
    assert not world.core.of("accept_socket", "refuse_socket")
    assert world.server.find("/a") is None


async def never_ending(name: str, auth: Any) -> bool:
    await asyncio.Event().wait()
    return True


async def test_a_function_that_never_ends_is_cancelled(
    reset: None, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(HandlerTimes(connect=0.05))
    called: list[str] = []
    world.server.of(never_ending)
    world.server.of(lambda name, auth: called.append(name))
    number = world.ask("/a")
    await world.idle()
    assert world.core.calls[-1] == ("refuse_socket", number, "Connection timed out")
    assert world.dispatcher._asking == {}
    assert called == []
    assert "never_ending has run for 0.05 s and is cancelled" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_function_may_have_a_limit_of_its_own(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    @sio.timeout(0.05)
    async def limited(name: str, auth: Any) -> bool:
        return await never_ending(name, auth)

    world.server.of(limited)
    assert await is_refused(world, "/a")
    assert "TimeoutError" in caplog.text
    world.server.of(re.compile("/a"))  # the next parent is called
    assert not await is_refused(world, "/a")


async def test_a_client_is_refused_before_a_function_ignores_its_cancellation(reset: None) -> None:
    world = World(HandlerTimes(connect=0.05))
    may_end = asyncio.Event()

    async def stubborn(name: str, auth: Any) -> bool:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await may_end.wait()
        return True

    world.server.of(stubborn)
    number = world.ask("/a")
    await world.core.until(lambda: world.core.of("refuse_socket"))
    may_end.set()
    await world.idle()
    refusal = ("refuse_socket", number, "Connection timed out")
    assert world.core.of("refuse_socket", "accept_socket") == [refusal]
    assert world.server.find("/a") is None


async def test_two_clients_ask_for_the_same_name_at_the_same_time(world: World) -> None:
    decided = asyncio.Event()

    async def slow(name: str, auth: Any) -> bool:
        await decided.wait()
        return True

    world.server.of(slow)
    numbers = [world.ask("/a"), world.ask("/a")]
    await asyncio.sleep(0)
    decided.set()
    await world.idle()
    namespaces = {world.dispatcher._connections[n].socket.name_space for n in numbers}
    assert len(namespaces) == 1
    assert len(world.server.of("/a").fetch_sockets()) == 2


async def test_named_namespaces_come_first_and_parents_in_their_order(world: World) -> None:
    first = world.server.of(re.compile("/a.*"))
    world.server.of(re.compile("/.*"))
    named = world.server.of("/abc")
    _, socket = await join(world, "/abc")
    # Created by its name while a regular expression matches: it is one of its children.
    assert socket.name_space is named
    assert named.parent is first
    world.server.of("/plain")
    assert type(world.server.of("/")).__name__ == "Namespace"


async def test_names_that_are_too_long_are_refused(world: World) -> None:
    async def everything(name: str, auth: Any) -> bool:
        return True

    world.server.of(re.compile("/a+"))
    world.server.of(everything)
    assert not await is_refused(world, "/" + "a" * (MAX_NAME_LENGTH - 1))
    assert await is_refused(world, "/" + "a" * MAX_NAME_LENGTH)


@pytest.mark.parametrize("pattern", [17, None, re.compile(b"/a"), sio.SocketIOConsumer])
def test_an_invalid_pattern_raises(world: World, pattern: Any) -> None:
    with pytest.raises(TypeError):
        world.server.of(pattern)


# --- removal ---


async def test_a_child_is_removed_with_its_last_client(world: World, no_collector: None) -> None:
    world.server.of(BOARD)
    first, socket = await join(world, "/board-1")
    second, _ = await join(world, "/board-1")
    socket.join("r")
    child = weakref.ref(socket.name_space)
    assert [n.name for n in world.server.namespaces()] == ["/", "/board-1"]
    world.leave(first)
    await world.idle()
    assert [n.name for n in world.server.namespaces()] == ["/", "/board-1"]
    del socket, _
    world.leave(second)
    await world.idle()
    assert [n.name for n in world.server.namespaces()] == ["/"]
    assert child() is None
    assert not world.server._children
    assert world.server.of(BOARD).children() == []


async def test_a_refused_client_leaves_no_child_behind(world: World, no_collector: None) -> None:
    @world.server.of(BOARD).on_connect
    async def connect(socket: Any, auth: Any) -> bool:
        socket.join("r")
        return False

    for number in range(10):
        world.ask(f"/board-{number}")
    await world.idle()
    assert len(world.core.of("refuse_socket")) == 10
    assert not world.server._children


async def test_emitting_by_name_leaves_no_child_behind(world: World) -> None:
    world.server.of(BOARD)
    world.server.emit("e", namespace="/board-1")
    world.server.of("/board-2").emit("e")
    assert [call[1] for call in world.core.of("broadcast")] == ["/board-1", "/board-2"]
    assert world.server.named_namespaces() == [world.server.of("/")]
    gc.collect()
    assert world.server.of(BOARD).children() == []


async def test_a_child_with_references_is_the_one_that_clients_join(world: World) -> None:
    world.server.of(BOARD)
    board = world.server.of("/board-1")
    number, socket = await join(world, "/board-1")
    assert board.fetch_sockets() == [socket]
    world.leave(number)
    await world.idle()
    assert board.fetch_sockets() == []
    _, other = await join(world, "/board-1")
    other.join("r")
    assert board.to("r").fetch_sockets() == [other]


async def test_new_namespaces_are_reported(world: World, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    @world.server.on_new_namespace
    def fails(namespace: Any) -> None:
        raise ValueError("on purpose")

    @world.server.on_new_namespace
    def tell(namespace: Any) -> None:
        told.append(namespace.name)
        namespace.emit("hello")

    @world.server.of(BOARD).use
    def middleware(socket: Any, auth: Any) -> None:
        told.append("middleware")

    world.server.of("/chat")
    world.server.of("/chat")
    world.server.emit("to nobody", namespace="/board-1")
    assert told == ["/chat"]
    assert caplog.text.count("ValueError: on purpose") == 1
    first, _ = await join(world, "/board-1")
    second, _ = await join(world, "/board-1")
    assert told == ["/chat", "/board-1", "middleware", "middleware"]
    world.leave(first)
    world.leave(second)
    await world.idle()
    del told[:]
    await join(world, "/board-1")
    assert told == ["/board-1", "middleware"]


async def test_a_child_with_its_own_handlers_is_not_removed(world: World) -> None:
    @world.server.of(BOARD).on("both")
    async def both(socket: Any, args: Any, ack: Any) -> None:
        ack(socket.namespace, "parent")

    @world.server.of("/board-1").on("own")
    async def own(socket: Any, args: Any, ack: Any) -> None:
        ack("child")

    gc.collect()
    assert ("add_namespace", "/board-1") in world.core.calls
    first, _ = await join(world, "/board-1")
    second, _ = await join(world, "/board-2")
    for number in (first, second):
        world.send(number, "both", ack_id=1)
        world.send(number, "own", ack_id=2)
    await world.idle()
    # Sorted: if the machine is busy, a client's handlers pause after 2 ms.
    assert sorted(world.core.of("ack")) == [
        ("ack", first, 1, ["/board-1", "parent"]),
        ("ack", first, 2, ["child"]),
        ("ack", second, 1, ["/board-2", "parent"]),
        ("ack", second, 2, []),  # it has no handler
    ]


# --- emits to all children ---


async def test_an_emit_of_the_parent_reaches_all_children(world: World) -> None:
    boards = world.server.of(BOARD)
    _, one = await join(world, "/board-1")
    _, two = await join(world, "/board-2")
    await join(world, "/")
    boards.emit("e", 1)
    boards.to(["r", one.id]).except_("q").volatile.emit("e", 2)
    world.server.emit("e", 3, namespace=BOARD)
    calls = sorted(world.core.of("broadcast"), key=lambda call: (call[2], call[1]))
    assert calls == [
        ("broadcast", "/board-1", ["e", 1], [], []),
        ("broadcast", "/board-2", ["e", 1], [], []),
        (
            "broadcast",
            "/board-1",
            ["e", 2],
            sorted(["r", one.id]),
            ["q"],
            {"volatile": True},
        ),
        (
            "broadcast",
            "/board-2",
            ["e", 2],
            sorted(["r", one.id]),
            ["q"],
            {"volatile": True},
        ),
        ("broadcast", "/board-1", ["e", 3], [], []),
        ("broadcast", "/board-2", ["e", 3], [], []),
    ]
    one.join("r")
    two.join("r")
    assert {s.id for s in boards.fetch_sockets()} == {one.id, two.id}
    assert {s.id for s in await boards.to("r").fetch_sockets()} == {one.id, two.id}
    assert boards.sockets_count == 2
    assert boards.rooms() == {"r": {one.id, two.id}}
    boards.to("r").sockets_join("s")
    boards.sockets_leave("r")
    assert one.rooms == two.rooms == {"s"}
    boards.disconnect_sockets()
    assert boards.fetch_sockets() == []


async def test_acknowledgements_of_all_children(world: World) -> None:
    first, _ = await join_board(world, 1)
    second, _ = await join_board(world, 2)
    await join_board(world, 2)
    answers = world.server.of(BOARD).timeout(0.2).emit_with_ack("vote")
    for number, answer in ((first, "yes"), (second, "no")):
        (*_, callback) = next(call for call in world.core.of("emit") if call[1] == number)
        world.dispatcher.acknowledged(number, callback, [answer])
    with pytest.raises(sio.AckTimeout, match="did not answer") as caught:
        await answers
    assert sorted(caught.value.responses) == ["no", "yes"]


async def join_board(world: World, number: int) -> tuple[int, Any]:
    world.server.of(BOARD)
    return await join(world, f"/board-{number}")


async def test_an_unencodable_value_raises_without_any_child(world: World) -> None:
    with pytest.raises(TypeError):
        world.server.of(BOARD).emit("e", object())


async def test_adapters_and_server_side_emits_need_a_child(world: World) -> None:
    parent = world.server.of(BOARD)
    for name in ("adapter", "server_side_emit", "on_server_side_emit", "add_socket"):
        assert not hasattr(parent, name)
    await join_board(world, 1)
    assert await world.server.of("/board-1").server_side_emit_with_ack("e") == []


async def test_a_client_in_too_many_rooms_does_not_keep_others_from_joining(world: World) -> None:
    world.core.max_rooms = 1
    first, _ = await join_board(world, 1)
    second, _ = await join_board(world, 2)
    sockets = [world.dispatcher._connections[number].socket for number in (first, second)]
    sockets[0].join("full")
    with pytest.raises(sio.TooManyRooms):
        world.server.of(BOARD).sockets_join("new")
    assert [sorted(socket.rooms) for socket in sockets] == [["full"], ["new"]]


# --- access ---


async def test_clients_of_the_native_path_reach_registered_parents_only(world: World) -> None:
    class Routed(sio.SocketIOConsumer):
        namespace = BOARD

        async def event_e(self, socket: Any) -> None: ...

    Routed.as_asgi()
    assert registry.native_namespaces() == []
    native = world.open_session(routed=False)
    number = world.ask("/board-1", session=native)
    await world.idle()
    assert ("refuse_socket", number, "Invalid namespace") in world.core.calls
    await join(world, "/board-1")

    sio.register(Routed)
    assert registry.native_namespaces() == [BOARD.pattern]
    assert registry.namespaces() == ["/"]
    number = world.ask("/board-2", session=native)
    await world.idle()
    assert ("accept_socket", number) in world.core.calls


# --- names that a function decides about, if code has used them before ---


async def test_emitting_to_a_name_does_not_open_it_to_clients(world: World) -> None:
    """A namespace without handlers accepts all clients, so this one must use its parent's."""

    async def boards(name: str, auth: Any) -> bool:
        return name == "/mine"

    @world.server.of(boards).on_connect
    async def connect(socket: Any, auth: Any) -> bool:
        return bool(auth.get("may"))

    mine, other = world.server.of("/mine"), world.server.of("/other")
    for namespace in (mine, other):
        namespace.emit("e")
        world.server.emit("e", namespace=namespace.name)
    assert len(world.core.of("broadcast")) == 4
    assert world.core.of("add_namespace") == [("add_namespace", "/")]
    assert await is_refused(world, "/other")
    number = world.ask("/mine")
    await world.idle()
    assert ("refuse_socket", number, "Not authorized", None) in world.core.calls
    number = world.ask("/mine", {"may": True})
    await world.idle()
    assert ("accept_socket", number) in world.core.calls
    assert [socket.number for socket in mine.fetch_sockets()] == [number]
    assert world.server.of("/mine") is mine


async def test_a_name_with_handlers_is_open_to_clients(world: World) -> None:
    async def nothing(name: str, auth: Any) -> bool:
        return False

    world.server.of(nothing)

    @sio.on("ping", namespace="/own")
    async def ping(socket: Any, ack: Any) -> None:
        ack("pong")

    assert ("add_namespace", "/own") in world.core.calls
    gc.collect()
    number, _ = await join(world, "/own")
    world.send(number, "ping", ack_id=1)
    await world.idle()
    assert world.core.of("ack") == [("ack", number, 1, ["pong"])]
    assert registry.native_namespaces() == ["/own"]


async def test_names_that_are_only_mentioned_are_forgotten(world: World) -> None:
    async def nothing(name: str, auth: Any) -> bool:
        return False

    world.server.of(nothing)
    for number in range(100):
        world.server.of(f"/n{number}").emit("e")
    gc.collect()
    assert not world.server._children
    assert len(world.server.named_namespaces()) == 1


async def test_a_pattern_that_reads_like_a_name_is_not_that_namespace(world: World) -> None:
    world.server.of("/a")
    world.server.of(re.compile("/a")).emit("for the children only")
    assert [call[1] for call in world.core.of("broadcast")] == [""]


async def test_all_namespaces_get_another_adapter(world: World) -> None:
    made: list[str] = []

    def factory(namespace: Any) -> Any:
        made.append(namespace.name)
        return LocalAdapter(namespace)

    world.server.of(BOARD)
    child = world.server.of("/board-1")
    world.server.of("/named")
    world.server.adapter(factory)
    assert sorted(made) == ["/", "/board-1", "/named"]
    assert type(child.adapter) is LocalAdapter
