"""Random clients of two servers against a model, as in tests/blackbox/test_socketio_model.py, while
Redis works, is killed and is back: events arrive once, in order, and only at their recipients.
Those that are emitted while Redis works arrive at all of them. The same is true while all messages
from and to Redis are delayed, one of the servers is killed, and another one takes its place.

SIOSERVE_MODEL_SEED repeats a round.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from support.engineio import SessionEnded
from support.model.cluster import ClusterWorld
from support.model.history import check
from support.model.play import STEPS, play
from support.model.player import Player
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.slow_proxy import SlowProxy
from support.socketio_apps import APPS
from support.waiting import eventually_async
from websockets.exceptions import WebSocketException

PLAYERS = 8
SLOW_STEPS = 12  # of each player while Redis is slow
SEED = os.environ.get("SIOSERVE_MODEL_SEED")
ENVIRONMENT = {
    "SIO_SETTINGS": '{"SIO_ENGINEIO_PING_INTERVAL_MS": 300}',
    "SIOSERVE_SOCKETIO_PING_TIMEOUT": "60",
    "SIOSERVE_SOCKETIO_ALLOW_EIO3": "true",
}
FORMATS = {
    "plain": (),
    "sharded": ("--redis-sharded",),
    "python-socketio": ("--redis-format", "python-socketio"),
}


# How the actions of a client end when its server is killed or they are cancelled.
KILLED = (asyncio.CancelledError, SessionEnded, WebSocketException, httpx.HTTPError, OSError)


def start_server(redis_port: int, wire: str) -> ServerProcess:
    options = ("--no-access-log", "--redis", f"redis://127.0.0.1:{redis_port}", *FORMATS[wire])
    return ServerProcess("model:application", *options, cwd=APPS, env=ENVIRONMENT).start()


@pytest.fixture(params=list(FORMATS))
def servers(
    request: pytest.FixtureRequest, own_redis: RedisServer
) -> Iterator[list[ServerProcess]]:
    started = [start_server(own_redis.port, request.param) for _ in range(2)]
    yield started
    for server in started:
        server.stop()


class SlowCluster:
    """Servers that reach Redis through proxies which delay everything."""

    def __init__(self, redis: RedisServer, wire: str, seed: str) -> None:
        self.servers: list[ServerProcess] = []  # those that run
        self.proxies: list[SlowProxy] = []
        self._redis = redis
        self._wire = wire
        self.seed = seed

    def start_one(self) -> ServerProcess:
        proxy = SlowProxy(self._redis.port, f"{self.seed} {len(self.proxies)}").start()
        self.proxies.append(proxy)
        self.servers.append(start_server(proxy.port, self._wire))
        return self.servers[-1]

    def stop(self) -> None:
        for server in self.servers:
            server.stop()
        for proxy in self.proxies:
            proxy.stop()


@pytest.fixture(params=list(FORMATS))
def slow_cluster(request: pytest.FixtureRequest, own_redis: RedisServer) -> Iterator[SlowCluster]:
    """Of two servers."""
    cluster = SlowCluster(own_redis, request.param, new_seed())
    try:
        cluster.start_one()
        cluster.start_one()
        yield cluster
    finally:
        cluster.stop()


def new_seed() -> str:
    seed = SEED or str(random.SystemRandom().randrange(2**32))
    print(f"SIOSERVE_MODEL_SEED={seed}", flush=True)
    return seed


def new_players(world: ClusterWorld, seed: str) -> list[Player]:
    first = len(world.players)
    players = [
        Player(first + index, world, random.Random(f"{seed} {index}")) for index in range(PLAYERS)
    ]
    world.players += players
    return players


async def play_once(world: ClusterWorld, seed: str, steps: int = STEPS) -> None:
    players = new_players(world, seed)
    await asyncio.gather(*(play(player, steps) for player in players))
    await finish(players)


async def finish(players: list[Player]) -> None:
    for player in players:
        for namespace in player.present:
            await player.settle(namespace)
    for player in players:
        await player.close()


@pytest.mark.timeout(300)
async def test_random_clients_of_two_servers(
    servers: list[ServerProcess], own_redis: RedisServer
) -> None:
    seed = new_seed()
    world = ClusterWorld([server.url for server in servers], recovers=False)
    await world.start()
    await play_once(world, f"{seed} before")
    heard = check(world.lives, world.messages)
    assert heard > 200
    ends = [len(server.log) for server in servers]
    world.outage.set()
    own_redis.kill()
    await play_once(world, f"{seed} meanwhile")
    check(world.lives, world.messages)
    own_redis.start()
    for server, end in zip(servers, ends, strict=True):
        await asyncio.to_thread(server.wait_for_log, r"Redis at .* is back", end)
    world.outage.clear()
    before = len(world.messages)
    await play_once(world, f"{seed} after")
    assert check(world.lives, world.messages) > heard
    assert not all(message.volatile for message in world.messages[before:])
    await world.stop()


async def play_while_a_server_is_killed(
    world: ClusterWorld, cluster: SlowCluster, seed: str
) -> None:
    """The players of the killed server go on with the one that replaces it."""
    index = 1  # the first player, which blocks Python, is on the other server
    players = new_players(world, seed)
    victims = [player for player in players if world.url_for(player) == world.urls[index]]
    playing = [asyncio.create_task(play(player, SLOW_STEPS)) for player in victims]
    until = len(world.messages) + random.Random(seed).randint(20, 50)

    async def have_said_enough() -> bool:
        return len(world.messages) >= until

    async def kill_and_replace() -> None:
        await eventually_async(have_said_enough, seconds=120)
        assert not all(task.done() for task in playing)
        killed = cluster.servers.pop(index)
        killed.process.kill()
        world.lose(index)
        for player, task in zip(victims, playing, strict=True):
            await cancel(task)
            await player.lose_server()
        await asyncio.to_thread(killed.kill)  # waits for the end of its log
        replacement = await asyncio.to_thread(cluster.start_one)
        await world.replace(index, replacement.url)
        await asyncio.gather(*(play(player, SLOW_STEPS) for player in victims))

    survivors = [player for player in players if player not in victims]
    others = (play(player, SLOW_STEPS) for player in survivors)
    await asyncio.gather(kill_and_replace(), *others)
    await finish(players)


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    while not task.done():
        await asyncio.wait([task], timeout=0.1)
        task.cancel()  # before Python 3.12, wait_for() may ignore the first time
    with suppress(*KILLED):
        task.result()


@pytest.mark.timeout(300)
async def test_random_clients_while_redis_is_slow_and_a_server_is_killed(
    slow_cluster: SlowCluster,
) -> None:
    seed = slow_cluster.seed
    world = ClusterWorld([server.url for server in slow_cluster.servers], recovers=False)
    await world.start()
    await play_while_a_server_is_killed(world, slow_cluster, f"{seed} killed")
    heard = check(world.lives, world.messages)
    assert heard > 50
    await play_once(world, f"{seed} after", SLOW_STEPS)
    assert check(world.lives, world.messages) > heard + 50
    assert all(proxy.delayed > 10 for proxy in slow_cluster.proxies)
    await world.stop()
