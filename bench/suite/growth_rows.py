"""Socket.IO: how the cost of an event or a delivery grows with the number of clients and rooms."""

from __future__ import annotations

from collections.abc import Callable

from suite.row import Measurement, Row, few_if_smoke
from suite.socketio_load import measured

Measure = Callable[[str, float], Measurement]

SERVERS = ("sioserve", "node", "bare")
CLIENTS = (1, 10, 100, 1_000, 10_000)
ROOMS = (1, 10, 100, 1_000)
MEMBERS = 10  # of each room
IN_FLIGHT = 4  # of all rooms together


def acks(clients: int) -> Measure:
    def measure(server: str, seconds: float) -> Measurement:
        return measured(server, "acks", few_if_smoke(clients, seconds), shorter(seconds))

    return measure


def broadcast(clients: int) -> Measure:
    def measure(server: str, seconds: float) -> Measurement:
        return measured(server, "broadcast", few_if_smoke(clients, seconds), shorter(seconds))

    return measure


def rooms(count: int) -> Measure:
    def measure(server: str, seconds: float) -> Measurement:
        return measured(
            *(server, "rooms", few_if_smoke(count * MEMBERS, seconds, 20), shorter(seconds)),
            in_flight=IN_FLIGHT,
            members=MEMBERS,
        )

    return measure


def shorter(seconds: float) -> float:
    """There are many of these rows; they show a growth, which is large, or nothing."""
    return min(seconds, max(1.0, seconds / 2))


def clients(count: int) -> str:
    return f"{count:,} {'client' if count == 1 else 'clients'}"


def row(key: str, title: str, unit: str, measure: Measure) -> Row:
    return Row(key, "Growth", title, unit, "cpu", True, "", SERVERS, measure)


ROWS = (
    *(
        row(
            f"acks-clients-{count}",
            f"events with acknowledgements, 1 in flight each, {clients(count)}",
            "event",
            acks(count),
        )
        for count in CLIENTS
    ),
    *(
        row(
            f"broadcast-clients-{count}",
            f"broadcast to {clients(count)}, 1 in flight",
            "delivery",
            broadcast(count),
        )
        for count in CLIENTS
    ),
    *(
        row(
            f"broadcast-rooms-{count}",
            f"broadcast to one of {count:,} rooms of 10 clients, 4 in flight"
            if count > 1
            else "broadcast to the only room, of 10 clients, 4 in flight",
            "delivery",
            rooms(count),
        )
        for count in ROOMS
    ),
)
