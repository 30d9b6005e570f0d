"""Options: restarts when the code changes."""

from __future__ import annotations

from sioserve.options.kinds import DIRECTORY, POSITIVE_SECONDS, TEXT, named
from sioserve.options.option import Group, Option, switch

GROUP = Group(
    "Development",
    (
        switch("reload", "restart when a file changes", default=False),
        Option(
            "reload-dir",
            DIRECTORY,
            "folder whose files are watched; may be repeated",
            repeatable=True,
            default=(),
            shown_default="the working directory and --app-dir",
        ),
        Option(
            "reload-include",
            named(TEXT, "PATTERN"),
            "files to watch in addition to *.py; may be repeated",
            repeatable=True,
            default=(),
        ),
        Option(
            "reload-exclude",
            named(TEXT, "PATTERN"),
            "files and folders not to watch; may be repeated",
            repeatable=True,
            default=(),
        ),
        Option(
            "reload-delay",
            POSITIVE_SECONDS,
            "time between two checks of the files",
            default=0.25,
        ),
    ),
)
