"""Socket.IO: what idle sessions cost, in memory and in CPU time.

20,000 of them where the limit of files allows it; servers that take long to connect so many have
5,000 (Node) or 1,000. The results say how many there were (17,000 if a process may open 20,000
files).
"""

from __future__ import annotations

from suite.row import Measurement, Row
from suite.socketio_load import SLOW, idle_cpu, idle_memory
from suite.socketio_servers import ALL, PYTHON_SOCKETIO

SESSIONS = 20_000
OF_SERVER = {"sioserve": SESSIONS, "bare": SESSIONS, "node": 5_000}
WITH_HEARTBEATS = ("sioserve", "node", PYTHON_SOCKETIO)


def sessions_of(server: str) -> int:
    return OF_SERVER.get(server, SLOW)


def routed(server: str, seconds: float) -> Measurement:
    return idle_memory(server, seconds, sessions_of(server))


def native(server: str, seconds: float) -> Measurement:
    return idle_memory(server, seconds, sessions_of(server), "/native")


def cpu(server: str, seconds: float) -> Measurement:
    return idle_cpu(server, seconds, sessions_of(server))


ROWS = (
    Row(
        "idle-memory",
        "Memory",
        "memory of an idle session with a handler in Python, KB",
        "session",
        "KB",
        True,
        "at most 7",
        ALL,
        routed,
    ),
    Row(
        "idle-memory-native",
        "Memory",
        "memory of an idle session without a handler (with a relay only), KB",
        "session",
        "KB",
        True,
        "at most 4",
        ("sioserve",),
        native,
    ),
    Row(
        "idle-cpu",
        "Memory",
        "CPU time of an idle session with a heartbeat every 25 s, µs a second",
        "heartbeat",
        "µs/s",
        True,
        "at most 1.5",
        WITH_HEARTBEATS,
        cpu,
    ),
)
