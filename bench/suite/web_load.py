"""Runs the load generator of HTTP and WebSockets, bench/web_load."""

from __future__ import annotations

import json
import os

from servers import run_load

from suite.results import ROOT
from suite.row import Measurement, Unavailable

WEB_LOAD = os.environ.get("WEB_LOAD", str(ROOT / "build/dev/bench/web_load/web_load"))


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
    if not os.path.exists(WEB_LOAD):
        raise Unavailable("the load generator web_load is not built: scripts/setup --bench")
    arguments = (port, clients, seconds, process, size, extra)
    found = json.loads(run_load(WEB_LOAD, scenario, *map(str, arguments)))
    return Measurement(
        found["count"] / found["seconds"],
        found["cpu"] / found["count"] * 1e6,
        {f"p{percentile} ms": value for percentile, value in found["latency"].items()},
    )
