"""What the Python objects of a client that is connected and idle take."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio_fakes import World

CLIENTS = 200
# Bytes of a client in one namespace with a consumer, and a scope without headers: 1,700.
LIMIT = 2_000


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


class Idle(sio.SocketIOConsumer):
    async def event_hello(self, socket: Any) -> None:
        pass


async def test_an_idle_client_takes_little_memory() -> None:
    Idle.as_asgi()
    world = World()
    await connect(world, 10)  # what comes with the first clients
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await connect(world, CLIENTS)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / CLIENTS < LIMIT


async def connect(world: World, count: int) -> None:
    for _ in range(count):
        world.ask()
    await world.idle()
