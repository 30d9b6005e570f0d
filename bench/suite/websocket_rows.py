"""Rows about WebSockets of an ASGI application (bench/web_app.py)."""

from __future__ import annotations

from collections.abc import Callable

from suite.http_peers import accepts, serving
from suite.row import Measurement, Row, few_if_smoke
from suite.web_load import measured

SERVERS = (
    "sioserve",
    "uvicorn websockets",
    "uvicorn wsproto",
    "granian st",
    "granian mt",
    "gunicorn",
    "hypercorn",
    "daphne",
    "bare",
)
FAST = (*SERVERS[:6], "bare")
CONNECTIONS = 64
BROADCAST = 64  # bytes
AIM = "4 x uvicorn, 2 x granian, 1 x gunicorn"


def messages(
    application: str, scenario: str, clients: int, size: int
) -> Callable[[str, float], Measurement]:
    def measure(server: str, seconds: float) -> Measurement:
        with serving(server, f"web_app:{application}", accepts) as (port, process):
            count = few_if_smoke(clients, seconds)
            found = measured(scenario, port, process, count, seconds, size)
        return Measurement(found.rate, found.cpu)

    return measure


def echo(size: int, name: str, servers: tuple[str, ...]) -> Row:
    return Row(
        key=f"ws-echo-{size}",
        section="WebSockets",
        title=f"echo of {name}, {CONNECTIONS} connections",
        unit="message",
        compared="cpu",
        less_is_better=True,
        aim=AIM,
        servers=servers,
        measure=messages("echo_messages", "echo", CONNECTIONS, size),
    )


def broadcast(clients: int) -> Row:
    return Row(
        key=f"ws-broadcast-{clients}",
        section="WebSockets",
        title=f"broadcast to {clients:,} by an application",
        unit="delivery",
        compared="cpu",
        less_is_better=True,
        aim=AIM,
        servers=FAST,
        measure=messages("broadcast", "broadcast", clients, BROADCAST),
    )


ROWS = (
    echo(64, "64 bytes", SERVERS),
    echo(16384, "16 KB", FAST),
    broadcast(32),
    broadcast(1000),
)
