"""Other work of the event loop runs between handlers that never await."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


async def test_many_events_do_not_block_the_event_loop() -> None:
    handled: list[int] = []
    seen_by_others: list[int] = []
    spent = 0.0005

    class Consumer(sio.SocketIOConsumer):
        async def event_e(self, socket: Any, number: int) -> None:
            if number == 0:
                asyncio.get_running_loop().call_soon(lambda: seen_by_others.append(len(handled)))
            end = time.perf_counter() + spent
            while time.perf_counter() < end:
                pass
            handled.append(number)

    Consumer.as_asgi()
    world = World()
    socket = await world.join()
    for number in range(256):
        world.send(socket, "e", number)
    await world.idle()
    assert handled == list(range(256))
    assert seen_by_others[0] <= 10


async def test_a_connect_hook_follows_immediately_after_a_long_connect() -> None:
    seen = []

    class Consumer(sio.SocketIOConsumer):
        async def connect(self, socket: Any, auth: Any) -> bool:
            end = time.perf_counter() + 0.003
            while time.perf_counter() < end:
                pass
            asyncio.get_running_loop().call_soon(seen.append, "another callback")
            return True

    Consumer.as_asgi()
    world = World()

    @world.server.register_connect_hook
    async def hook(socket: Any) -> None:
        seen.append("hook")

    await world.join()
    assert seen == ["hook", "another callback"]
