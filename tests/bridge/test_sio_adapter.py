"""Adapters: rooms and their members, counts, and the other servers of a cluster."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import threading
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest
import sio
from sio.socketio.adapter import Target
from sio.socketio.local_adapter import LocalAdapter
from sio.socketio.namespace import Namespace
from sio.socketio.server import SocketIOServer
from sio_fakes import World

ROUNDS = 200


@pytest.fixture(autouse=True)
def reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)


@pytest.fixture
def world(reset: None) -> World:
    return World()


async def join(world: World, namespace: str = "/") -> tuple[int, Any]:
    number = await world.join(namespace)
    return number, world.dispatcher._connections[number].socket


async def test_sockets_may_be_awaited_or_used_at_once(world: World) -> None:
    _, socket = await join(world)
    socket.join("r")
    for fetched in (world.server.fetch_sockets(), world.server.to("r").fetch_sockets()):
        assert fetched == [socket]
        assert await fetched == [socket]
        assert await fetched is fetched  # can be awaited repeatedly


async def test_calls_on_many_sockets_may_be_awaited(world: World) -> None:
    _, socket = await join(world)
    await world.server.sockets_join(["a", "b"])
    await world.server.in_("a").sockets_leave("b")
    assert socket.rooms == {"a"}
    await world.server.disconnect_sockets()
    assert not socket.connected


async def test_rooms_and_counts(world: World) -> None:
    first, one = await join(world)
    _, two = await join(world)
    one.join("a")
    one.join(7)
    two.join("a")
    namespace = world.server.of("/")
    assert namespace.rooms() == {"a": {one.id, two.id}, "7": {one.id}}
    assert namespace.sockets_count == 2
    assert world.server.clients_count == 2
    assert await namespace.adapter.server_count() == 1

    world.leave(first)
    await world.idle()
    assert namespace.rooms() == {"a": {two.id}}
    assert namespace.sockets_count == 1


async def test_handlers_can_query_the_rooms_of_a_disconnected_client(world: World) -> None:
    seen: list[Any] = []
    namespace = world.server.of("/")

    @namespace.on("slow")
    async def slow(socket: Any, args: list[Any], ack: Any) -> None:
        await gone.wait()
        socket.join("too late")
        seen.append((set(socket.rooms), namespace.rooms(), namespace.fetch_sockets()))

    gone = asyncio.Event()
    number, socket = await join(world)
    socket.join("r")
    world.send(number, "slow")
    await asyncio.sleep(0)
    world.leave(number)
    gone.set()
    await world.idle()
    assert seen == [({"r", "too late"}, {}, [])]


async def test_a_refused_client_is_in_no_room(world: World) -> None:
    @world.server.of("/").on_connect
    async def connect(socket: Any, auth: Any) -> bool:
        socket.join("r")
        return False

    world.ask()
    await world.idle()
    assert world.server.of("/").rooms() == {}


async def test_room_events_are_reported(world: World) -> None:
    told: list[tuple[str, ...]] = []
    adapter = world.server.of("/").adapter
    for event in ("create-room", "join-room", "leave-room", "delete-room"):
        adapter.on(event)(lambda *args, event=event: told.append((event, *args)))
    number, one = await join(world)
    _, two = await join(world)
    one.join("a")
    one.join("a")
    two.join("a")
    one.leave("a")
    two.leave_all()
    one.join("b")
    world.leave(number)
    await world.idle()
    assert told == [
        ("create-room", "a"),
        ("join-room", "a", one.id),
        ("join-room", "a", two.id),
        ("leave-room", "a", one.id),
        ("leave-room", "a", two.id),
        ("delete-room", "a"),
        ("create-room", "b"),
        ("join-room", "b", one.id),
        ("leave-room", "b", one.id),
        ("delete-room", "b"),
    ]


async def test_listeners_get_a_disconnect_before_the_next_client(
    world: World,
) -> None:
    """The native server has already removed the first client, but the dispatcher has not."""
    first, one = await join(world)
    _, two = await join(world)
    one.join("r")
    told: list[tuple[str, ...]] = []
    adapter = world.server.of("/").adapter
    for event in ("create-room", "join-room", "leave-room", "delete-room"):
        adapter.on(event)(lambda *args, event=event: told.append((event, *args)))
    world.core.rooms.depart(first)
    two.join("r")
    expected = [
        ("leave-room", "r", one.id),
        ("delete-room", "r"),
        ("create-room", "r"),
        ("join-room", "r", two.id),
    ]
    assert told == expected
    world.leave(first)
    await world.idle()
    assert told == expected


async def test_rooms_are_recorded_only_with_clients_and_listeners(
    world: World,
) -> None:
    watched = world.core.rooms._changes
    adapter = world.server.of("/").adapter

    @adapter.on("join-room")
    def joined(room: str, id: str) -> None: ...

    assert not watched, "there is nobody"
    number, _ = await join(world)
    assert watched.keys() == {"/"}
    adapter.off("join-room", joined)
    assert not watched
    adapter.on("join-room")(joined)
    world.leave(number)
    await world.idle()
    assert not watched


async def test_a_listener_that_fails_is_logged_and_can_be_removed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = world.server.of("/").adapter

    @adapter.on("create-room")
    def failing(room: str) -> None:
        raise RuntimeError("on purpose")

    _, socket = await join(world)
    with caplog.at_level(logging.ERROR, "sio.socketio.adapter"):
        socket.join("r")
    assert "on purpose" in caplog.text
    assert socket.rooms == {"r"}
    caplog.clear()
    adapter.off("create-room", failing)
    socket.join("s")
    assert not caplog.text
    with pytest.raises(ValueError, match="create-room"):
        adapter.on("room-created")


# --- clusters ---


class Cluster:
    """A cluster of servers in this process."""

    def __init__(self) -> None:
        self.adapters: list[ClusterAdapter] = []
        self.targets: list[Target] = []

    def make_adapter(self, namespace: Namespace) -> ClusterAdapter:
        adapter = ClusterAdapter(namespace, self)
        self.adapters.append(adapter)
        return adapter


class ClusterAdapter(LocalAdapter):
    def __init__(self, namespace: Namespace, cluster: Cluster) -> None:
        super().__init__(namespace)
        self.cluster = cluster

    def others(self) -> list[Namespace]:
        return [
            adapter.namespace
            for adapter in self.cluster.adapters
            if adapter is not self and adapter.namespace.name == self.namespace.name
        ]

    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        self.cluster.targets.append(target)
        super().broadcast(args, target)

    def server_side_emit(self, event: str, args: Sequence[Any]) -> Any:
        return asyncio.gather(
            *(other.receive_server_side_emit(event, list(args)) for other in self.others())
        )

    def server_side_emit_with_ack(
        self, event: str, args: Sequence[Any], timeout: float | None
    ) -> Awaitable[list[Any]]:
        async def ask() -> list[Any]:
            answers: list[Any] = []
            for other in self.others():
                await other.receive_server_side_emit(event, list(args), answers.append)  # type: ignore[arg-type]
            return answers

        return ask()


async def test_servers_can_emit_to_each_other(caplog: pytest.LogCaptureFixture) -> None:
    cluster = Cluster()
    here, there = SocketIOServer(), SocketIOServer()
    for server in (here, there):
        server.adapter(cluster.make_adapter)
    heard: list[Any] = []

    @here.on_server_side_emit("news")
    async def own(*args: Any) -> None:
        heard.append(("own", *args))

    @there.on_server_side_emit("news")
    async def news(*args: Any) -> None:
        heard.append(args)

    @there.on_server_side_emit("news")
    def news_in_a_thread(*args: Any) -> None:
        heard.append(("thread", *args))

    @there.of("/chat").on_server_side_emit("news")
    async def chat_news(*args: Any) -> None:
        heard.append(("chat", *args))

    @there.on_server_side_emit("ask")
    async def ask(number: int, ack: Any) -> None:
        ack(number * 2)

    @there.on_server_side_emit("fail")
    async def fail() -> None:
        raise RuntimeError("on purpose")

    await here.server_side_emit("news", 1, "two")
    assert heard == [(1, "two"), ("thread", 1, "two")]
    assert await here.server_side_emit_with_ack("ask", 4, timeout=1) == [8]
    await here.server_side_emit("fail")
    assert "on purpose" in caplog.text
    await here.server_side_emit("nobody knows")


async def test_server_side_emit_without_other_servers(world: World) -> None:
    @world.server.on_server_side_emit("news")
    async def news(*args: Any) -> None:
        raise AssertionError("a server does not tell itself")

    await world.server.server_side_emit("news", 1)
    await world.server.of("/chat").server_side_emit("news", 1)
    assert await world.server.server_side_emit_with_ack("news", timeout=1) == []


@pytest.mark.parametrize("event", ["connect", "connection", "new_namespace"])
async def test_reserved_names_are_refused(world: World, event: str) -> None:
    with pytest.raises(ValueError, match="reserved"):
        world.server.server_side_emit(event)
    with pytest.raises(ValueError, match="reserved"):
        world.server.on_server_side_emit(event)
    with pytest.raises(TypeError):
        world.server.server_side_emit(1)  # type: ignore[arg-type]


async def test_every_broadcast_uses_the_adapter(world: World) -> None:
    cluster = Cluster()
    world.server.adapter(cluster.make_adapter)
    world.server.of("/later").emit("e")
    world.server.emit("e", namespace="/")
    world.server.to("a").except_("b").local.volatile.emit("e")
    assert cluster.targets == [
        Target(),
        Target(),
        Target(frozenset("a"), frozenset("b"), local=True, volatile=True),
    ]


async def test_the_adapter_must_be_set_before_clients_connect(world: World) -> None:
    await join(world)
    with pytest.raises(RuntimeError, match="before"):
        world.server.adapter(Cluster().make_adapter)


async def test_emit_with_ack_needs_a_running_server() -> None:
    with pytest.raises(RuntimeError, match=r"no Socket\.IO server"):
        sio.get_socketio_server().emit_with_ack("e")


async def test_listeners_get_events_in_order_while_threads_join_and_leave(world: World) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    _, socket = await join(world)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        await asyncio.to_thread(join_and_leave, world, socket, seed)
    finally:
        sys.setswitchinterval(usual)


def join_and_leave(world: World, socket: Any, seed: int) -> None:
    """Threads change a socket's rooms repeatedly, all at the same time, with waits in between."""
    barrier = threading.Barrier(5, timeout=60)
    told: set[str] = set()  # raises KeyError for an inconsistent event
    world.server.of("/").adapter.on("create-room")(lambda room: told.add(f"room {room}"))
    world.server.of("/").adapter.on("delete-room")(lambda room: told.remove(f"room {room}"))
    world.server.of("/").adapter.on("join-room")(lambda room, id: told.add(room))
    world.server.of("/").adapter.on("leave-room")(lambda room, id: told.remove(room))

    def work(number: int) -> None:
        chance = random.Random(seed + number)
        for _ in range(ROUNDS):
            barrier.wait()
            for _ in range(5):
                chance.choice([socket.join, socket.join, socket.leave])("r")
                if chance.randrange(10) == 0:
                    socket.leave_all()
            barrier.wait()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            barrier.wait()
            barrier.wait()
            assert told == {name for room in socket.rooms for name in (room, f"room {room}")}
            assert world.server.of("/").rooms() == {room: {socket.id} for room in socket.rooms}
    except BaseException:
        barrier.abort()
        raise
    finally:
        for thread in threads:
            thread.join()


async def test_a_client_that_disconnects_while_threads_join_leaves_nothing_behind(
    world: World,
) -> None:
    stopping = threading.Event()

    def work(socket: Any) -> None:
        while not stopping.is_set():
            socket.join("r")
            socket.leave("r")
            socket.join("s")

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            stopping.clear()
            number, socket = await join(world)
            thread = threading.Thread(target=work, args=(socket,))
            thread.start()
            world.leave(number)
            await world.idle()
            stopping.set()
            await asyncio.to_thread(thread.join)
            assert world.server.of("/").rooms() == {}
            assert socket.rooms == set()
    finally:
        sys.setswitchinterval(usual)
