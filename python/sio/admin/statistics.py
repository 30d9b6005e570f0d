"""Statistics: the numbers that the Admin UI gets every two seconds.

They are those of all Python processes of the server (--workers). The other servers of a cluster are
asked for theirs; the differences, for the charts, are made here, because several may ask them.
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
    """The content of "server_stats" for this server, and for others. Lives on the event loop's
    thread.
    """

    def __init__(self, server: SocketIOServer, server_id: str) -> None:
        self._server = server
        self._started = time.monotonic()
        self._who = {
            "serverId": server_id,
            "hostname": network.gethostname(),
            "pid": os.getpid(),
        }
        self._before: dict[str, dict[str, int]] = {}  # by server

    def begin(self) -> None:
        """Start the charts now: earlier numbers were not shown."""
        self._before.clear()
        self.shown(self.raw())

    def raw(self) -> dict[str, Any]:
        """The numbers of this server, for shown(), here or on another server."""
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
            "totals": {name: counts[name] for name in CHARTED},
        }

    def shown(self, raw: dict[str, Any]) -> dict[str, Any]:
        """The event for administrators, with what has passed since the last call for that server:
        nothing, the first time.
        """
        totals = raw["totals"]
        server = f"{raw['serverId']} {raw['hostname']} {raw['pid']}"
        before = self._before.get(server, totals)
        self._before[server] = totals
        second = int(time.time()) * 1000  # whole seconds, in milliseconds
        passed = [
            {"timestamp": second, "type": type, "count": count}
            for name, type in CHARTED.items()
            if (count := totals[name] - before[name]) > 0
        ]
        shown = {key: value for key, value in raw.items() if key != "totals"}
        return {**shown, "aggregatedEvents": passed}
