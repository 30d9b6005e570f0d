"""Random clients of two servers against a model, as in tests/blackbox/test_socketio_model.py, while
Redis works, is killed and is back: events arrive once, in order, and only at their recipients.
Those that are emitted while Redis works arrive at all of them.

SIOSERVE_MODEL_SEED repeats a round.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import pytest
from support.model.cluster import ClusterWorld
from support.model.history import check
from support.model.play import play
from support.model.player import Player
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.socketio_apps import APPS

PLAYERS = 8
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


@pytest.fixture(params=list(FORMATS))
def servers(
    request: pytest.FixtureRequest, own_redis: RedisServer
) -> Iterator[list[ServerProcess]]:
    options = ("--no-access-log", "--redis", own_redis.url, *FORMATS[request.param])
    started = [
        ServerProcess("model:application", *options, cwd=APPS, env=ENVIRONMENT).start()
        for _ in range(2)
    ]
    yield started
    for server in started:
        server.stop()


async def play_once(world: ClusterWorld, seed: str) -> None:
    first = len(world.players)
    players = [
        Player(first + index, world, random.Random(f"{seed} {index}")) for index in range(PLAYERS)
    ]
    world.players += players
    await asyncio.gather(*map(play, players))
    for player in players:
        for namespace in player.present:
            await player.settle(namespace)
    for player in players:
        await player.close()


@pytest.mark.timeout(300)
async def test_random_clients_of_two_servers(
    servers: list[ServerProcess], own_redis: RedisServer
) -> None:
    seed = SEED or str(random.SystemRandom().randrange(2**32))
    print(f"SIOSERVE_MODEL_SEED={seed}", flush=True)
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
