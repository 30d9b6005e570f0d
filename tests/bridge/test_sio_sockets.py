"""NamespaceSocket and SocketIOServer: emitting, rooms, callbacks, identity."""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from datetime import datetime, timezone

import pytest
import sio
import sio.encoding
import sio.socketio.server
from asgiref.sync import async_to_sync
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch):
    monkeypatch.setattr(sio.socketio.server, "_server", None)


@pytest.fixture
async def world():
    return World()


@pytest.fixture
async def socket(world):
    number = await world.join()
    world.core.calls.clear()
    return world.dispatcher._connections[number].socket


# --- calls that are complete when they return ---


async def test_work_is_done_without_await_and_without_warning(world, socket):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        socket.emit("a", 1)
        socket.send("b")
        socket.join("r")
        socket.leave("r")
        socket.leave_all()
        socket.disconnect()
    number = socket._number
    assert world.core.calls == [
        ("emit", number, ["a", 1], None),
        ("emit", number, ["message", "b"], None),
        ("join", number, "r"),
        ("leave", number, "r"),
        ("leave_all", number),
        ("close_socket", number, False),
    ]


async def test_work_can_be_awaited_in_every_way(world, socket):
    assert await socket.emit("a") is None
    await asyncio.create_task(socket.emit("b"))
    await asyncio.gather(socket.emit("c"), world.server.emit("d"))
    await asyncio.wait_for(socket.emit("e"), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await asyncio.to_thread(async_to_sync(world.server.emit), "f")
        await asyncio.to_thread(async_to_sync(socket.emit), "g")
    assert [c[2][0] for c in world.core.calls] == list("abcdefg")


async def test_works_from_any_thread(world, socket):
    thread = threading.Thread(target=lambda: (socket.emit("x"), world.server.emit("y")))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert [c[0] for c in world.core.calls] == ["emit", "broadcast"]


async def test_an_unencodable_value_raises_at_the_call(socket):
    with pytest.raises(TypeError):
        socket.emit("x", object())
    with pytest.raises(TypeError):
        socket.emit("x", object(), callback=print)
    assert socket._callbacks == {}


@pytest.mark.parametrize("event", ["connect", "connect_error", "disconnect", "disconnecting"])
async def test_reserved_events_cannot_be_emitted(world, socket, event):
    with pytest.raises(ValueError, match="reserved"):
        socket.emit(event)
    with pytest.raises(ValueError, match="reserved"):
        world.server.emit(event)
    with pytest.raises(TypeError):
        socket.emit(1)
    assert world.core.calls == []


# --- rooms ---


async def test_rooms_are_tracked(world, socket):
    await socket.join("a")
    await socket.join("a")
    await socket.join("b")
    await socket.leave("c")
    assert socket.rooms == {"a", "b"}
    socket.rooms.clear()  # a copy
    assert socket.rooms == {"a", "b"}
    socket.leave_all()
    assert socket.rooms == set()


async def test_several_rooms_at_once(world, socket):
    await socket.join(["a", 2, "c"])
    socket.join(room for room in ("d", "a"))
    assert socket.rooms == {"a", "2", "c", "d"}
    assert {c[2] for c in world.core.of("join")} == {"2", "a", "c", "d"}
    assert world.server.of("/").rooms() == {room: {socket.id} for room in socket.rooms}
    await socket.leave(["a", "never in it", 2])
    assert socket.rooms == {"c", "d"}
    assert [c[2] for c in world.core.of("leave")] == ["a", "never in it", "2"]
    with pytest.raises(TypeError):
        socket.join(["e", None])
    socket.join([])
    assert socket.rooms == {"c", "d"}


async def test_room_names_are_compared_exactly(world, socket):
    names = ["日本", "中国", "a_b", "a.b", "x" * 200, "x" * 99, ""]
    for name in names:
        socket.join(name)
    assert socket.rooms == set(names)
    assert [c[2] for c in world.core.of("join")] == names


async def test_an_int_is_the_room_named_by_its_digits(world, socket):
    socket.join(1)
    socket.join("1")
    assert socket.rooms == {"1"}
    world.server.emit("x", room=1)
    world.server.emit("x", room="1")
    assert [c[3] for c in world.core.of("broadcast")] == [["1"], ["1"]]


async def test_the_name_of_a_room_has_a_maximal_length(world, socket):
    longest = "\N{GRINNING FACE}" * 1024
    socket.join(longest)
    assert socket.rooms == {longest}
    for use in (socket.join, socket.leave, socket.to, world.server.to, world.server.except_):
        with pytest.raises(ValueError, match="at most 1,024 characters, and this one 1,025"):
            use(longest + "a")


@pytest.mark.parametrize("room", [None, True, 1.0, b"a", bytearray(b"a"), object(), [b"a"]])
async def test_other_types_are_not_rooms(world, socket, room):
    for use in (socket.join, socket.leave, socket.to, world.server.to, world.server.except_):
        with pytest.raises(TypeError, match="a room is a str or an int, not"):
            use(room)


async def test_a_disconnected_socket_joins_no_room(world, socket):
    world.leave(socket._number)
    await world.idle()
    socket.join("late")
    assert socket.rooms == set()


# --- the server's emit ---


async def test_server_emit(world):
    world.server.emit("e", 1, b"2")
    world.server.emit("e", room="r")
    world.server.emit("e", room=["r", 2, "s"], namespace="/n")
    world.server.emit("e", namespace="n")
    assert world.core.of("broadcast") == [
        ("broadcast", "/", ["e", 1, b"2"], [], []),
        ("broadcast", "/", ["e"], ["r"], []),
        ("broadcast", "/n", ["e"], ["2", "r", "s"], []),
        ("broadcast", "/n", ["e"], [], []),
    ]


@pytest.mark.parametrize("nowhere", [[], (), set()])
async def test_emit_to_no_room_reaches_nobody(world, nowhere):
    await world.server.emit("secret", room=nowhere)
    assert world.core.of("broadcast") == []


async def test_emit_without_a_running_server_raises():
    with pytest.raises(RuntimeError, match="server is running"):
        sio.get_socketio_server().emit("x")
    with pytest.raises(RuntimeError, match="there are no counts"):
        sio.get_socketio_server().counts()


async def test_a_process_runs_one_server_at_a_time(world):
    with pytest.raises(RuntimeError, match="already"):
        World()
    await world.dispatcher.close(0)
    World()


async def test_namespace_made_while_running_is_announced(world):
    assert world.core.of("add_namespace") == [("add_namespace", "/")]
    world.server.of("/late")
    world.server.of("late")
    assert world.core.of("add_namespace")[1:] == [("add_namespace", "/late")]


# --- callbacks ---


async def test_callbacks_plain_and_async(world, socket):
    got, done = [], asyncio.Event()

    async def later(*args):
        await asyncio.sleep(0)
        got.append(("async", *args))
        done.set()

    socket.emit("a", callback=lambda *args: got.append(("plain", *args)))
    socket.emit("b", callback=later)
    first, second = (c[3] for c in world.core.of("emit"))
    assert first != second
    world.dispatcher.acknowledged(socket._number, first, [1, 2])
    world.dispatcher.acknowledged(socket._number, second, [])
    world.dispatcher.acknowledged(socket._number, first, ["again"])
    await asyncio.wait_for(done.wait(), 5)
    assert got == [("plain", 1, 2), ("async",)]


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_raising_callback_is_logged(world, socket, caplog, kind):
    def plain():
        raise LookupError("in callback")

    async def coroutine():
        raise LookupError("in callback")

    socket.emit("a", callback=plain if kind == "plain" else coroutine)
    world.dispatcher.acknowledged(socket._number, world.core.of("emit")[0][3], [])
    await world.idle()
    assert "in callback" in caplog.text


# --- attributes of a socket ---


async def test_sockets_are_hashable_and_take_attributes(world, socket):
    other = world.dispatcher._connections[await world.join()].socket
    assert len({socket, other, socket}) == 2
    socket.nickname = "x"
    socket.state["a"] = socket.data["b"] = 1
    assert (socket.namespace, socket.server) == ("/", world.server)
    assert socket.connected
    assert socket.id == f"id{socket._number}"
    assert socket.user is None


async def test_handshake(world):
    scope = {
        "type": "websocket",
        "scheme": "wss",
        "path": "/socket.io/",
        "raw_path": b"/socket.io/",
        "query_string": b"EIO=4&name=J%C3%BCrgen&name=second&empty=",
        "headers": [
            (b"Cookie", b"a=1"),
            (b"cookie", b"b=2"),
            (b"x-a", b"1"),
            (b"x-a", b"2"),
        ],
        "client": ("10.0.0.1", 4242),
    }
    number = world.ask("/", {"token": "t"}, world.open_session(scope))
    await world.idle()
    handshake = world.dispatcher._connections[number].socket.handshake
    assert handshake.headers == {"cookie": "a=1; b=2", "x-a": "1, 2"}
    assert handshake.query == {"EIO": "4", "name": ["Jürgen", "second"], "empty": ""}
    assert handshake.address == "10.0.0.1"
    assert handshake.url == "/socket.io/?EIO=4&name=J%C3%BCrgen&name=second&empty="
    assert handshake.secure
    assert not handshake.xdomain
    origin = {"headers": [(b"origin", b"https://other.example")]}
    assert sio.handshake.make_handshake(origin, {}, 0).xdomain
    assert handshake.auth == {"token": "t"}
    assert abs((datetime.now(timezone.utc) - handshake.time).total_seconds()) < 60
    assert handshake.issued == int(handshake.time.timestamp() * 1000)
    with pytest.raises(AttributeError):
        handshake.url = "x"
    sent = json.loads(json.dumps(handshake, default=sio.encoding.default))
    assert datetime.fromisoformat(sent.pop("time")) == handshake.time
    assert sent == {
        "headers": handshake.headers,
        "query": handshake.query,
        "address": "10.0.0.1",
        "url": handshake.url,
        "secure": True,
        "xdomain": False,
        "issued": handshake.issued,
        "auth": {"token": "t"},
    }


async def test_sockets_of_one_client_share_session_and_connection(world):
    session = world.open_session({"type": "http", "seen": 1}, routed=True)
    world.server.of("/b")
    a, b = world.ask("/", session=session), world.ask("/b", session=session)
    await world.idle()
    first, second = (world.dispatcher._connections[n].socket for n in (a, b))
    assert first.eio is second.eio
    assert first.scope is second.scope
    assert first.scope["seen"] == 1
    await first.eio.close()
    assert world.core.of("close_socket")[0][2] is True
    with pytest.raises(RuntimeError):
        await first.eio.send("x")


async def test_nothing_is_kept_after_a_disconnect(world, socket):
    session = int(socket.eio.sid)
    world.leave(socket._number)
    world.dispatcher.session_closed(session)
    await world.idle()
    assert not world.dispatcher._connections
    assert not world.dispatcher._sessions
    assert not socket.connected


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("not sent", "volatile"),
        ("forgotten", "--socketio-max-pending-acks"),
        ("unread", "--socketio-max-read-ahead"),
    ],
)
async def test_an_acknowledgement_that_will_not_come_fails(
    world: World, why: str, told: str
) -> None:
    number = await world.join()
    socket = world.dispatcher._connections[number].socket
    called: list[str] = []
    socket.emit("e", callback=lambda: called.append("callback"))
    lost, kept = socket.emit_with_ack("e"), socket.emit_with_ack("e")
    first, second, third = (call[3] for call in world.core.of("emit"))
    world.dispatcher.acks_lost(number, [first, second], why)
    with pytest.raises(sio.AckTimeout, match=told):
        await lost
    for callback in (first, second, third):
        world.dispatcher.acknowledged(number, callback, [])
    assert called == []
    assert await kept is None
    assert not socket._answers
    assert not socket._callbacks


