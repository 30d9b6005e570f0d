"""Options: logs."""

from __future__ import annotations

from sioserve.options.kinds import (
    ACCESS_LOG,
    FILE,
    HEADER_NAME,
    LOG_FORMAT,
    TEXT,
    between,
    choice,
    named,
)
from sioserve.options.option import Group, Option, switch

GROUP = Group(
    "Logging",
    (
        Option(
            "verbosity",
            between(0, 3),
            "0: warnings; 1: also the access log; 2: also debug lines; 3: also those of asyncio",
            aliases=("-v",),
            default=1,
        ),
        Option(
            "log-level",
            choice("critical", "error", "warning", "info", "debug", "trace"),
            "lowest level of the server's log lines",
            shown_default="by --verbosity",
        ),
        Option(
            "log-fmt",
            LOG_FORMAT,
            "format of the log lines, as in Python's logging",
        ),
        Option(
            "log-config",
            FILE,
            "configure Python's logging from an ini, JSON or YAML file (YAML needs PyYAML)",
        ),
        Option(
            "access-log",
            ACCESS_LOG,
            "write a line per request to a file, - for stdout, logging for the logger "
            "sioserve.access, none",
            switches={"--no-access-log": "none"},
            bare="-",
            shown_default="- from verbosity 1 on",
        ),
        Option(
            "access-log-format",
            named(TEXT, "FORMAT"),
            "format of the lines of the access log",
            default="",
            shown_default="",
            setting="access_log_format",
        ),
        Option(
            "request-id-header",
            HEADER_NAME,
            "response header with the id under which the request is logged",
            setting="request_id_header",
        ),
        switch(
            "access-log-json",
            "one JSON object per line in the access log",
            default=False,
            setting="access_log_json",
        ),
    ),
)
