"""One line for each request and for each step of a WebSocket, in the format of Channels:

    HTTP GET /x 200 [0.01, 127.0.0.1:5000]
    WebSocket HANDSHAKING /ws/ [127.0.0.1:5001]

They are made from the records of the access log and go to the logger `django.channels.server`,
which Django's own logging shows while DEBUG is on.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

logger = logging.getLogger("django.channels.server")

CLIENT_LEFT = 499  # nothing was answered

STEPS = {
    "websocket.connecting": ("HANDSHAKING",),
    "websocket.connect": ("CONNECT",),
    "websocket.reject": ("REJECT", "DISCONNECT"),
    "websocket.disconnect": ("DISCONNECT",),
}


@contextlib.contextmanager
def development_log(style: Any) -> Iterator[dict[str, str]]:
    """Writes the lines until the end of the block; returns the settings that the server needs.

    `style` has the colours of Django's management commands.
    """
    access = logging.getLogger("sioserve.access")
    handler = _Handler(style)
    level, propagate = access.level, access.propagate
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    access.propagate = False
    try:
        yield {"access_log": "logging"}
    finally:
        access.removeHandler(handler)
        access.setLevel(level)
        access.propagate = propagate


class _Handler(logging.Handler):
    def __init__(self, style: Any) -> None:
        super().__init__()
        self._style = style

    def emit(self, record: logging.LogRecord) -> None:
        details = record.__dict__
        if details["event"] == "http":
            self._request(details)
        else:
            self._websocket(details)

    def _request(self, details: dict[str, Any]) -> None:
        status = details["status"]
        if status == CLIENT_LEFT:
            return
        style, level = self._look(status)
        message = style("HTTP %(method)s %(path)s %(status)s [%(time_taken).2f, %(client)s]")
        values = {
            "method": details["method"] or "-",
            "path": details["target"] or "-",
            "status": status,
            "time_taken": details["duration_us"] / 1_000_000,
            "client": _client(details),
        }
        logger.log(level, message, values)

    def _look(self, status: int) -> tuple[Any, int]:
        style = self._style
        if status < 200:
            return style.HTTP_INFO, logging.INFO
        if status < 300:
            return style.HTTP_SUCCESS, logging.INFO
        if status == 304:
            return style.HTTP_NOT_MODIFIED, logging.INFO
        if status < 400:
            return style.HTTP_REDIRECT, logging.INFO
        if status == 404:
            return style.HTTP_NOT_FOUND, logging.WARNING
        if status < 500:
            return style.HTTP_BAD_REQUEST, logging.WARNING
        return style.HTTP_SERVER_ERROR, logging.ERROR

    def _websocket(self, details: dict[str, Any]) -> None:
        path = details["target"].partition("?")[0]
        for step in STEPS[details["event"]]:
            values = {"path": path, "client": _client(details)}
            logger.info(f"WebSocket {step} %(path)s [%(client)s]", values)


def _client(details: dict[str, Any]) -> str:
    host, port = details["client"], details["client_port"]
    return f"{host}:{port or 0}" if host else "unknown"
