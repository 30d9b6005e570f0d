"""Clients whose connections go to the servers of a cluster in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import socketio

from .round_robin import round_robin
from .server import ServerProcess
from .wandering import WanderingSession

CLIENTS = 6
CALLS = 5  # of each


async def check_clients_in_turn(pair: Sequence[ServerProcess], transports: list[str]) -> None:
    """Both servers answer python-socketio's clients, with these transports."""
    async with WanderingSession(*pair), WanderingSession(*reversed(pair)):
        pass  # the servers know each other
    async with round_robin([server.port for server in pair]) as port:
        clients = [socketio.AsyncClient(reconnection=False) for _ in range(CLIENTS)]
        for client in clients:
            await client.connect(f"http://127.0.0.1:{port}", transports=transports)
        asked = [client.call("do", {"what": "count"}) for client in clients for _ in range(CALLS)]
        assert await asyncio.gather(*asked) == [2] * (CLIENTS * CALLS)
        for client in clients:
            assert client.transport() == transports[-1]
            await client.disconnect()
