"""Options: answers to HTTP requests, and how long things may take."""

from __future__ import annotations

from sioserve.options.kinds import HEADER, HEADER_VALUE, SECONDS, STATIC, choice
from sioserve.options.option import Group, Option, switch

GROUP = Group(
    "HTTP",
    (
        Option(
            "static",
            STATIC,
            "serve the files in DIR under PREFIX without the application, "
            "/static/=staticfiles; may be repeated",
            repeatable=True,
            default=(),
            setting="static_files",
        ),
        Option(
            "header",
            HEADER,
            "add a header to every response; may be repeated",
            repeatable=True,
            separator="\n",
            default=(),
            setting="extra_headers",
        ),
        Option(
            "underscore-headers",
            choice("drop", "keep"),
            "what becomes of request headers with an underscore in their names, which Django "
            "cannot tell from a dash",
            default="drop",
            setting="underscore_headers",
        ),
        Option(
            "server-name",
            HEADER_VALUE,
            "value of the Server header",
            aliases=("-s",),
            switches={"--no-server-name": ""},
            default="sioserve",
            setting="server_header",
        ),
        switch("server-header", "send the Server header", default=True),
        switch("date-header", "send the Date header", default=True, setting="date_header"),
        Option(
            "http-timeout",
            SECONDS,
            "for the application to give a whole response: 503, or the response is cut",
            aliases=("-t",),
            default=0.0,
            shown_default="none",
            setting="application_timeout_ms",
        ),
        Option(
            "timeout-keep-alive",
            SECONDS,
            "that a connection may idle between two requests",
            default=75.0,
            setting="keep_alive_timeout_ms",
        ),
        Option(
            "timeout-first-byte",
            SECONDS,
            "from the connection to its first request's first byte",
            default=30.0,
            setting="first_byte_timeout_ms",
        ),
        Option(
            "timeout-headers",
            SECONDS,
            "from a request's first byte to the end of its headers: 408",
            default=30.0,
            setting="header_timeout_ms",
        ),
        Option(
            "timeout-body",
            SECONDS,
            "between two pieces of a request's body: 408",
            default=30.0,
            setting="body_timeout_ms",
        ),
        Option(
            "timeout-send",
            SECONDS,
            "for a client to take some of a response that waits for it: it is cut",
            default=60.0,
            setting="send_timeout_ms",
        ),
        Option(
            "timeout-half-close",
            SECONDS,
            "of silence to a client that has ended its side, until the application is told",
            default=5.0,
            setting="half_close_timeout_ms",
        ),
        Option(
            "application-close-timeout",
            SECONDS,
            "for the application to end when its client has gone, or it is cancelled; 0 for no end",
            default=10.0,
        ),
    ),
)
