"""Random clients against a model: nothing lost, nothing twice, nothing to a stranger."""

from __future__ import annotations

import asyncio
import itertools
import os
import random

from support.players import Player, check
from support.server import ServerProcess

PLAYERS = 10
ROOMS = ["red", "green", "日本", "中国"]
STEPS = 120


async def play(player: Player, dice: random.Random) -> None:
    """A player's random life; ends with the player connected."""
    await player.connect(dice.choice(["polling", "websocket"]))
    for _ in range(STEPS):
        rooms = player.rooms
        others = [room for room in ROOMS if room not in rooms]
        action = dice.choices(
            ["join", "leave", "say", "upgrade", "reconnect"], weights=[4, 2, 8, 1, 1]
        )[0]
        if action == "join" and others:
            await player.join(dice.choice(others))
        elif action == "leave" and rooms:
            await player.leave(dice.choice(rooms))
        elif action == "say":
            await player.say(dice.choice(ROOMS), dice.randint(1, 5))
        elif action == "upgrade" and player.can_upgrade:
            # Some go on talking meanwhile.
            talking = player.say(dice.choice(ROOMS), dice.randint(1, 3))
            await asyncio.gather(player.upgrade(), talking)
        elif action == "reconnect":
            await player.disconnect(dice.choice(["41", "1", None]))
            await player.connect(dice.choice(["polling", "websocket"]))


async def test_random_clients(socketio_server: ServerProcess) -> None:
    seed = int(os.environ.get("SIO_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SIO_SEED={seed}")
    clock = itertools.count()
    players = [Player(index, socketio_server.url, clock) for index in range(PLAYERS)]
    lives = [play(player, random.Random(f"{seed} {player.index}")) for player in players]
    await asyncio.gather(*lives)
    for player in players:
        await player.settle()
    assert check(players) > 100
    for player in players:
        await player.disconnect("1")
