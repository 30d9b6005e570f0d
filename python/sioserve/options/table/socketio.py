"""Options: Socket.IO."""

from __future__ import annotations

from sioserve.options.kinds import POSITIVE_SECONDS, POSITIVE_SIZE, URL_PATH
from sioserve.options.option import Group, Option

GROUP = Group(
    "Socket.IO",
    (
        Option(
            "socketio-path",
            URL_PATH,
            "where Socket.IO namespaces that are registered natively and the JavaScript client "
            "are served",
            default="/socket.io",
            setting="socketio_path",
        ),
        Option(
            "socketio-ping-interval",
            POSITIVE_SECONDS,
            "from one pong of a client to the next ping",
            shown_default="25, or Django's SIO_ENGINEIO_PING_INTERVAL_MS",
            setting="ping_interval_ms",
        ),
        Option(
            "socketio-ping-timeout",
            POSITIVE_SECONDS,
            "for the pong to come",
            shown_default="20, or Django's SIO_ENGINEIO_PING_TIMEOUT_MS",
            setting="ping_timeout_ms",
        ),
        Option(
            "socketio-max-payload",
            POSITIVE_SIZE,
            "one message or polling request of a client",
            shown_default="1000000, or Django's SIO_ENGINEIO_MAX_PAYLOAD_BYTES",
            setting="max_payload_bytes",
        ),
    ),
)
