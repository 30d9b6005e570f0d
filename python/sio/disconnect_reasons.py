"""The reasons of disconnects as sentences, for `socket.disconnect_description`."""

from __future__ import annotations

_BY_REASON = {
    "client_disconnect": "the client left the namespace",
    "server_disconnect": "the application disconnected the client from the namespace",
    "server_close": "the application closed the session",
    "server_shutdown": "the server stops",
    "server_process_lost": "the Python process of the client has ended",
    "engineio_client_close": "the client closed its polling session",
    "engineio_websocket_disconnect": "the WebSocket was closed, or its connection was lost",
    "engineio_polling_disconnect": "the client aborted a polling request",
    "engineio_timeout": "no pong arrived in time",
    "engineio_connect_timeout": "the client connected to no namespace in time",
    "engineio_concurrent_get": "the client sent a GET request while another one waited",
    "engineio_concurrent_post": "the client sent a POST request while another one was read",
    "engineio_payload_too_large": "a WebSocket message was larger than --socketio-max-payload",
    "engineio_missing_connect": "a packet for a namespace that the client is not connected to",
    "engineio_slow_consumer": "too much data was queued for the client",
    "engineio_replaced": "the client has reconnected on another connection",
}
# The two reasons of a client that breaks the WebSocket protocol.
_WEBSOCKET_FAULT = ("engineio_websocket_disconnect", "transport error")
# An invalid packet, by the reference server's reason.
_BY_REFERENCE = {
    "parse error": "the client sent an invalid Engine.IO packet",
    "forced close": "the client sent an invalid Socket.IO packet, or one above a limit",
    "transport error": "the client sent a ping, or a polling request of a wrong content type",
    "forced server close": "the client sent a second CONNECT, or a CONNECT_ERROR",
}


def describe_disconnect(reason: str, reference_reason: str) -> str:
    """A sentence for people, without a capital and a full stop."""
    if (reason, reference_reason) == _WEBSOCKET_FAULT:
        return "the client broke the WebSocket protocol"
    return _BY_REASON.get(reason) or _BY_REFERENCE.get(reference_reason) or reason
