"""After random joins, leaves and disconnects of many clients, the rooms in Python, in the native
server and in a model are equal.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable

from support.engineio import SESSIONS, Session, SessionEnded, WebSocketSession
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts
from support.waiting import eventually
from websockets.exceptions import ConnectionClosed

CLIENTS = 8
ROUNDS = 12
STEPS = 40
ROOMS = ["a", "b", "ä", "1", "A", ""]

Model = dict[str, set[str]]  # the rooms of each socket, by its id


async def test_handlers_server_and_model_agree_about_rooms(
    start_server: Callable[..., ServerProcess],
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    server = start_server("native:application", cwd=APPS)
    sessions: dict[str, Session] = {}
    model: Model = {}
    for _ in range(ROUNDS):
        while len(sessions) < CLIENTS:
            session = SESSIONS[chance.choice(list(SESSIONS))](server.url)
            await session.open()
            rooms = chance.sample(ROOMS, chance.randrange(3))
            id = await session.join_namespace(auth={"join": rooms})
            sessions[id], model[id] = session, set(rooms)
        for _ in range(STEPS):
            await step(chance, sessions, model)
        await leave(chance, sessions, model)
        await asyncio.to_thread(check, server, await known(sessions), model)
    for session in sessions.values():
        await end(session)
    await asyncio.to_thread(
        eventually,
        lambda: all(read_counts(server)[name] == 0 for name in ("sessions", "sockets", "rooms")),
    )


async def step(chance: random.Random, sessions: dict[str, Session], model: Model) -> None:
    id = chance.choice(list(sessions))
    session, room = sessions[id], chance.choice(ROOMS)
    match chance.randrange(10):
        case 0:
            await session.call("leave_all")
            model[id].clear()
        case 1:
            other = chance.choice([other for other in ROOMS if other != room])
            await session.call("move_all", room, other)
            for rooms in model.values():
                if room in rooms:
                    rooms.add(other)
            for rooms in model.values():
                if other in rooms:
                    rooms.discard(room)
        case number if number < 6:
            await session.call("join", room)
            model[id].add(room)
        case _:
            await session.call("leave", room)
            model[id].discard(room)


async def leave(chance: random.Random, sessions: dict[str, Session], model: Model) -> None:
    """Some clients disconnect, in several ways; the last one stays."""
    for id in chance.sample(list(sessions), chance.randrange(CLIENTS)):
        session = sessions.pop(id)
        del model[id]
        farewells = ["1", "41", '42["kick",false]']
        if isinstance(session, WebSocketSession):  # polling clients must fetch it
            farewells.append('42["kick",true]')
        await session.send(chance.choice(farewells))
        await end(session)


async def end(session: Session) -> None:
    """A polling client must send a close packet, otherwise the server waits for it."""
    with contextlib.suppress(SessionEnded, ConnectionClosed):
        await session.send("1")
    await session.abandon()


async def known(sessions: dict[str, Session]) -> Callable[[], dict[str, list[str]]]:
    loop = asyncio.get_running_loop()
    session = next(iter(sessions.values()))

    def ask() -> dict[str, list[str]]:
        answer = asyncio.run_coroutine_threadsafe(session.call("rooms"), loop).result(60)
        return dict(answer[0])

    return ask


def check(server: ServerProcess, known: Callable[[], dict[str, list[str]]], model: Model) -> None:
    expected: dict[str, list[str]] = {}
    for id, rooms in model.items():
        for room in rooms:
            expected.setdefault(room, []).append(id)
    for ids in expected.values():
        ids.sort()
    eventually(lambda: known() == expected)
    eventually(lambda: read_counts(server)["rooms"] == len(expected))
