"""Socket.IO: events, broadcasts and connections, in closed loops."""

from __future__ import annotations

from collections.abc import Callable

from suite.row import Measurement, Row, few_if_smoke
from suite.socketio_load import measured
from suite.socketio_servers import ALL, PYTHON_SOCKETIO

Measure = Callable[[str, float], Measurement]

PEERS = tuple(server for server in ALL if server != "bare")  # it answers WebSockets only
FAST = ("sioserve", "node", PYTHON_SOCKETIO, "bare")
# django-sio ends the GET that is under way only after the upgrade, for which a client waits before
# it upgrades: each upgrade takes until the next ping.
UPGRADING = tuple(server for server in PEERS if server != "django-sio")
FASTEST = ("sioserve", "node", "bare")


def acks(in_flight: int) -> Measure:
    def measure(server: str, seconds: float) -> Measurement:
        clients = few_if_smoke(64, seconds)
        return measured(server, "acks", clients, seconds, in_flight=in_flight)

    return measure


def polling_acks(server: str, seconds: float) -> Measurement:
    return measured(server, "polling_acks", few_if_smoke(64, seconds), seconds)


def relay(server: str, seconds: float) -> Measurement:
    """Ten rooms of ten clients."""
    clients = few_if_smoke(100, seconds, 20)
    return measured(server, "relay", clients, seconds, in_flight=4, members=10)


def broadcast(in_flight: int, payload: int) -> Measure:
    def measure(server: str, seconds: float) -> Measurement:
        clients = few_if_smoke(1000, seconds)
        return measured(server, "broadcast", clients, seconds, in_flight=in_flight, payload=payload)

    return measure


def connects(server: str, seconds: float) -> Measurement:
    return measured(server, "connects", few_if_smoke(32, seconds), seconds)


def upgrades(server: str, seconds: float) -> Measurement:
    """Many at once: Node ends a GET only every 100 ms during an upgrade."""
    return measured(server, "upgrades", few_if_smoke(256, seconds), seconds)


def row(
    key: str, title: str, unit: str, aim: str, servers: tuple[str, ...], measure: Measure
) -> Row:
    return Row(key, "Socket.IO", title, unit, "cpu", True, aim, servers, measure)


ROWS = (
    row(
        "acks-1-in-flight",
        "events with acknowledgements, 64 clients, 1 in flight each",
        "event",
        "3 x node",
        (*ALL, "sioserve-def"),
        acks(1),
    ),
    row(
        "acks-8-in-flight",
        "events with acknowledgements, 64 clients, 8 in flight each",
        "event",
        "4.5 x node",
        FAST,
        acks(8),
    ),
    row(
        "acks-polling",
        "events with acknowledgements, 64 polling clients, 1 in flight each",
        "event",
        "2.5 x node",
        PEERS,
        polling_acks,
    ),
    row(
        "relay",
        "events relayed in 10 rooms of 10 clients, 4 in flight in each (Node: by a handler)",
        "delivery",
        "at least 0.7 x bare",
        FASTEST,
        relay,
    ),
    row(
        "broadcast-1-16B",
        "broadcast from a handler to 1,000 clients, 16 bytes, 1 in flight",
        "delivery",
        "at least 0.9 x bare",
        ALL,
        broadcast(1, 16),
    ),
    row(
        "broadcast-4-16B",
        "broadcast from a handler to 1,000 clients, 16 bytes, 4 in flight",
        "delivery",
        "7 x node",
        FAST,
        broadcast(4, 16),
    ),
    row(
        "broadcast-1-1KB",
        "broadcast from a handler to 1,000 clients, 1 KB, 1 in flight",
        "delivery",
        "at least 0.9 x bare",
        FASTEST,
        broadcast(1, 1024),
    ),
    row(
        "broadcast-4-1KB",
        "broadcast from a handler to 1,000 clients, 1 KB, 4 in flight",
        "delivery",
        "7 x node",
        FASTEST,
        broadcast(4, 1024),
    ),
    row(
        "connects",
        "connections over WebSockets, 32 at once",
        "connection",
        "6 x node",
        ALL,
        connects,
    ),
    row(
        "connects-upgrade",
        "connections by polling with an upgrade and one event, 256 at once",
        "connection",
        "6 x node",
        UPGRADING,
        upgrades,
    ),
)
