"""What a random player does."""

from __future__ import annotations

import asyncio

from .player import NAMESPACES, ROOMS, Player

STEPS = 50
BLOCKED = 1.0  # seconds for which the first player blocks Python

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


async def play(player: Player, steps: int = STEPS) -> None:
    """The random actions of a player; at the end, the player is connected."""
    dice = player.dice
    await player.connect()
    for step in range(steps):
        if not player.present:
            await player.enter(dice.choice(NAMESPACES))
        if player.index == 0 and step == steps // 2:
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
