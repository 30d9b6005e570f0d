"""One line for each request and for each step of a WebSocket, as developers of Channels know them:

    HTTP GET /x 200 [0.01, 127.0.0.1:5000]
    WebSocket HANDSHAKING /ws/ [127.0.0.1:5001]

They go to the logger `django.channels.server`, which Django's own logging shows while DEBUG is on.
"""

from __future__ import annotations

import logging
import time
from typing import Any

logger = logging.getLogger("django.channels.server")

ENGINEIO_ACCEPT = "sioserve.engineio.accept"  # of a routed Socket.IO handshake


class DevelopmentLog:
    """An ASGI application that writes the lines about another one.

    `style` has the colours of Django's management commands.
    """

    def __init__(self, application: Any, style: Any) -> None:
        self._application = application
        self._style = style

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        begin = time.monotonic()
        status = 0

        async def watched_send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == ENGINEIO_ACCEPT:
                status = 200
            await send(message)

        try:
            await self._application(scope, receive, watched_send)
        except Exception:
            status = status or 500
            raise
        finally:
            if status:
                self._request(scope, status, time.monotonic() - begin)

    def _request(self, scope: Any, status: int, seconds: float) -> None:
        style, level = self._look(status)
        message = style("HTTP %(method)s %(path)s %(status)s [%(time_taken).2f, %(client)s]")
        details = {
            "method": scope["method"],
            "path": _target(scope),
            "status": status,
            "time_taken": seconds,
            "client": _client(scope),
        }
        logger.log(level, message, details)

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

    async def _websocket(self, scope: Any, receive: Any, send: Any) -> None:
        details = {"path": _target(scope, with_query=False), "client": _client(scope)}
        step = "HANDSHAKING"
        handed_over = False  # to the native Engine.IO: its end is not seen here

        def tell(new: str) -> None:
            nonlocal step
            step = new
            logger.info(f"WebSocket {step} %(path)s [%(client)s]", details)

        async def watched_send(message: Any) -> None:
            nonlocal handed_over
            await send(message)
            if step == "HANDSHAKING":
                kind = message["type"]
                if kind == "websocket.accept":
                    tell("CONNECT")
                elif kind == ENGINEIO_ACCEPT:
                    tell("CONNECT")
                    handed_over = True
                elif kind in ("websocket.close", "websocket.http.response.start"):
                    tell("REJECT")

        tell("HANDSHAKING")
        try:
            await self._application(scope, receive, watched_send)
        finally:
            if not handed_over:
                tell("DISCONNECT")


def _target(scope: Any, *, with_query: bool = True) -> str:
    """As it came: decoded, it could forge a line of the log."""
    target: bytes = scope["raw_path"]
    if with_query and scope["query_string"]:
        target += b"?" + scope["query_string"]
    return target.decode("ascii", "backslashreplace")


def _client(scope: Any) -> str:
    client = scope.get("client")
    return f"{client[0]}:{client[1]}" if client else "unknown"
