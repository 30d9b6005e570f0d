"""One row of `scripts/bench`: a scenario that is measured with several servers.

The modules `*_rows.py` beside this file have a tuple ROWS each; bench/everything.py finds them.

`Row.aim` is a list with commas. These forms are judged in the report (suite/aims.py):

    4 x uvicorn               sioserve is at least 4 times as good; "granian" means the best of all
                              servers whose name begins so: "granian st", "granian mt"
    at most 1.3 x nginx       sioserve has at most 1.3 times the value of nginx
    at most 1.3 x hello-64    ... of its own value in the row with this key
    at most 4                 sioserve's own value
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

SMOKE_SECONDS = 0.3  # how long --smoke measures
SECTIONS = ("HTTP", "WebSockets", "Start", "Socket.IO", "Latency", "Memory", "Growth")


class Unavailable(Exception):
    """A server that is not installed, or cannot do what a row needs; the message is the reason."""


@dataclass(frozen=True)
class Measurement:
    rate: float | None = None  # units per second
    cpu: float | None = None  # CPU microseconds of the server and its children for a unit
    figures: dict[str, float] = field(default_factory=dict)  # others: "p50 ms", "p99 ms", "KB"

    def value(self, compared: str) -> float | None:
        """The figure that decides a row."""
        if compared == "rate":
            return self.rate
        return self.cpu if compared == "cpu" else self.figures.get(compared)


@dataclass(frozen=True)
class Row:
    key: str  # for --rows and the results; one that ends in a number, "hello-64", is part of a
    # family, "hello", whose growth is plotted
    section: str  # of SECTIONS
    title: str  # for the table
    unit: str  # "request", "delivery"
    compared: str  # the figure that decides: "cpu", "rate", or a name in figures
    less_is_better: bool
    aim: str  # "" for none
    servers: tuple[str, ...]  # the first one is "sioserve"
    measure: Callable[[str, float], Measurement]  # (server, seconds); raises Unavailable


def plural(unit: str) -> str:
    return f"{unit[:-1]}ies" if unit.endswith("y") else f"{unit}s"


def few_if_smoke(count: int, seconds: float, few: int = 16) -> int:
    """The number of clients: `few` at most in a smoke run, which its short time tells."""
    return min(count, few) if seconds <= SMOKE_SECONDS else count
