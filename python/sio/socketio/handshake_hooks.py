"""HandshakeHooks: the part of SocketIOServer with the functions that are called for handshakes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .refusal_hooks import RefusalHooks
from .request_checks import RequestChecks

if TYPE_CHECKING:
    from _sioserve import Server

_F = TypeVar("_F", bound=Callable[..., Any])


class HandshakeHooks(ABC):
    """Decorators for functions that decide about handshakes, or hear of them."""

    request_checks: RequestChecks
    refusal_hooks: RefusalHooks

    @property
    @abstractmethod
    def native(self) -> Server | None:
        """The native server, while one runs."""

    def allow_request(self, check: _F) -> _F:
        """Call `check(request)` for each handshake, before the session exists; a decorator.

        `request` is a sio.HandshakeRequest. A true result accepts the client. A falsy result
        refuses it with 403 and "Forbidden", ConnectionRefused with its own message. Any other
        exception is logged and refuses it as well. `check` is `async def`, or a plain `def`, which
        runs in a thread. Several functions are called in the order in which they were added.

        It must return within --websocket-connect-timeout, otherwise it is cancelled and the client
        is refused. The user is not known yet: check it in `connect`.
        """
        self.request_checks.add(check)
        self._enable_in_running_server()
        return check

    def allow_origin(self, function: _F) -> _F:
        """Call `f(origin)` for web pages of another origin (CORS); a decorator.

        `origin` is the value of the `Origin` header, such as "https://example.com". A true result
        allows the pages of this origin to use this server, as if the origin stood in
        --socketio-cors-origins, until the function is called for it again. It is called for each
        handshake and preflight request of an origin that is not in --socketio-cors-origins and is
        not the server's own. The function is `async def`, or a plain `def`, which runs in a thread.
        If it raises, this is logged and counts as a refusal. Several functions are called until one
        allows the origin.

        Decide by the origin only: the decision holds for all requests with it. A refused origin may
        still connect if ALLOWED_HOSTS allows that, but gets no CORS headers. The time is that of
        allow_request(). With --socketio-cors-credentials, add the function before the server
        starts.
        """
        self.request_checks.add_origin_check(function)
        self._enable_in_running_server()
        return function

    def initial_headers(self, function: _F) -> _F:
        """Call `f(headers, request)` for each handshake that was accepted; a decorator.

        `headers` is a dict to which the function adds headers of the response, on both transports:
        a value is an ASCII str, or a list of them for several headers of one name. `request` is a
        sio.HandshakeRequest. The function is `async def`, or a plain `def`, which runs in a thread.
        If it raises, this is logged and the client is refused. The time is that of allow_request().

        Not for headers that the server sets itself, such as Content-Type, Cache-Control and those
        of CORS.
        """
        self.request_checks.add_header_hook(function)
        self._enable_in_running_server()
        return function

    def headers(self, function: _F) -> _F:
        """Call `f(headers, request)` for each handshake that was accepted; a decorator.

        As initial_headers(), but the headers are those of all responses to requests of this
        session: the handshake, each poll, and the WebSocket to which it is upgraded. Unlike in
        Node, the function is called once for a session, because its later requests are answered
        without Python.
        """
        self.request_checks.add_session_header_hook(function)
        self._enable_in_running_server()
        return function

    def on_connection_error(self, function: _F) -> _F:
        """Call `f(refused)` for requests to Engine.IO that are refused; a decorator.

        `refused` is a sio.RefusedRequest. Use it to count and log them. Anybody can send bad
        requests, so at most 100 per second are reported, one after the other; `refused.omitted`
        counts the others. The function is `async def`, or a plain `def`, which runs in a thread. It
        is cancelled after --websocket-connect-timeout. It is not called for clients that a
        namespace refuses. With --workers, each refused request is reported to one of the processes.
        """
        self.refusal_hooks.add(function)
        self._enable_in_running_server()
        return function

    def enable_native_hooks(self, core: Server) -> None:
        """Let the native server call the dispatcher for what has functions here."""
        if self.request_checks:
            core.ask_about_handshakes()
        if self.request_checks.asks_about_origins:
            core.ask_about_origins()
        if self.refusal_hooks:
            core.watch_refusals()

    def _enable_in_running_server(self) -> None:
        if self.native is not None:
            self.enable_native_hooks(self.native)
