"""Emits from a process without a server reach clients of Node's servers in the cluster."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator

import pytest
import sio
from support.node_cluster import FROM_OUTSIDE, NodeServer
from support.redis_server import RedisServer

CLIENTS = {
    "ann": ("/", ["lobby", "desk"]),
    "bob": ("/", ["lobby"]),
    "cyd": ("/", [42]),
    "dan": ("/", ["42"]),
    "eve": ("/chat", ["lobby"]),
}
IN_DEFAULT = ["ann", "bob", "cyd", "dan"]


@pytest.fixture(params=["plain", "sharded"])
def sharded(request: pytest.FixtureRequest) -> bool:
    return request.param == "sharded"


@pytest.fixture
def node(redis_server: RedisServer, sharded: bool) -> Iterator[NodeServer]:
    server = NodeServer(redis_server.url, CLIENTS, sharded=sharded)
    yield server
    server.close()


@pytest.fixture
def emitter(redis_server: RedisServer, sharded: bool) -> Iterator[sio.RedisEmitter]:
    emitter = sio.RedisEmitter(redis_server.url, sharded=sharded)
    yield emitter
    emitter.close()


def test_events_reach_the_clients_of_node(node: NodeServer, emitter: sio.RedisEmitter) -> None:
    """In one test, because each server of Node takes a second to start: an event that reaches too
    many clients is found by the next step.
    """
    emitter.emit("all", 1, {"a": [None, True, "é"]})
    assert node.take(4) == [[name, "all", 1, {"a": [None, True, "é"]}] for name in IN_DEFAULT]
    emitter.emit("bytes", b"\0\1", {"in": [b"x" * 300]}, room="lobby")
    assert node.take(2) == [
        [name, "bytes", b"\0\1", {"in": [b"x" * 300]}] for name in ("ann", "bob")
    ]
    emitter.to(["lobby", "desk"]).emit("once")
    assert node.take(2) == [["ann", "once"], ["bob", "once"]]
    emitter.to("lobby").except_("desk").volatile.emit("except")
    assert node.next() == ["bob", "except"]
    emitter.of("/chat").compress(False).emit("chat")
    assert node.next() == ["eve", "chat"]
    emitter.emit("chat", room="lobby", namespace="chat")
    assert node.next() == ["eve", "chat"]
    emitter.to([]).emit("nobody")
    emitter.to(42).emit("a number")
    assert node.take(2) == [["cyd", "a number"], ["dan", "a number"]]
    emitter.except_(["lobby", "42"]).emit("nobody")
    emitter.emit("large", 2**53, 2**70, -(2**70))
    assert node.take(4)[0][2:] == [2**53, 2**70, -(2**70)]
    moment = datetime.datetime(2026, 11, 28, 23, 59, tzinfo=datetime.timezone.utc)
    emitter.json_default = lambda value: value.isoformat()
    emitter.to("desk").emit("date", moment)
    assert node.next() == ["ann", "date", "2026-11-28T23:59:00+00:00"]


def test_rooms_and_connections_change(node: NodeServer, emitter: sio.RedisEmitter) -> None:
    emitter.to("all bob").sockets_join(["new", "newer"])
    # Sharded, a server subscribes to a new room only now; several rooms use a common channel.
    emitter.to(["new", "newer"]).emit("joined")
    assert node.next() == ["bob", "joined"]
    emitter.to("lobby").except_("desk").sockets_leave("newer")
    emitter.to(["newer", "desk"]).emit("left")
    assert node.next() == ["ann", "left"]
    emitter.sockets_leave(42)
    emitter.to("42").emit("nobody")
    emitter.server_side_emit(FROM_OUTSIDE, "to the servers", {"n": 1})
    assert node.next() == ["server", "to the servers", {"n": 1}]
    emitter.of("/chat").server_side_emit(FROM_OUTSIDE, "of the namespace")
    assert node.next() == ["server", "of the namespace"]
    emitter.to("all ann").disconnect_sockets()
    assert node.next() == ["ann", "disconnect", "io server disconnect"]
    emitter.to([]).disconnect_sockets(close=True)
    emitter.of("/chat").disconnect_sockets(close=True)
    assert node.next() == ["eve", "disconnect", "io server disconnect"]
    emitter.emit("rest")
    assert node.take(3) == [["bob", "rest"], ["cyd", "rest"], ["dan", "rest"]]


def test_awaited_emits_reach_clients_in_their_order(
    node: NodeServer, emitter: sio.RedisEmitter
) -> None:
    async def main() -> None:
        for number in range(100):
            emitter.to("all bob").emit("n", number)
        await emitter.to("all bob").emit("n", 100)
        await asyncio.to_thread(emitter.to("all bob").emit, "n", 101)
        emitter.to("all bob").emit("n", 102)  # the event loop ends before it is sent

    asyncio.run(main())
    assert [node.next() for _ in range(103)] == [["bob", "n", number] for number in range(103)]
