"""Options: WebSockets."""

from __future__ import annotations

from sioserve.options.kinds import BOOLEAN, ENDLESS_SECONDS, SECONDS, SIZE
from sioserve.options.option import Group, Option

GROUP = Group(
    "WebSocket",
    (
        Option(
            "websocket-timeout",
            ENDLESS_SECONDS,
            "longest duration of a WebSocket; -1 for no limit",
            aliases=("--websocket_timeout",),
            default=86_400.0,
            setting="websocket_lifetime_ms",
        ),
        Option(
            "websocket-connect-timeout",
            ENDLESS_SECONDS,
            "timeout for the application to accept a WebSocket, and for functions that decide "
            "about a Socket.IO handshake: 403; -1 for none",
            aliases=("--websocket_connect_timeout",),
            default=5.0,
            setting="websocket_connect_timeout_ms",
        ),
        Option(
            "ping-interval",
            SECONDS,
            "time without data from the client after which a ping is sent; 0 for no pings",
            aliases=("--ws-ping-interval",),
            default=20.0,
            setting="websocket_ping_interval_ms",
        ),
        Option(
            "ping-timeout",
            SECONDS,
            "timeout for the answer to a ping, then the WebSocket is closed with 1011; 0 for none",
            aliases=("--ws-ping-timeout",),
            default=30.0,
            setting="websocket_ping_timeout_ms",
        ),
        Option(
            "websocket-max-message-size",
            SIZE,
            "longest message of a client, decompressed: close code 1009; 0 for no limit",
            aliases=("--ws-max-size",),
            default=1_048_576,
            setting="websocket_max_message",
        ),
        Option(
            "websocket-max-frame-size",
            SIZE,
            "longest frame of a client: close code 1009; 0 for no limit",
            default=1_048_576,
            setting="websocket_max_frame",
        ),
        Option(
            "ws-per-message-deflate",
            BOOLEAN,
            "compress messages with clients that offer it (permessage-deflate)",
            switches={"--no-ws-per-message-deflate": "false"},
            default=True,
            setting="websocket_per_message_deflate",
        ),
    ),
)
