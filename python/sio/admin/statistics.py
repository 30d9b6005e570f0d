"""Statistics: the numbers that the Admin UI gets every two seconds.

They are those of all Python processes of the server (--workers).
"""

from __future__ import annotations

import os
import socket as network
import time
from typing import Any

from ..socketio.server import SocketIOServer

# The Admin UI's names for counters of the native server.
CHARTED = {
    "sessions_opened": "rawConnection",
    "sessions_closed": "rawDisconnection",
    "packets_in": "packetsIn",
    "packets_out": "packetsOut",
    "bytes_in": "bytesIn",
    "bytes_out": "bytesOut",
}


class Statistics:
    """The content of "server_stats". Lives on the event loop's thread."""

    def __init__(self, server: SocketIOServer, server_id: str) -> None:
        self._server = server
        self._started = time.monotonic()
        self._who = {
            "serverId": server_id,
            "hostname": network.gethostname(),
            "pid": os.getpid(),
        }
        self._before: dict[str, int] = {}

    def begin(self) -> None:
        """Start the charts now: earlier numbers were not shown."""
        self._before = self._server.counts()

    def now(self) -> dict[str, Any]:
        counts = self._server.counts()
        return {
            **self._who,
            "uptime": time.monotonic() - self._started,
            "clientsCount": counts["sessions"],
            "pollingClientsCount": counts["polling_sessions"],
            "namespaces": [
                {"name": namespace.name, "socketsCount": namespace.sockets_count}
                for namespace in self._server.namespaces()
            ],
            "aggregatedEvents": self._passed(counts),
        }

    def _passed(self, counts: dict[str, int]) -> list[dict[str, Any]]:
        """The differences since the last call."""
        before, self._before = self._before, counts
        second = int(time.time()) * 1000  # whole seconds, in milliseconds
        return [
            {"timestamp": second, "type": type, "count": count}
            for name, type in CHARTED.items()
            if (count := counts[name] - before.get(name, 0)) > 0
        ]
