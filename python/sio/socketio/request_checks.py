"""The functions of allow_request() and initial_headers(), which are called for handshakes."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

from ..exceptions import ConnectionRefused
from ..failures import is_closing
from ..handlers import Handler
from ..handshake import HandshakeRequest

logger = logging.getLogger("sio.socketio.server")


HeaderValues = dict[str, str | list[str]]

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
# The server sets these itself.
_RESERVED = re.compile(
    r"cache-control|connection|content-(encoding|length|type)|date|transfer-encoding|upgrade|vary|"
    r"x-content-type-options|access-control-.*|sec-websocket-.*"
)


class RequestChecks:
    """All must accept a handshake; they are called in the order in which they were added, and then
    those that add headers to its response.
    """

    def __init__(self) -> None:
        self._checks: list[Handler] = []
        self._header_hooks: list[Handler] = []

    def copy(self) -> RequestChecks:
        copied = RequestChecks()
        copied._checks = list(self._checks)
        copied._header_hooks = list(self._header_hooks)
        return copied

    def __bool__(self) -> bool:
        return bool(self._checks or self._header_hooks)

    def add_header_hook(self, function: Callable[..., Any]) -> None:
        self._header_hooks.append(Handler(function))

    async def headers(self, request: HandshakeRequest) -> list[tuple[str, str]]:
        """The headers for the response to a handshake that was accepted.

        Raises what a function raises, and ValueError or TypeError for unusable headers.
        """
        headers: HeaderValues = {}
        for hook in self._header_hooks:
            await hook.call_with(headers, request)
        return list(_checked(headers))

    async def decision(self, request: HandshakeRequest) -> tuple[str | None, list[tuple[str, str]]]:
        """What refusal() says, and the headers of the response. A function for headers that fails
        is logged, and the handshake refused.
        """
        refusal = await self.refusal(request)
        if refusal is not None or not self._header_hooks:
            return refusal, []
        try:
            return None, await self.headers(request)
        except BaseException as error:
            if is_closing(error):
                raise
            logger.exception("initial_headers failed; %s is refused", request.url)
            return "", []

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


def _checked(headers: HeaderValues) -> Iterator[tuple[str, str]]:
    for name, values in headers.items():
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name.lower()):
            raise ValueError(f"initial_headers: {name!r} is no header that can be added")
        for value in [values] if isinstance(values, str) else values:
            if not _VALUE.fullmatch(value):
                raise ValueError(f"initial_headers: unusable value of {name}: {value!r}")
            yield name, value
