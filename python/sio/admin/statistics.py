"""Statistics: what the Admin UI is told every two seconds, while somebody looks."""

from __future__ import annotations

import asyncio
import os
import socket as network
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..socketio.namespace import Namespace
    from ..socketio.server import SocketIOServer

INTERVAL = 2.0  # seconds; the Admin UI takes a server that is silent for five for lost


class Statistics:
    """Emits "server_stats" to a namespace. Lives on the event loop's thread."""

    def __init__(self, server: SocketIOServer, namespace: Namespace, server_id: str) -> None:
        self._server = server
        self._namespace = namespace
        self._started = time.monotonic()
        self._who = {
            "serverId": server_id,
            "hostname": network.gethostname(),
            "pid": os.getpid(),
        }
        self._administrators = 0
        self._task: asyncio.Task[None] | None = None

    def administrator_came(self) -> None:
        self._administrators += 1
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._report())

    def administrator_left(self) -> None:
        self._administrators -= 1

    async def _report(self) -> None:
        try:
            while self._administrators > 0:
                self._namespace.emit("server_stats", self.now())
                await asyncio.sleep(INTERVAL)
        finally:
            self._task = None

    def now(self) -> dict[str, Any]:
        namespaces = self._server.namespaces()
        polling = {
            socket.eio.sid
            for namespace in namespaces
            for socket in namespace.sockets()
            if socket.transport == "polling"
        }
        return {
            **self._who,
            "uptime": time.monotonic() - self._started,
            "clientsCount": self._server.clients_count,
            "pollingClientsCount": len(polling),
            "namespaces": [
                {"name": namespace.name, "socketsCount": len(namespace.sockets())}
                for namespace in namespaces
            ],
            "aggregatedEvents": [],
        }
