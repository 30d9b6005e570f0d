"""What is published, byte for byte: as the adapters and emitters of Node do."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import sio
from support.node_clients import FOLDER
from support.redis_server import RedisServer

Emit = Callable[[sio.RedisEmitter], Any]
Said = tuple[str, bytes]


class Listener:
    """Subscribed to all channels."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url)
        self._pubsub = self._client.pubsub()
        self._pubsub.psubscribe("*")
        self._pubsub.get_message(timeout=10)

    def next(self) -> Said:
        message = self._pubsub.get_message(timeout=10)
        assert message is not None, "nothing was published"
        return message["channel"].decode(), message["data"]

    def subscribe_sharded(self, *channels: str) -> None:
        self._pubsub.close()
        self._pubsub = self._client.pubsub()
        self._pubsub.ssubscribe(*channels)
        for _ in channels:
            self._pubsub.get_message(timeout=10)

    def next_sharded(self) -> Said:
        message = self._pubsub.get_sharded_message(timeout=10)
        assert message is not None, "nothing was published"
        return message["channel"].decode(), message["data"]

    def close(self) -> None:
        self._pubsub.close()
        self._client.close()


@pytest.fixture
def listener(redis_server: RedisServer) -> Iterator[Listener]:
    listener = Listener(redis_server.url)
    yield listener
    listener.close()


@pytest.fixture
def emitter(redis_server: RedisServer) -> Iterator[sio.RedisEmitter]:
    emitter = sio.RedisEmitter(redis_server.url)
    yield emitter
    emitter.close()


@pytest.fixture
def sharded(redis_server: RedisServer) -> Iterator[sio.RedisEmitter]:
    emitter = sio.RedisEmitter(redis_server.url, sharded=True)
    yield emitter
    emitter.close()


HI = b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x92\xa2hi\x01\xa3nsp\xa1/\x83"

