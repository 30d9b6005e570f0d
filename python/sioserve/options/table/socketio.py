"""Options: Socket.IO."""

from __future__ import annotations

from sioserve.options.kinds import (
    NUMBER,
    POSITIVE,
    POSITIVE_SECONDS,
    POSITIVE_SIZE,
    URL_PATH,
    between,
)
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
        Option(
            "socketio-upgrade-timeout",
            POSITIVE_SECONDS,
            "for a client to finish the upgrade to a WebSocket",
            default=10.0,
            setting="upgrade_timeout_ms",
        ),
        Option(
            "socketio-connect-timeout",
            POSITIVE_SECONDS,
            "for a client to connect to its first namespace",
            default=45.0,
            setting="connect_timeout_ms",
        ),
        Option(
            "socketio-max-queued",
            POSITIVE_SIZE,
            "what may wait for one slow client before it is closed",
            default=64_000_000,
            setting="max_queued_bytes",
        ),
        Option(
            "socketio-max-in-flight",
            POSITIVE,
            "events of one client that the application has in hand",
            default=256,
            setting="max_events_in_flight",
        ),
        Option(
            "socketio-max-pending-acks",
            POSITIVE,
            "acknowledgements that one client owes; beyond it the oldest is no longer waited for",
            default=10_000,
            setting="max_pending_acks",
        ),
        Option(
            "socketio-max-attachments",
            NUMBER,
            "binary attachments of one event",
            default=10,
            setting="max_attachments",
        ),
        Option(
            "socketio-max-event-name",
            POSITIVE_SIZE,
            "longest name of an event",
            default=1024,
            setting="max_event_name",
        ),
        Option(
            "socketio-max-depth",
            between(1, 1000),
            "of lists and objects in one another",
            default=64,
            setting="max_json_depth",
        ),
    ),
)
