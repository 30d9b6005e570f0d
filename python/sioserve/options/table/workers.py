"""Options: several Python processes behind one I/O process."""

from __future__ import annotations

from sioserve.options.kinds import SECONDS, SIZE, WORKERS
from sioserve.options.option import Group, Option

GROUP = Group(
    "Python processes",
    (
        Option(
            "workers",
            WORKERS,
            "run the application in this number of Python processes behind an I/O process; "
            "auto: as many as cores",
            shown_default="in the server's own process",
        ),
        Option(
            "reload-grace",
            SECONDS,
            "time for the requests and WebSockets of a Python process that has been replaced",
            default=30.0,
        ),
        Option(
            "worker-max-rss",
            SIZE,
            "replace a Python process that uses more memory than this",
            default=0,
            shown_default="none",
        ),
        Option(
            "worker-max-age",
            SECONDS,
            "replace a Python process after this time",
            default=0.0,
            shown_default="none",
        ),
        Option(
            "worker-hang-timeout",
            SECONDS,
            "kill and replace a Python process whose event loop is blocked for this time; 0: never",
            default=60.0,
        ),
        Option(
            "worker-start-timeout",
            SECONDS,
            "kill a Python process that does not become ready in this time; 0: never",
            default=300.0,
        ),
    ),
)
