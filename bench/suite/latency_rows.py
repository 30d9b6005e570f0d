"""Socket.IO: latencies of open loops, free of coordinated omission, and with busy handlers.

In the rows with "burning", one more client sends events without a pause whose handler computes for
0.1 s. The server and the load share two cores there, and in the same rows without burning. Pings
come every second instead of every 25 s, with each server. django-sio could not be in these rows: it
pings after interval and timeout, and its clients have one namespace.
"""

from __future__ import annotations

from collections.abc import Callable

from suite.row import Measurement, Row, few_if_smoke
from suite.socketio_load import measured
from suite.socketio_servers import PYTHON_SOCKETIO

Measure = Callable[[str, float], Measurement]

BURN = 0.1  # seconds
FAST = ("sioserve", "node", PYTHON_SOCKETIO, "bare")
WITH_HANDLERS = ("sioserve", "node", PYTHON_SOCKETIO)


def acks(server: str, seconds: float) -> Measurement:
    clients = few_if_smoke(64, seconds)
    return measured(
        server, "paced", clients, seconds, event="ack", rate=few_if_smoke(2000, seconds, 200)
    )


def broadcast(server: str, seconds: float) -> Measurement:
    return measured(server, "paced", few_if_smoke(100, seconds), seconds, event="all", rate=50)


def relay(burn: float) -> Measure:
    def measure(server: str, seconds: float) -> Measurement:
        clients = few_if_smoke(100, seconds)
        return measured(
            *(server, "paced", clients, seconds),
            event="relay",
            rate=50,
            burn=burn,
            share_cores=True,
        )

    return measure


def heartbeats(burn: float) -> Measure:
    def measure(server: str, seconds: float) -> Measurement:
        clients = few_if_smoke(500, seconds)
        # Pings come once a second, so that each client gets one at least.
        return measured(
            *(server, "heartbeats", clients, max(seconds, 1.0)),
            burn=burn,
            share_cores=True,
            ping_interval=1,
        )

    return measure


def row(key: str, title: str, aim: str, servers: tuple[str, ...], measure: Measure) -> Row:
    return Row(key, "Latency", title, "event", "p99 ms", True, aim, servers, measure)


ROWS = (
    row(
        "latency-acks",
        "latency of acknowledgements, 64 clients, 2,000 events a second, p99",
        "",
        FAST,
        acks,
    ),
    row(
        "latency-broadcast",
        "latency of broadcasts from a handler to 100 clients, 50 a second, p99",
        "",
        FAST,
        broadcast,
    ),
    row(
        "latency-relay-idle",
        "latency of events to a room of 100 clients, relayed by sioserve, 50 a second, p99",
        "",
        WITH_HANDLERS,
        relay(0),
    ),
    row(
        "latency-relay-burning",
        "latency of events to a room of 100 clients while a handler computes, p99",
        "at most 2 x latency-relay-idle",
        WITH_HANDLERS,
        relay(BURN),
    ),
    row(
        "latency-heartbeat-idle",
        "lateness of pings, 500 clients, p99",
        "",
        WITH_HANDLERS,
        heartbeats(0),
    ),
    row(
        "latency-heartbeat-burning",
        "lateness of pings, 500 clients, while a handler computes, p99",
        "at most 2 x latency-heartbeat-idle",
        WITH_HANDLERS,
        heartbeats(BURN),
    ),
)