async def test_acknowledgements_that_are_not_awaited_leave_nothing_behind(world: World) -> None:
    number = await world.join()
    socket = world.dispatcher._connections[number].socket
    for _ in range(2):
        socket.emit_with_ack("e")
    first, second = (call[3] for call in world.core.of("emit"))
    world.dispatcher.acknowledged(number, first, [])
    world.dispatcher.acks_lost(number, [second], "forgotten")
    assert not socket._answers
    assert not socket._callbacks


async def test_a_socket_cannot_join_more_rooms_than_the_limit(world: World) -> None:
    world.core.max_rooms = 2
    number, other = await world.join(), await world.join()
    socket = world.dispatcher._connections[number].socket
    socket.join("a")
    socket.join("b")
    socket.join("a")
    with pytest.raises(sio.TooManyRooms, match=r"room 'c'.* 2 rooms.*--socketio-max-rooms"):
        socket.join("c")
    assert socket.rooms == {"a", "b"}
    assert ("join", number, "c") in world.core.calls  # the native server counts the rooms
    with pytest.raises(sio.TooManyRooms):
        world.server.sockets_join("c")
    assert ("join", other, "c") in world.core.calls
    assert world.server.to("c").fetch_sockets() == [world.dispatcher._connections[other].socket]
    socket.leave("b")
    socket.join("c")
    assert socket.rooms == {"a", "c"}


