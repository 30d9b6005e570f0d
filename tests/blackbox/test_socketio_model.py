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
from support.model.player import NAMESPACES, ROOMS, Player, World
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.workers import pids

PLAYERS = 12
STEPS = 50
ROUNDS = 2
SEED = os.environ.get("SIOSERVE_MODEL_SEED")
SECONDS = float(os.environ.get("SIOSERVE_MODEL_SECONDS", "0"))
BLOCKED = 1.0

ACTIONS = {
    "join": 6,
    "leave": 2,
    "say": 12,
    "ask": 2,
    "read nothing": 1,
    "upgrade": 2,
    "give up an upgrade": 1,
    "enter": 1,
    "leave namespace": 1,
    "be kicked": 1,
    "close": 1,
    "vanish": 2,
}


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


async def play(player: Player) -> None:
    """The random actions of a player; at the end, the player is connected."""
    dice = player.dice
    await player.connect()
    for step in range(STEPS):
        if not player.present:
            await player.enter(dice.choice(NAMESPACES))
        if player.index == 0 and step == STEPS // 2:
            await player.block(next(iter(player.present)), BLOCKED)
        [action] = dice.choices(list(ACTIONS), weights=list(ACTIONS.values()))
        await act(player, action, dice.choice(sorted(player.present)))


async def act(player: Player, action: str, namespace: str) -> None:
    dice = player.dice
    rooms = player.lives[namespace].rooms
    others = [room for room in ROOMS if room not in rooms]
    absent = [name for name in NAMESPACES if name not in player.present]
    match action:
        case "join" if others:
            await player.join(namespace, dice.choice(others))
        case "leave" if rooms:
            await player.leave(namespace, dice.choice(rooms))
        case "say":
            await player.say_and_settle(namespace, dice.randint(1, 5))
        case "ask":
            await player.ask(namespace)
        case "read nothing":
            await player.wire.read_nothing_for(dice.random() / 2)
        case "upgrade" if player.wire.polls:
            # And sends messages meanwhile.
            talking = player.say_and_settle(namespace, dice.randint(1, 5))
            await asyncio.gather(player.wire.upgrade(), talking)
        case "give up an upgrade" if player.wire.polls:
            talking = player.say_and_settle(namespace, dice.randint(1, 3))
            await asyncio.gather(player.wire.give_up_an_upgrade(), talking)
        case "enter" if absent:
            await player.enter(dice.choice(absent))
        case "leave namespace":
            await player.leave_namespace(namespace)
        case "be kicked":
            await player.be_kicked(namespace)
        case "close":
            await player.close()
            await player.connect()
        case "vanish":
            match dice.randrange(3):
                case 0:
                    await player.vanish()
                case 1:
                    await player.say_and_vanish(namespace, dice.randint(1, 3))
                case _:
                    await player.vanish_amid_a_packet(namespace)
            await player.connect()


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
