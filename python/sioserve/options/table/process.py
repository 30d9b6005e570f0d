"""Options: the process as a whole."""

from __future__ import annotations

from sioserve.options.kinds import FILE, SECONDS, named
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
            "pid",
            FILE,
            "write the process id to this file, and remove the file at the end",
            aliases=("--pidfile",),
        ),
        Option(
            "control",
            named(FILE, "PATH"),
            "path of a Unix socket for sioserve status, reload and stop, and for emits of other "
            "processes; only for the same user",
            shown_default="the path of --pid with .control, if that is given",
        ),
    ),
)