async def test_the_number_of_rooms_is_only_queried_near_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.core.max_rooms = 10
    number = await world.join()
    socket = world.dispatcher._connections[number].socket
    asked: list[str] = []
    membership = world.core.rooms.membership

    def count(number: int, room: str) -> tuple[int, bool]:
        asked.append(room)
        return membership(number, room)

    monkeypatch.setattr(world.core.rooms, "membership", count)
    for _ in range(10):
        socket.join("a")
    assert asked == []
    for room in ["a", *"bcdefghij"]:
        socket.join(room)
    assert asked == ["a"]
    socket.leave("j")
    socket.join("k")
    with pytest.raises(sio.TooManyRooms):
        socket.join("l")
    assert asked == ["a", "k", "l"]


# --- the connection of a socket ---


async def test_transport_and_latency_are_read_when_asked_for(world, socket):
    assert (socket.transport, socket.latency) == ("polling", None)
    world.core.status = ("websocket", 0.25)
    assert (socket.transport, socket.latency) == ("websocket", 0.25)
    session = socket._session._number
    world.leave(socket.number)
    world.dispatcher.session_closed(session)
    world.core.status = ("polling", 9.0)
    assert (socket.transport, socket.latency) == ("websocket", 0.25), "the last ones"


async def test_signals_are_watched_once_and_only_if_wanted(world, socket):
    called = []
    world.dispatcher.signalled(socket._session._number, "drain")
    assert world.core.calls == []
    socket.on_drain(lambda: called.append("plain"))

    @socket.on_drain
    async def drained():
        called.append("async")

    @socket.on_upgrade
    async def upgraded():
        called.append("upgrade")

    assert world.core.calls == [
        ("watch", socket.number, "drain"),
        ("watch", socket.number, "upgrade"),
    ]
    for signal in ("drain", "upgrade", "drain", "upgrade"):
        world.dispatcher.signalled(socket._session._number, signal)
        await world.idle()
    assert sorted(called) == ["async", "async", "plain", "plain", "upgrade"]


async def test_a_signal_handler_that_fails_is_logged(world, socket, caplog):
    @socket.on_drain
    async def drained():
        raise ValueError("on purpose")

    world.dispatcher.signalled(socket._session._number, "drain")
    await world.idle()
    assert "on purpose" in caplog.text
    assert socket.connected
