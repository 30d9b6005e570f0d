"""Options: limits."""

from __future__ import annotations

from sioserve.options.kinds import NUMBER, POSITIVE, POSITIVE_SIZE, SIZE
from sioserve.options.option import Group, Option

GROUP = Group(
    "Limits",
    (
        Option(
            "limit-request-line",
            POSITIVE_SIZE,
            "longest request line; a longer one gets 414",
            default=16_384,
            setting="max_request_line",
        ),
        Option(
            "limit-header-bytes",
            POSITIVE_SIZE,
            "all headers of a request; more get 431",
            default=65_536,
            setting="max_header_bytes",
        ),
        Option(
            "limit-headers",
            POSITIVE,
            "number of headers of a request; more get 431",
            default=256,
            setting="max_headers",
        ),
        Option(
            "limit-body",
            SIZE,
            "longest body of a request; a longer one gets 413; 0 for no limit",
            default=10_737_418_240,
            shown_default="10G",
            setting="max_body",
        ),
        Option(
            "limit-requests-per-connection",
            NUMBER,
            "requests on one connection; the response to the last one closes it",
            default=0,
            shown_default="none",
            setting="requests_per_connection",
        ),
        Option(
            "limit-connections",
            NUMBER,
            "open connections; more get 503",
            default=0,
            shown_default="as many as the file descriptors allow",
            setting="max_connections",
        ),
        Option(
            "limit-connections-per-address",
            NUMBER,
            "open connections of one client address; more get 429",
            default=0,
            shown_default="none",
            setting="max_connections_per_address",
        ),
        Option(
            "limit-concurrency",
            NUMBER,
            "requests and WebSockets in progress; more get 503",
            default=0,
            shown_default="none",
            setting="max_concurrency",
        ),
        Option(
            "limit-max-requests",
            NUMBER,
            "stop the server after this number of requests; with --workers, replace each Python "
            "process after this number",
            default=0,
            shown_default="none",
            setting="max_requests",
        ),
        Option(
            "limit-max-requests-jitter",
            NUMBER,
            "add a random number of requests, up to this one, to --limit-max-requests",
            default=0,
        ),
        Option(
            "limit-unread",
            POSITIVE_SIZE,
            "bytes of a request's body or a WebSocket received before the application reads them",
            default=262_144,
            setting="receive_window",
        ),
        Option(
            "limit-unsent",
            POSITIVE_SIZE,
            "bytes of a response queued for a slow client; then send() waits",
            default=262_144,
            setting="send_window",
        ),
        Option(
            "limit-events",
            POSITIVE,
            "requests and messages of all clients queued for the application",
            default=65_536,
            setting="max_app_events",
        ),
        Option(
            "limit-event-bytes",
            POSITIVE_SIZE,
            "bytes of these requests and messages, with their bodies and arguments",
            default=64_000_000,
            setting="max_app_event_bytes",
        ),
        Option(
            "limit-command-bytes",
            POSITIVE_SIZE,
            "bytes of emits that the I/O thread has not carried out yet; then emit() waits",
            default=16_000_000,
            setting="max_command_bytes",
        ),
    ),
)
