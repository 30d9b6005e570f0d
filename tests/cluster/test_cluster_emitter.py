"""npm's @socket.io/redis-emitter as a writer: it has no uid of a server."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.cluster import connected, settled, start_member, until_reached
from support.node_clients import FOLDER
from support.redis_server import RedisServer
from support.server import ServerProcess

Emit = Callable[..., None]


@pytest.fixture
def server(redis_server: RedisServer) -> Iterator[ServerProcess]:
    server = start_member(redis_server.url)
    yield server
    server.stop()


@pytest.fixture
def emit(redis_server: RedisServer) -> Emit:
    """emit(*calls): the calls of a chain, each with its arguments."""
    node = shutil.which("node")
    assert node is not None, "Node is missing: run scripts/setup"

    def run(*calls: list[Any]) -> None:
        command = [node, str(FOLDER / "cluster_emitter.mjs"), redis_server.url]
        lines = json.dumps(["/", calls]) + "\n"
        subprocess.run(command, input=lines, text=True, check=True, timeout=60)

    return run


async def test_the_emitter_reaches_clients(server: ServerProcess, emit: Emit) -> None:
    async with (
        connected(server.url) as here,
        connected(server.url, rooms=["r"]) as there,
    ):
        await until_reached(here, there, "r")
        emit(["emit", "all", 1, {"bytes": "AP8="}])
        assert await here.next() == await there.next() == ("all", 1, b"\x00\xff")
        emit(["to", "r"], ["except", there.id], ["emit", "nobody"])
        emit(["to", "r"], ["volatile"], ["emit", "room", None])
        assert await there.next() == ("room", None)
        emit(["serverSideEmit", "told", 5])
        assert await here.next() == await there.next() == ("told", 5)
        emit(["in", "r"], ["socketsJoin", "j"])
        emit(["to", "j"], ["emit", "joined"])
        assert await there.next() == ("joined",)
        emit(["in", "j"], ["socketsLeave", "j"])
        emit(["to", "j"], ["emit", "left"])
        assert await settled(here, there) == [[]]
        emit(["in", "r"], ["disconnectSockets"])
        assert await there.next() == ("disconnect",)
