"""Who may open a session at all: the functions that are given to allow_request()."""

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
    """All must let a handshake pass; they are asked in the order in which they were added."""

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
        """None when the handshake may go on; else what the client is told, "" for the usual words.

        A function that raises refuses: its exception is logged with its traceback.
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