# As seen from @socket.io/redis-emitter 5.1.0.
PLAIN: dict[str, tuple[Emit, Said]] = {
    "to all": (
        lambda e: e.emit("hi", 1),
        ("socket.io#/#", HI + b"\xa5rooms\x90\xa5flags\x80\xa6except\x90"),
    ),
    "to a room": (
        lambda e: e.to("r1").emit("hi", 1),
        ("socket.io#/#r1#", HI + b"\xa5rooms\x91\xa2r1\xa5flags\x80\xa6except\x90"),
    ),
    "to a room, by keyword": (
        lambda e: e.emit("hi", 1, room="r1"),
        ("socket.io#/#r1#", HI + b"\xa5rooms\x91\xa2r1\xa5flags\x80\xa6except\x90"),
    ),
    "to two rooms": (
        lambda e: e.in_(["r2", "r1"]).emit("hi", 1),
        ("socket.io#/#", HI + b"\xa5rooms\x92\xa2r1\xa2r2\xa5flags\x80\xa6except\x90"),
    ),
    "except a room": (
        lambda e: e.to("r1").except_("x").emit("hi", 1),
        ("socket.io#/#r1#", HI + b"\xa5rooms\x91\xa2r1\xa5flags\x80\xa6except\x91\xa1x"),
    ),
    "volatile": (
        lambda e: e.volatile.emit("hi", 1),
        ("socket.io#/#", HI + b"\xa5rooms\x90\xa5flags\x81\xa8volatile\xc3\xa6except\x90"),
    ),
    "not compressed": (
        lambda e: e.compress(False).emit("hi", 1),
        ("socket.io#/#", HI + b"\xa5rooms\x90\xa5flags\x81\xa8compress\xc2\xa6except\x90"),
    ),
    "another namespace": (
        lambda e: e.of("chat").to("r1").emit("hi"),
        (
            "socket.io#/chat#r1#",
            b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x91\xa2hi\xa3nsp\xa5/chat"
            b"\x83\xa5rooms\x91\xa2r1\xa5flags\x80\xa6except\x90",
        ),
    ),
    "bytes": (
        lambda e: e.emit("hi", b"\1\2\3", {"a": None}),
        (
            "socket.io#/#",
            b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x93\xa2hi\xc4\x03\x01\x02\x03\x81\xa1a\xc0"
            b"\xa3nsp\xa1/\x83\xa5rooms\x90\xa5flags\x80\xa6except\x90",
        ),
    ),
    "a room that is a number": (  # in Node, 42 and "42" are two rooms
        lambda e: e.to(42).emit("hi", 1),
        ("socket.io#/#42#", HI + b"\xa5rooms\x92\xa242*\xa5flags\x80\xa6except\x90"),
    ),
    "join": (
        lambda e: e.to("r1").sockets_join("j"),
        (
            "socket.io-request#/#",
            b'{"type":2,"opts":{"rooms":["r1"],"except":[]},"rooms":["j"]}',
        ),
    ),
    "leave": (
        lambda e: e.except_("x").sockets_leave(["j", "k"]),
        (
            "socket.io-request#/#",
            b'{"type":3,"opts":{"rooms":[],"except":["x"]},"rooms":["j","k"]}',
        ),
    ),
    "disconnect": (
        lambda e: e.of("/chat").to("j1").disconnect_sockets(True),
        (
            "socket.io-request#/chat#",
            b'{"type":4,"opts":{"rooms":["j1"],"except":[]},"close":true}',
        ),
    ),
    "server side": (
        lambda e: e.server_side_emit("sse", 1, b"\1\2"),
        (
            "socket.io-request#/#",
            b'{"uid":"emitter","type":6,"data":["sse",1,{"type":"Buffer","data":[1,2]}]}',
        ),
    ),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_a_message_of_the_plain_adapter(
    kind: str, emitter: sio.RedisEmitter, listener: Listener
) -> None:
    emit, expected = PLAIN[kind]
    emit(emitter)
    assert listener.next() == expected


# As seen from createShardedAdapter() of @socket.io/redis-adapter 8.3.0, whose uid is another.
SHARDED: dict[str, tuple[Emit, Said]] = {
    "to all": (
        lambda e: e.volatile.emit("hi", 1),
        (
            "socket.io#/#",
            b'{"type":3,"data":{"packet":{"type":2,"data":["hi",1]},"opts":{"rooms":[],'
            b'"except":[],"flags":{"volatile":true}}},"uid":"emitter","nsp":"/"}',
        ),
    ),
    "to a room": (
        lambda e: e.to("r1").emit("hi", 1),
        (
            "socket.io#/#r1#",
            b'{"type":3,"data":{"packet":{"type":2,"data":["hi",1]},"opts":{"rooms":["r1"],'
            b'"except":[],"flags":{}}},"uid":"emitter","nsp":"/"}',
        ),
    ),
    "to a socket": (
        lambda e: e.to("x" * 20).emit("hi", 1),
        (
            "socket.io#/#",
            b'{"type":3,"data":{"packet":{"type":2,"data":["hi",1]},"opts":{"rooms":["'
            + b"x" * 20
            + b'"],"except":[],"flags":{}}},"uid":"emitter","nsp":"/"}',
        ),
    ),
    "bytes": (
        lambda e: e.to("r1").emit("hi", b"\1\2\3", {"a": None}),
        (
            "socket.io#/#r1#",
            b"\x84\xa4type\x03\xa4data\x82\xa6packet\x82\xa4type\x02\xa4data\x93\xa2hi"
            b"\xc4\x03\x01\x02\x03\x81\xa1a\xc0\xa4opts\x83\xa5rooms\x91\xa2r1\xa6except\x90"
            b"\xa5flags\x80\xa3uid\xa7emitter\xa3nsp\xa1/",
        ),
    ),
    "join": (
        lambda e: e.to("r1").sockets_join(["j1", "j2"]),
        (
            "socket.io#/#",
            b'{"type":4,"data":{"opts":{"rooms":["r1"],"except":[],"flags":{}},'
            b'"rooms":["j1","j2"]},"uid":"emitter","nsp":"/"}',
        ),
    ),
    "leave": (
        lambda e: e.sockets_leave("j1"),
        (
            "socket.io#/#",
            b'{"type":5,"data":{"opts":{"rooms":[],"except":[],"flags":{}},'
            b'"rooms":["j1"]},"uid":"emitter","nsp":"/"}',
        ),
    ),
    "disconnect": (
        lambda e: e.disconnect_sockets(),
        (
            "socket.io#/#",
            b'{"type":6,"data":{"opts":{"rooms":[],"except":[],"flags":{}},"close":false},'
            b'"uid":"emitter","nsp":"/"}',
        ),
    ),
    "server side": (
        lambda e: e.server_side_emit("sse", "a1"),
        ("socket.io#/#", b'{"type":9,"data":{"packet":["sse","a1"]},"uid":"emitter","nsp":"/"}'),
    ),
}


@pytest.mark.parametrize("kind", SHARDED)
def test_a_message_of_the_sharded_adapter(
    kind: str, sharded: sio.RedisEmitter, listener: Listener
) -> None:
    listener.subscribe_sharded("socket.io#/#", "socket.io#/#r1#")
    emit, expected = SHARDED[kind]
    emit(sharded)
    assert listener.next_sharded() == expected


def test_a_prefix(redis_server: RedisServer, listener: Listener) -> None:
    emitter = sio.RedisEmitter(redis_server.url, prefix="shop")
    emitter.emit("hi")
    emitter.sockets_leave("r")
    emitter.close()
    assert [listener.next()[0], listener.next()[0]] == ["shop#/#", "shop-request#/#"]


LONG = ["x" * 40, "y" * 300, list(range(20)), "z" * 70_000]
VALUES = ["é€😀", [1, -1, 300, 70_000, 2**40, 1.5, True, None], {"deep": {"a": []}}]

# The same operations for the package of Node: a namespace and the calls.
NODE: dict[str, tuple[Emit, list[Any]]] = {
    "all": (lambda e: e.emit("hi", *VALUES), ["/", [["emit", "hi", *VALUES]]]),
    "room": (lambda e: e.of("/a").to("r").emit("x"), ["/a", [["to", "r"], ["emit", "x"]]]),
    "rooms": (
        lambda e: e.to(["q", "r"]).except_(["s", "t"]).volatile.compress(False).emit("x", {}),
        [
            "/",
            [
                ["to", ["q", "r"]],
                ["except", ["s", "t"]],
                ["volatile"],
                ["compress", False],
                ["emit", "x", {}],
            ],
        ],
    ),
    "bytes": (
        lambda e: e.emit("x", {"deep": [b"\0\1"]}, b"b" * 300),
        ["/", [["emit", "x", {"deep": [{"bytes": "AAE="}]}, {"bytes": "YmJi" * 100}]]],
    ),
    "long": (lambda e: e.emit(*LONG), ["/", [["emit", *LONG]]]),
    "join": (lambda e: e.to("r").sockets_join("é"), ["/", [["to", "r"], ["socketsJoin", "é"]]]),
    "leave": (lambda e: e.sockets_leave(["a", "b"]), ["/", [["socketsLeave", ["a", "b"]]]]),
    "disconnect": (lambda e: e.of("/a").disconnect_sockets(), ["/a", [["disconnectSockets"]]]),
    "server side": (
        lambda e: e.server_side_emit("x", {"a": [1]}, b"\1"),
        ["/", [["serverSideEmit", "x", {"a": [1]}, {"bytes": "AQ=="}]]],
    ),
}


def test_the_messages_are_those_of_the_emitter_of_node(
    emitter: sio.RedisEmitter, redis_server: RedisServer, listener: Listener
) -> None:
    node = shutil.which("node")
    assert node is not None, "Node is missing: run scripts/setup"
    lines = "".join(f"{json.dumps(calls)}\n" for _, calls in NODE.values())
    command = [node, str(FOLDER / "cluster_emitter.mjs"), redis_server.url]
    subprocess.run(command, input=lines, text=True, check=True, timeout=60)
    theirs = [listener.next() for _ in NODE]
    for (name, (emit, _)), expected in zip(NODE.items(), theirs, strict=True):
        emit(emitter)
        assert listener.next() == expected, name
