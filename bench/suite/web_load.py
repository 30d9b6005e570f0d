"""Runs the load generator of HTTP and WebSockets, bench/web_load."""

from __future__ import annotations

import json

from servers import run_load

from suite.programs import WEB_LOAD, built
from suite.row import Measurement


def measured(
    scenario: str,
    port: int,
    process: int,
    clients: int,
    seconds: float,
    size: int,
    extra: int = 0,
) -> Measurement:
    """The figures have the latency: "p50 ms" and others. bench/web_load/load.cc explains the
    arguments. Raises SystemExit, or Unavailable if the generator is not built.
    """
    arguments = (port, clients, seconds, process, size, extra)
    found = json.loads(run_load(built(WEB_LOAD), scenario, *map(str, arguments)))
    return Measurement(
        found["count"] / found["seconds"],
        found["cpu"] / found["count"] * 1e6,
        {f"p{percentile} ms": value for percentile, value in found["latency"].items()},
    )
