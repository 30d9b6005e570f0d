"""Options: the process as a whole."""

from __future__ import annotations

from sioserve.options.kinds import SECONDS, WORKERS
from sioserve.options.option import Group, Option

GROUP = Group(
    "Process",
    (
        Option(
            "timeout-graceful-shutdown",
            SECONDS,
            "time for requests, connections and the lifespan to end when the server stops",
            default=10.0,
        ),
        Option(
            "workers",
            WORKERS,
            "number of Python processes that run the application, or auto: as many as cores",
            default=1,
        ),
    ),
)
