"""Options: how much of everything."""

from __future__ import annotations

from sioserve.options.kinds import NUMBER, POSITIVE, POSITIVE_SIZE, SIZE
from sioserve.options.option import Group, Option

GROUP = Group(
    "Limits",
    (
        Option(
            "limit-request-line",
            POSITIVE_SIZE,
            "longest request line: 414",
            default=16_384,
            setting="max_request_line",
        ),
        Option(
            "limit-header-bytes",
            POSITIVE_SIZE,
            "all headers of a request: 431",
            default=65_536,
            setting="max_header_bytes",
        ),
        Option(
            "limit-headers",
            POSITIVE,
            "number of headers of a request: 431",
            default=256,
            setting="max_headers",
        ),
        Option(
            "limit-body",
            SIZE,
            "longest body of a request: 413; 0 for none",
            default=10_737_418_240,
            shown_default="10G",
            setting="max_body",
        ),
        Option(
            "limit-requests-per-connection",
            NUMBER,
            "the answer to the last one closes the connection",
            default=0,
            shown_default="none",
            setting="requests_per_connection",
        ),
        Option(
            "limit-connections",
            NUMBER,
            "connections at a time: 503",
            default=0,
            shown_default="as many as there are descriptors for",
            setting="max_connections",
        ),
        Option(
            "limit-connections-per-address",
            NUMBER,
            "connections of one client address at a time: 429",
            default=0,
            shown_default="none",
            setting="max_connections_per_address",
        ),
        Option(
            "limit-concurrency",
            NUMBER,
            "requests and WebSockets under way at a time: 503",
            default=0,
            shown_default="none",
            setting="max_concurrency",
        ),
        Option(
            "limit-max-requests",
            NUMBER,
            "stop the server when it has answered so many requests",
            default=0,
            shown_default="none",
            setting="max_requests",
        ),
        Option(
            "limit-max-requests-jitter",
            NUMBER,
            "up to so many requests more, by chance",
            default=0,
        ),
        Option(
            "limit-unread",
            POSITIVE_SIZE,
            "of a request's body or a WebSocket, before the application has asked for it",
            default=262_144,
            setting="receive_window",
        ),
        Option(
            "limit-unsent",
            POSITIVE_SIZE,
            "of a response, waiting for a slow client; then send() waits",
            default=262_144,
            setting="send_window",
        ),
        Option(
            "limit-events",
            POSITIVE,
            "requests and messages, all in all, that wait for the application",
            default=65_536,
            setting="max_app_events",
        ),
        Option(
            "limit-event-bytes",
            POSITIVE_SIZE,
            "of these, with their bodies and arguments",
            default=64_000_000,
            setting="max_app_event_bytes",
        ),
        Option(
            "limit-command-bytes",
            POSITIVE_SIZE,
            "of what the application emits, waiting to be carried out; then emit() waits",
            default=16_000_000,
            setting="max_command_bytes",
        ),
    ),
)
