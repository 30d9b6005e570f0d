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
            "run the application in this number of Python processes behind an I/O process, or auto: "
            "as many as cores",
            shown_default="in the server's own process",
        ),
    ),
)
