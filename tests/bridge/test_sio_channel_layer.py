"""Messages from code for django-sio reach the right rooms through a channel layer, once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pathlib
import re
import shutil
import socket as sockets
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import sio
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer
from sio import channel_layer
from sio.channel_layer import ChannelLayerBridge, group_name
from sio.socketio.constants import SIO_EVENT
from sio.socketio.protocol import SocketIOPacket, encode_packet_to_eio
from sio_fakes import World

REDIS = shutil.which("redis-server")

# Each server of a cluster gets the message from the channel layer.
LOCAL = {"local": True}


@pytest.fixture(autouse=True)
def reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)
    monkeypatch.setattr(channel_layer, "FIRST_DELAY", 0.01)


@pytest.fixture
def world(reset: None) -> World:
    return World()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis server."""
    if REDIS is None:
        pytest.skip("redis-server is not installed")
    folder = tmp_path_factory.mktemp("redis")
    path = folder / "socket"
    log = folder / "log"
    with log.open("w") as output:
        command = [REDIS, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    wait_for_socket(path, process, log)
    yield f"unix://{path}"
    process.terminate()
    process.wait(10)


def wait_for_socket(
    path: pathlib.Path, process: subprocess.Popen[bytes], log: pathlib.Path
) -> None:
    connected = threading.Event()
    for _ in range(600):
        with contextlib.suppress(OSError), sockets.socket(sockets.AF_UNIX) as probe:
            probe.connect(str(path))
            return
        assert process.poll() is None, log.read_text()
        connected.wait(0.05)
    raise AssertionError(log.read_text())


LAYERS: dict[str, Callable[[str], Any]] = {
    "memory": lambda url: InMemoryChannelLayer(),
    "redis": lambda url: pytest.importorskip("channels_redis.core").RedisChannelLayer(hosts=[url]),
    "redis pubsub": lambda url: pytest.importorskip(
        "channels_redis.pubsub"
    ).RedisPubSubChannelLayer(hosts=[url]),
}


@pytest.fixture(params=LAYERS)
def make_layer(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """Creates a layer like a separate process; all layers share the backend."""
    if request.param == "memory":
        layer = LAYERS["memory"]("")
        return lambda: layer
    url = request.getfixturevalue("redis")
    return lambda: LAYERS[request.param](url)


@contextlib.asynccontextmanager
async def bridged(world: World, layer: Any) -> AsyncIterator[ChannelLayerBridge]:
    bridge = ChannelLayerBridge(world.server, layer)
    bridge.open()
    try:
        yield bridge
    finally:
        await bridge.close()
        assert world.server.room_watcher is None
        assert not bridge._tasks
        if hasattr(layer, "close_pools"):
            await layer.close_pools()


async def join(world: World, *rooms: str, namespace: str = "/") -> Any:
    number = await world.join(namespace)
    socket = world.dispatcher._connections[number].socket
    for room in rooms:
        await socket.join(room)
    return socket


def old_message(namespace: str, *args: Any) -> dict[str, Any]:
    """The message of django-sio's server to a group."""
    packet = SocketIOPacket(type=SIO_EVENT, namespace=namespace, data=list(args))
    header, attachments = encode_packet_to_eio(packet)
    return {"type": "sio.broadcast", "header": header, "attachments": attachments}


async def old_emit(layer: Any, namespace: str, room: str, *args: Any) -> None:
    await layer.group_send(group_name(namespace, room), old_message(namespace, *args))


def broadcasts(world: World) -> list[Any]:
    return world.core.of("broadcast")


@pytest.mark.parametrize(
    ("namespace", "room", "group"),
    [
        ("/", "lobby", "sio___lobby"),
        ("/chat", "room-1.x", "sio__chat_room-1.x"),
        ("/a/b", "räum 1", "sio__a_b_r_um_1"),
        ("/", "", "sio___"),
        ("/", "x" * 200, "sio___" + "x" * 93),
    ],
)
def test_names_of_groups(namespace: str, room: str, group: str) -> None:
    assert group_name(namespace, room) == group


async def test_a_message_reaches_its_room_once(world: World, make_layer: Any) -> None:
    world.server.of("/chat")
    async with bridged(world, make_layer()) as bridge:
        await join(world, "lobby", "other")
        await join(world, "lobby")
        await join(world, "lobby", namespace="/chat")
        sender = make_layer()
        await old_emit(sender, "/", "lobby", "news", 1, {"a": b"bytes"}, b"more")
        await old_emit(sender, "/chat", "lobby", "chat news")
        await old_emit(sender, "/", "nobody", "unheard")
        await old_emit(sender, "/", "other", "last")
        await world.core.until(lambda: len(broadcasts(world)) >= 3)
        assert sorted(broadcasts(world)) == [
            ("broadcast", "/", ["last"], ["other"], [], LOCAL),
            ("broadcast", "/", ["news", 1, {"a": b"bytes"}, b"more"], ["lobby"], [], LOCAL),
            ("broadcast", "/chat", ["chat news"], ["lobby"], [], LOCAL),
        ]
        assert len(bridge._groups) == 3


async def test_messages_of_one_room_keep_their_order(world: World, make_layer: Any) -> None:
    async with bridged(world, make_layer()):
        await join(world, "r")
        sender = make_layer()
        for number in range(90):  # Redis drops what is above 100
            await old_emit(sender, "/", "r", "n", number)
        await world.core.until(lambda: len(broadcasts(world)) == 90)
        assert [call[2][1] for call in broadcasts(world)] == list(range(90))


async def test_a_burst_in_this_process_is_not_limited_to_a_hundred(world: World) -> None:
    layer = InMemoryChannelLayer()
    async with bridged(world, layer):
        await join(world, "r")
        for number in range(2000):
            await old_emit(layer, "/", "r", "n", number)
        await world.core.until(lambda: len(broadcasts(world)) == 2000)


async def test_a_room_that_is_left_and_joined_again(world: World, make_layer: Any) -> None:
    async with bridged(world, make_layer()) as bridge:
        socket = await join(world, "r")
        sender = make_layer()
        for number in range(5):
            await socket.leave("r")
            assert not bridge._groups
            await socket.join("r")
            await old_emit(sender, "/", "r", "n", number)
            await world.core.until(lambda count=number + 1: len(broadcasts(world)) == count)
        await socket.leave("r")
        await old_emit(sender, "/", "r", "nobody is there")
        await socket.join("s")
        await old_emit(sender, "/", "s", "end")
        await world.core.until(lambda: broadcasts(world)[-1][2] == ["end"])
        assert len(broadcasts(world)) == 6


async def test_rooms_are_removed_with_their_clients(world: World, make_layer: Any) -> None:
    async with bridged(world, make_layer()) as bridge:
        socket = await join(world, "a", "b")
        assert len(bridge._groups) == 2
        world.leave(socket.number)
        await world.idle()
        assert not bridge._groups
        await until(lambda: len(bridge._tasks) == 1)  # the task that renews the groups


async def test_rooms_that_are_in_use_when_the_layer_opens(world: World) -> None:
    layer = InMemoryChannelLayer()
    await join(world, "early")
    async with bridged(world, layer) as bridge:
        [group] = bridge._groups.values()
        await group.wait_until_ready()
        await old_emit(layer, "/", "early", "news")
        await world.core.until(lambda: broadcasts(world))


async def test_a_client_that_may_be_recovered_is_still_in_its_rooms(world: World) -> None:
    layer = InMemoryChannelLayer()
    async with bridged(world, layer) as bridge:
        socket = await join(world, "r")
        world.dispatcher.disconnect(socket.number, "engineio_timeout", "ping timeout", True)
        await world.idle()
        await old_emit(layer, "/", "r", "missed")  # the native server keeps it for the client
        await world.core.until(lambda: broadcasts(world))
        await socket.join("s")
        await old_emit(layer, "/", "s", "missed too")
        await world.core.until(lambda: len(broadcasts(world)) == 2)
        assert world.server.of("/").rooms() == {"r": {socket.id}, "s": {socket.id}}
        assert world.server.fetch_sockets() == []
        world.dispatcher.forgotten(socket.number)
        assert world.server.of("/").rooms() == {}
        assert not bridge._groups


async def test_a_recovered_client_never_leaves_its_rooms(world: World) -> None:
    async with bridged(world, InMemoryChannelLayer()):
        former = await join(world, "r")
        events: list[str] = []
        adapter = world.server.of("/").adapter
        for event in ("delete-room", "create-room"):
            adapter.on(event)(events.append)
        world.dispatcher.disconnect(former.number, "engineio_timeout", "ping timeout", True)
        await world.idle()
        session = world.open_session(routed=True)
        world.dispatcher.connect(900, session, former.id, "/", {}, former.number)
        await world.idle()
        [socket] = world.server.to("r").fetch_sockets()
        assert (socket.number, socket.recovered) == (900, True)
        assert events == []
        socket.leave("r")
        assert events == ["r"]


async def test_join_can_be_awaited_in_every_way(world: World, make_layer: Any) -> None:
    async with bridged(world, make_layer()):
        socket = await join(world)
        await asyncio.create_task(socket.join("task"))
        await asyncio.gather(socket.join("gathered"), socket.join("gathered too"))
        await asyncio.wait_for(socket.join("in time"), 30)
        await asyncio.to_thread(async_to_sync(socket.join), "thread")
        await world.server.sockets_join(["many", "more"])
        await world.server.of(re.compile("/none")).sockets_join("nobody")
        socket.join("not awaited")
        sender = make_layer()
        rooms = ["many", "more", "task", "gathered", "gathered too", "in time", "thread"]
        for room in rooms:
            await old_emit(sender, "/", room, "news")
        await world.core.until(lambda: len(broadcasts(world)) == len(rooms))
        assert sorted(room for call in broadcasts(world) for room in call[3]) == sorted(rooms)


async def test_rooms_of_one_group_are_not_mixed_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    layer = InMemoryChannelLayer()
    async with bridged(world, layer):
        one = await join(world, "räum")
        two = await join(world, "r_um", "other")
        with caplog.at_level(logging.ERROR, "sio.channel_layer"):
            for _ in range(2):
                await old_emit(layer, "/", "räum", "secret")
            await old_emit(layer, "/", "other", "end")
            await world.core.until(lambda: broadcasts(world))
        assert [call[2] for call in broadcasts(world)] == [["end"]]
        assert caplog.text.count("belongs to 2 rooms") == 1
        await two.leave("r_um")
        await old_emit(layer, "/", "räum", "alone again")
        await world.core.until(lambda: len(broadcasts(world)) == 2)
        assert broadcasts(world)[-1] == ("broadcast", "/", ["alone again"], ["räum"], [], LOCAL)
        assert one.rooms == {"räum"}


async def test_the_namespace_of_the_packet_distinguishes_groups_of_one_name(world: World) -> None:
    layer = InMemoryChannelLayer()
    for namespace in ("/a_b", "/a"):
        world.server.of(namespace)
    assert group_name("/a_b", "c") == group_name("/a", "b_c")
    async with bridged(world, layer):
        await join(world, "c", namespace="/a_b")
        await join(world, "b_c", namespace="/a")
        await old_emit(layer, "/a", "b_c", "for a")
        await world.core.until(lambda: broadcasts(world))
        assert broadcasts(world) == [("broadcast", "/a", ["for a"], ["b_c"], [], LOCAL)]


async def test_dynamic_namespaces_are_reached(world: World) -> None:
    layer = InMemoryChannelLayer()
    world.server.of(re.compile("/board-[0-9]"))
    async with bridged(world, layer):
        await join(world, "r", namespace="/board-1")
        await old_emit(layer, "/board-1", "r", "news")
        await world.core.until(lambda: broadcasts(world))
        assert broadcasts(world) == [("broadcast", "/board-1", ["news"], ["r"], [], LOCAL)]


WRONG: list[dict[str, Any]] = [
    {"type": "sio.broadcast"},
    {"type": "sio.broadcast", "header": 17},
    {"type": "sio.broadcast", "header": ""},
    {"type": "sio.broadcast", "header": "2[]"},
    {"type": "sio.broadcast", "header": '2{"no":"array"}'},
    {"type": "sio.broadcast", "header": '2["connect"]'},
    {"type": "sio.broadcast", "header": "3[1]", "attachments": []},
    {"type": "sio.broadcast", "header": "1", "attachments": []},
    {
        "type": "sio.broadcast",
        "header": '52-["x",{"_placeholder":true,"num":0}]',
        "attachments": [b""],
    },
    {"type": "sio.broadcast", "header": '2["x"]', "attachments": [b"one too many"]},
    {"type": "sio.broadcast", "header": '2/other,["not this namespace"]'},
    {"type": "chat.message", "text": "of another consumer"},
]


async def test_wrong_messages_are_dropped_and_the_next_arrives(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    layer = InMemoryChannelLayer()
    async with bridged(world, layer):
        await join(world, "r")
        for message in WRONG:
            await layer.group_send(group_name("/", "r"), message)
        await old_emit(layer, "/", "r", "end", *[b"x"] * 20)
        await world.core.until(lambda: broadcasts(world))
        assert [call[2][0] for call in broadcasts(world)] == ["end"]
        assert caplog.text.count("can't be emitted") >= 9


async def test_emitting_does_not_go_through_the_layer(world: World, make_layer: Any) -> None:
    async with bridged(world, make_layer()):
        socket = await join(world, "r")
        world.server.emit("e", room="r")
        socket.to("r").emit("e")
        await old_emit(make_layer(), "/", "r", "end")
        await world.core.until(lambda: len(broadcasts(world)) >= 3)
        assert [call[2] for call in broadcasts(world)] == [["e"], ["e"], ["end"]]


class BrittleLayer(InMemoryChannelLayer):
    """Fails while `broken` is set; `receive` raises on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.attempts = 0
        self.cut = asyncio.Event()

    async def group_add(self, group: str, channel: str) -> None:
        self.attempts += 1
        if self.broken:
            raise ConnectionError("on purpose")
        await super().group_add(group, channel)

    async def receive(self, channel: str) -> Any:
        receiving = asyncio.ensure_future(super().receive(channel))
        cutting = asyncio.ensure_future(self.cut.wait())
        try:
            await asyncio.wait([receiving, cutting], return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                return receiving.result()
            self.groups.clear()  # a restarted server has no groups
            raise ConnectionError("on purpose")
        finally:
            receiving.cancel()
            cutting.cancel()


async def until(condition: Callable[[], Any]) -> None:
    for _ in range(6000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came true")


async def test_a_layer_that_fails_is_tried_again_and_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    layer = BrittleLayer()
    layer.broken = True
    with caplog.at_level(logging.INFO, "sio.channel_layer"):
        async with bridged(world, layer):
            await join(world, "r", "s")  # waits at most for the first attempt
            await until(lambda: layer.attempts > 6)
            assert caplog.text.count("the channel layer fails") == 1
            layer.broken = False
            await until(lambda: "layer works again" in caplog.text)
            await old_emit(layer, "/", "r", "one")
            await old_emit(layer, "/", "s", "two")
            await world.core.until(lambda: len(broadcasts(world)) == 2)

            layer.cut.set()
            layer.broken = True
            await until(lambda: caplog.text.count("the channel layer fails") == 2)
            layer.cut.clear()
            layer.broken = False
            await until(lambda: caplog.text.count("layer works again") == 2)
            await old_emit(layer, "/", "r", "three")
            await world.core.until(lambda: len(broadcasts(world)) == 3)


async def test_a_layer_that_hangs_delays_neither_join_nor_the_stop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class HangingLayer(InMemoryChannelLayer):
        async def group_add(self, group: str, channel: str) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(channel_layer, "PATIENCE", 0.05)
    async with bridged(world, HangingLayer()):
        socket = await asyncio.wait_for(join(world, "r"), 30)
        assert socket.rooms == {"r"}


async def test_a_thousand_rooms_are_joined_a_few_at_a_time(world: World) -> None:
    class CountingLayer(InMemoryChannelLayer):
        now = most = 0

        async def group_add(self, group: str, channel: str) -> None:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            await super().group_add(group, channel)
            self.now -= 1

    layer = CountingLayer()
    async with bridged(world, layer) as bridge:
        socket = await join(world)
        for number in range(1000):
            socket.join(number)
        await socket.join("last")
        await until(lambda: all(group.is_ready for group in bridge._groups.values()))
        assert layer.most == channel_layer.CALLS_AT_ONCE
        await old_emit(layer, "/", "999", "news")
        await world.core.until(lambda: broadcasts(world))


async def test_groups_that_expire_in_a_layer_are_added_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_layer, "RENEWAL_IN_MEMORY", 0.01)
    layer = InMemoryChannelLayer()
    async with bridged(world, layer):
        await join(world, "r")
        layer.groups.clear()
        await until(lambda: layer.groups)
        await old_emit(layer, "/", "r", "news")
        await world.core.until(lambda: broadcasts(world))


async def test_without_django_there_is_no_layer() -> None:
    assert channel_layer.configured_layer() is None
    assert sio.get_socketio_server().room_watcher is None


async def test_a_layer_that_turns_a_cancellation_into_an_error_is_still_closed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class Converting(InMemoryChannelLayer):
        async def receive(self, channel: str) -> Any:
            try:
                return await super().receive(channel)
            except asyncio.CancelledError:
                raise RuntimeError("interrupted") from None

    async with bridged(world, Converting()):
        await join(world, "room")
        await asyncio.sleep(0)
    assert "fails" not in caplog.text
