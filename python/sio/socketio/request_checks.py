"""The functions of allow_request(), which decide about handshakes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ..exceptions import ConnectionRefused
from ..failures import is_closing
from ..handlers import Handler
from ..handshake import HandshakeRequest

logger = logging.getLogger("sio.socketio.server")


class RequestChecks:
    """All must accept a handshake; they are called in the order in which they were added."""

    def __init__(self) -> None:
        self._checks: list[Handler] = []

    def copy(self) -> RequestChecks:
        copied = RequestChecks()
        copied._checks = list(self._checks)
        return copied

    def __bool__(self) -> bool:
        return bool(self._checks)

    def add(self, function: Callable[..., Any]) -> None:
        self._checks.append(Handler(function))

    async def refusal(self, request: HandshakeRequest) -> str | None:
        """None if the handshake is accepted; else the message for the client, "" for the default.

        If a function raises, the handshake is refused and the traceback is logged.
        """
        for check in self._checks:
            try:
                if not await check.call_with(request):
                    return ""
            except ConnectionRefused as refused:
                return refused.message
            except BaseException as error:
                if is_closing(error):
                    raise
                logger.exception("allow_request: %r failed; %s is refused", check, request.url)
                return ""
        return None
