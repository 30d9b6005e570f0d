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
            "for everything that is to end when the server is asked to stop",
            default=10.0,
        ),
        Option(
            "workers",
            WORKERS,
            "number of server processes; only 1 so far",
            default=1,
        ),
    ),
)
