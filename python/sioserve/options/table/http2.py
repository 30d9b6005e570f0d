"""Options: HTTP/2."""

from __future__ import annotations

from sioserve.options.kinds import POSITIVE
from sioserve.options.option import Group, Option, switch

GROUP = Group(
    "HTTP/2",
    (
        switch(
            "http2",
            "offer HTTP/2 to clients that come over TLS",
            default=True,
            setting="http2",
        ),
        switch(
            "http2-cleartext",
            "accept HTTP/2 without TLS from clients that begin with it (prior knowledge)",
            default=False,
            setting="http2_cleartext",
        ),
        Option(
            "http2-max-streams",
            POSITIVE,
            "limit on requests and WebSockets of one connection at the same time",
            default=100,
            setting="http2_max_streams",
        ),
    ),
)
