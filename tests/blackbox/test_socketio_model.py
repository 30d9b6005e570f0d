"""Random clients against a model: events arrive once, in order, and only at their recipients.

They join, leave and emit in rooms of several namespaces, through handlers and relays, over both
transports. They upgrade, stop reading, are disconnected, lose connections and reconnect, and Python
is blocked sometimes. Every fourth is a client of Engine.IO 3. With connection state recovery, the
other clients that lost their connection miss no event.
SIOSERVE_MODEL_SEED repeats a round, SIOSERVE_MODEL_SECONDS goes on for that long.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator

import pytest
from support.model.history import check
from support.model.play import BLOCKED, play
from support.model.player import Player, World
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.workers import pids

PLAYERS = 12
ROUNDS = 2
SEED = os.environ.get("SIOSERVE_MODEL_SEED")
SECONDS = float(os.environ.get("SIOSERVE_MODEL_SECONDS", "0"))


@pytest.fixture(scope="module", params=["recovering", "forgetting", "recovering in four processes"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """With frequent pings that may be answered late, because the machine is busy."""
    workers = ("--workers", "4") if "processes" in request.param else ()
    env = {
        "SIO_SETTINGS": '{"SIO_ENGINEIO_PING_INTERVAL_MS": 300}',
        "SIOSERVE_SOCKETIO_PING_TIMEOUT": "60",
        "SIOSERVE_SOCKETIO_ALLOW_EIO3": "true",
        "SIOSERVE_SOCKETIO_RECOVERY": "0" if request.param == "forgetting" else "300",
    }
    arguments = ("model:application", "--no-access-log", *workers)
    server = ServerProcess(*arguments, cwd=APPS, env=env).start()
    if workers:
        pids(server, 4)
    yield server
    server.stop()


async def play_a_round(url: str, seed: int, recovers: bool) -> World:
    world = World(url, recovers)
    world.players = [
        Player(index, world, random.Random(f"{seed} {index}")) for index in range(PLAYERS)
    ]
    await asyncio.gather(*map(play, world.players))
    for player in world.players:
        for namespace in player.present:
            await player.settle(namespace)
    heard = check(world.lives, world.messages)
    assert heard > 500
    for player in world.players:
        await player.close()
    return world


@pytest.mark.timeout(SECONDS + 180)
async def test_random_clients(server: ServerProcess) -> None:
    recovers = server.env["SIOSERVE_SOCKETIO_RECOVERY"] != "0"
    seed = int(SEED) if SEED else random.SystemRandom().randrange(2**32)
    until = time.monotonic() + SECONDS
    blocks: list[int] = []
    rounds = 0
    while rounds < ROUNDS or time.monotonic() < until:
        print(f"SIOSERVE_MODEL_SEED={seed}", flush=True)
        world = await play_a_round(server.url, seed, recovers)
        blocks += world.blocks
        assert (world.recoveries > 0) == recovers
        rounds += 1
        seed += 1
        if SEED:
            break
    # Pings continue while Python is blocked: several per second and player.
    assert sum(blocks) > len(blocks) * BLOCKED * PLAYERS / 2, blocks
