"""The official client with recovery, while its connections are cut repeatedly.

SIOSERVE_CUTS_SEED repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import Iterator

import pytest
from support.cuttable import cuttable
from support.engineio import WebSocketSession
from support.node_clients import TRANSPORTS, NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS

AMOUNT = 150
TO_ALL = {"but": [], "others": False, "volatile": False}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    # A client whose WebSocket is cut between probe and upgrade stops polling, and waits for a ping.
    env = {
        "SIO_SETTINGS": '{"SIO_ENGINEIO_PING_INTERVAL_MS": 200}',
        "SIOSERVE_SOCKETIO_PING_TIMEOUT": "3",
        "SIOSERVE_SOCKETIO_RECOVERY": "300",
        "SIOSERVE_SOCKETIO_RECOVERY_BUFFER": "100000000",
        "SIOSERVE_SOCKETIO_RECOVERY_MAX_BYTES": "1000000000",
    }
    server = ServerProcess("model:application", "--no-access-log", cwd=APPS, env=env).start()
    yield server
    server.stop()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("version", ["4.8", "4.6"])
async def test_no_event_is_lost_or_received_twice(
    version: str, transport: str, node: NodeClients, server: ServerProcess
) -> None:
    seed = int(os.environ.get("SIOSERVE_CUTS_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SIOSERVE_CUTS_SEED={seed}")
    dice = random.Random(seed)
    room = str(uuid.uuid4())
    how = {"rooms": [room], **TO_ALL}
    async with cuttable(server.port) as proxy, WebSocketSession(server.url) as speaker:
        await speaker.join_namespace()
        listening = node.start(
            "receivesEventsDuringCuts",
            version=version,
            url=proxy.url,
            transports=TRANSPORTS[transport],
            room=room,
        )
        while await speaker.call("count", room) != [1]:
            await asyncio.sleep(0.01)
        for number in range(AMOUNT):
            await speaker.emit("say", how, number, "x" * dice.choice([0, 10, 300_000]))
            if number % 50 == 49 or dice.random() < 0.15:
                proxy.cut()
            await asyncio.sleep(dice.random() * 0.02)
        await speaker.emit("say", how, "end")
        result = await asyncio.wrap_future(listening)
    assert result["heard"] == [*range(AMOUNT), "end"]
    assert result["recovered"] == result["connections"] - 1 > 0
