"""Options of other servers that sioserve does not have, and what to do instead."""

from __future__ import annotations

import re

ONE_IMPLEMENTATION = "there is one implementation of each protocol here; leave it out"
NO_TLS = "TLS is not supported yet; use a proxy in front"

REASONS = (
    (r"--http|--ws|--interface|--impl", ONE_IMPLEMENTATION),
    (r"--ssl-.*|--certfile|--keyfile", NO_TLS),
    (r"--http2", "HTTP/2 is not supported yet; use a proxy in front"),
    (r"--(no-)?use-colors", "colours follow the terminal; leave it out"),
    (r"--reset-contextvars", "each request has a context of its own anyway; leave it out"),
    (r"--h11-max-incomplete-event-size", "it is --limit-header-bytes here"),
    (r"--ws-max-queue", "it is --limit-unread here, in bytes"),
    (r"--timeout-worker-healthcheck", "it is --worker-hang-timeout here"),
)


def reason_for(name: str) -> str | None:
    """The end of a message "--name: ..."; None for an unknown option."""
    for pattern, reason in REASONS:
        if re.fullmatch(pattern, name):
            return reason
    return None
