"""Options: HTTP responses and timeouts."""

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
            "drop or keep request headers with an underscore in their name; Django reads an "
            "underscore as a dash",
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
            "timeout for the application's whole response: 503, or the response is cut",
            aliases=("-t",),
            default=0.0,
            shown_default="none",
            setting="application_timeout_ms",
        ),
        Option(
            "timeout-keep-alive",
            SECONDS,
            "timeout of an idle connection between two requests",
            default=75.0,
            setting="keep_alive_timeout_ms",
        ),
        Option(
            "timeout-first-byte",
            SECONDS,
            "timeout for the first byte of a connection",
            default=30.0,
            setting="first_byte_timeout_ms",
        ),
        Option(
            "timeout-headers",
            SECONDS,
            "timeout from a request's first byte to the end of its headers: 408",
            default=30.0,
            setting="header_timeout_ms",
        ),
        Option(
            "timeout-body",
            SECONDS,
            "timeout between two parts of a request's body: 408",
            default=30.0,
            setting="body_timeout_ms",
        ),
        Option(
            "timeout-send",
            SECONDS,
            "timeout for a client that does not read its response: the connection is cut",
            default=60.0,
            setting="send_timeout_ms",
        ),
        Option(
            "timeout-half-close",
            SECONDS,
            "time without output after a client shut down its sending side, "
            "then receive() returns http.disconnect",
            default=1.0,
            setting="half_close_timeout_ms",
        ),
        Option(
            "application-close-timeout",
            SECONDS,
            "timeout for the application to end after a disconnect, or it is cancelled; 0 for none",
            default=10.0,
        ),
    ),
)
