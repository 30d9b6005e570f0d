"""The functions of allow_request(), initial_headers() and headers(), called for handshakes."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..exceptions import ConnectionRefused
from ..failures import is_closing, was_ended
from ..handlers import Handler
from ..handshake import HandshakeRequest
from ..time_limit import TimeLimit

logger = logging.getLogger("sio.socketio.server")


HeaderValues = dict[str, str | list[str]]

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
# The server sets these itself.
_RESERVED = re.compile(
    r"cache-control|connection|content-(encoding|length|type)|date|transfer-encoding|upgrade|vary|"
    r"x-content-type-options|access-control-.*|sec-websocket-.*"
)

HeaderPairs = Sequence[tuple[str, str]]


class Decision(NamedTuple):
    """About a handshake; `refusal` as in RequestChecks.refusal()."""

    refusal: str | None
    headers: HeaderPairs = ()  # of the first response
    session_headers: HeaderPairs = ()  # of all responses


class RequestChecks:
    """All must accept a handshake; they are called in the order in which they were added, and then
    those that add headers to its response.
    """

    def __init__(self) -> None:
        self._checks: list[Handler] = []
        self._origin_checks: list[Handler] = []
        self._header_hooks: list[Handler] = []
        self._session_header_hooks: list[Handler] = []

    def copy(self) -> RequestChecks:
        copied = RequestChecks()
        copied._checks = list(self._checks)
        copied._origin_checks = list(self._origin_checks)
        copied._header_hooks = list(self._header_hooks)
        copied._session_header_hooks = list(self._session_header_hooks)
        return copied

    def __bool__(self) -> bool:
        return bool(self._checks or self._header_hooks or self._session_header_hooks)

    def add_header_hook(self, function: Callable[..., Any]) -> None:
        self._header_hooks.append(Handler(function))

    def add_session_header_hook(self, function: Callable[..., Any]) -> None:
        self._session_header_hooks.append(Handler(function))

    # The functions of one handshake have the time of `limit` together. When it is over, the one
    # that runs is cancelled, the others are not called, and the handshake is refused.

    async def decision(self, request: HandshakeRequest, limit: TimeLimit) -> Decision:
        """What refusal() says, and headers of the responses. A function for headers that fails is
        logged, and the handshake refused.
        """
        refusal = await self.refusal(request, limit)
        if refusal is not None:
            return Decision(refusal)
        try:
            headers = await _headers("initial_headers", self._header_hooks, request, limit)
            session_headers = await _headers("headers", self._session_header_hooks, request, limit)
            return Decision(None, headers, session_headers)
        except BaseException as error:
            if _must_stop(error, limit):
                raise
            logger.exception("a function for headers failed; %s is refused", request.url)
            return Decision("")

    @property
    def asks_about_origins(self) -> bool:
        return bool(self._origin_checks)

    def add_origin_check(self, function: Callable[..., Any]) -> None:
        self._origin_checks.append(Handler(function))

    async def allows_origin(self, request: HandshakeRequest, limit: TimeLimit) -> bool:
        """Whether a function allows the request's origin. One that raises is logged."""
        origin = request.headers["origin"]
        for check in self._origin_checks:
            try:
                if await _call(check, limit, origin):
                    return True
            except BaseException as error:
                if _must_stop(error, limit):
                    raise
                logger.exception("allow_origin: %r failed for %s", check, origin)
                if limit.expired:
                    break
        return False

    def add(self, function: Callable[..., Any]) -> None:
        self._checks.append(Handler(function))

    async def refusal(self, request: HandshakeRequest, limit: TimeLimit) -> str | None:
        """None if the handshake is accepted; else the message for the client, "" for the default.

        If a function raises, the handshake is refused and the traceback is logged.
        """
        for check in self._checks:
            try:
                if not await _call(check, limit, request):
                    return ""
            except ConnectionRefused as refused:
                return refused.message
            except BaseException as error:
                if _must_stop(error, limit):
                    raise
                logger.exception("allow_request: %r failed; %s is refused", check, request.url)
                return ""
        return None


async def _call(function: Handler, limit: TimeLimit, *args: Any) -> Any:
    """Raises TimeoutError if the function has ignored that `limit` is over."""
    limit.what = function
    with function.limit():
        result = await function.call_with(*args)
    if limit.expired:
        raise TimeoutError(f"{function!r} has ignored its cancellation")
    return result


def _must_stop(error: BaseException, limit: TimeLimit) -> bool:
    return is_closing(error) or was_ended(error) or limit.has_cut(error)


async def _headers(
    what: str, hooks: list[Handler], request: HandshakeRequest, limit: TimeLimit
) -> HeaderPairs:
    """The headers for the response to a handshake that was accepted.

    Raises what a function raises, and ValueError or TypeError for unusable headers.
    """
    headers: HeaderValues = {}
    for hook in hooks:
        await _call(hook, limit, headers, request)
    return list(_checked(what, headers))


def _checked(what: str, headers: HeaderValues) -> Iterator[tuple[str, str]]:
    for name, values in headers.items():
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name.lower()):
            raise ValueError(f"{what}: {name!r} is no header that can be added")
        for value in [values] if isinstance(values, str) else values:
            if not _VALUE.fullmatch(value):
                raise ValueError(f"{what}: unusable value of {name}: {value!r}")
            yield name, value
