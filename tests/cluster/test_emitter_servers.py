"""Emits of processes without a server reach the clients of sioserve's servers, through Redis."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import redis
import sio
from sioserve.options.table import GROUPS
from support.heard import Client
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.waiting import eventually

APPS = pathlib.Path(__file__).parent / "apps"

pytestmark = pytest.mark.skipif(
    not any(option.name == "redis" for group in GROUPS for option in group.options),
    reason="this server has no option --redis",
)


@pytest.fixture(scope="module", params=["plain", "sharded"])
def sharded(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "sharded")


Subscribers = Callable[[str], int]


@pytest.fixture(scope="module")
def subscribers(redis_server: RedisServer, sharded: bool) -> Iterator[Subscribers]:
    """subscribers(channel): their number."""
    client = redis.Redis.from_url(redis_server.url)
    count = client.pubsub_shardnumsub if sharded else client.pubsub_numsub
    yield lambda channel: int(count(channel)[0][1])
    client.close()


@pytest.fixture(scope="module")
def servers(
    redis_server: RedisServer, sharded: bool, subscribers: Subscribers
) -> Iterator[list[ServerProcess]]:
    """Two, the second with two Python processes."""
    options = ["--redis", redis_server.url, *(["--redis-sharded"] if sharded else [])]
    started = [
        ServerProcess("rooms:application", *options, *more, cwd=APPS).start()
        for more in ([], ["--workers", "2"])
    ]
    channel = "socket.io#/chat#" if sharded else "socket.io-request#/chat#"
    eventually(has(subscribers, channel, len(started)))
    yield started
    for server in started:
        server.stop()


@pytest.fixture
def emitter(redis_server: RedisServer, sharded: bool) -> Iterator[sio.RedisEmitter]:
    emitter = sio.RedisEmitter(redis_server.url, sharded=sharded)
    yield emitter
    emitter.close()


Join = Callable[..., contextlib.AbstractAsyncContextManager[list[Client]]]


@pytest.fixture
def clients(servers: list[ServerProcess], subscribers: Subscribers) -> Join:
    """clients(rooms, ...): a client for each list of rooms, of the servers in turn."""

    @contextlib.asynccontextmanager
    async def join(*rooms: list[str]) -> AsyncIterator[list[Client]]:
        async with contextlib.AsyncExitStack() as stack:
            made = []
            places: dict[str, set[int]] = {}
            for number, names in enumerate(rooms):
                client = Client()
                place = number % len(servers)
                await client.connect(servers[place].url, names)
                stack.push_async_callback(client.sio.disconnect)
                made.append(client)
                for name in names:
                    places.setdefault(name, set()).add(place)
            # Servers subscribe to a room when its first client joins it.
            for name, members in places.items():
                channel = f"socket.io#/chat#{name}#"
                await asyncio.to_thread(eventually, has(subscribers, channel, len(members)))
            yield made

    return join


def has(subscribers: Subscribers, channel: str, count: int) -> Callable[[], bool]:
    return lambda: subscribers(channel) == count


async def test_events_reach_the_clients_of_all_servers(
    clients: Join, emitter: sio.RedisEmitter
) -> None:
    chat = emitter.of("/chat")
    rooms = (["lobby"], ["lobby", "desk"], ["42"], [])
    async with clients(*rooms) as (ann, bob, cyd, dan):
        everyone = (ann, bob, cyd, dan)
        await chat.emit("all", 1, {"a": [None, True, 1.5, "é"]}, b"\0\1", -(2**62), 2**64 - 1)
        for client in everyone:
            got = await client.next()
            assert got == ("all", 1, {"a": [None, True, 1.5, "é"]}, b"\0\1", -(2**62), 2**64 - 1)
        await chat.to("lobby").except_("desk").volatile.emit("except")
        assert await ann.next() == ("except",)
        await chat.to(["lobby", "desk"]).compress(False).emit("once")
        assert await ann.next() == await bob.next() == ("once",)
        await chat.to([]).emit("nobody")
        await chat.to(42).emit("number")
        assert await cyd.next() == ("number",)
        await chat.except_(["lobby", "42"]).emit("rest", [])
        assert await dan.next() == ("rest", [])
        await asyncio.to_thread(emitter.emit, "thread", room="lobby", namespace="chat")
        assert await ann.next() == await bob.next() == ("thread",)


async def test_rooms_and_connections_change(clients: Join, emitter: sio.RedisEmitter) -> None:
    chat = emitter.of("/chat")
    async with clients(["a"], ["b"], ["a", "b"]) as (ann, bob, cyd):
        await chat.to("a").sockets_join(["c", "d"])
        await chat.to("c").except_("b").sockets_leave("d")
        await chat.emit("changed")
        for client in (ann, bob, cyd):
            assert await client.next() == ("changed",)
        assert await ann.rooms() == ["a", "c"]
        assert await bob.rooms() == ["b"]
        assert await cyd.rooms() == ["a", "b", "c", "d"]
        await chat.to(["d", "unknown"]).disconnect_sockets(close=True)
        assert await cyd.next() == "disconnected"
        await chat.emit("rest")
        assert await ann.next() == await bob.next() == ("rest",)


async def test_an_event_for_the_servers(clients: Join, emitter: sio.RedisEmitter) -> None:
    async with clients([]) as (ann,):
        await emitter.of("/chat").server_side_emit("news", 1)
        assert await ann.next() == ("news of others", 1)
