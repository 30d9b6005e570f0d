"""Listeners: functions that are called with the events of one socket, as in the reference server.

    socket.on("draw", f)                 # in addition to the handlers of the namespace
    socket.on_any(f)                     # every event of the client, before its handlers
    socket.on_any_outgoing(f)            # every event to the client

The containers are created with the first listener.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar, overload

from asgiref.sync import iscoroutinefunction

from ..handlers import Handler
from ..log_lines import about_sending
from ..names import RESERVED_EVENTS
from ..types import Socket
from .interfaces import Namespace

_F = TypeVar("_F", bound=Callable[..., Any])

logger = logging.getLogger("sio.socketio.socket")

LIFECYCLE = frozenset({"disconnecting", "disconnect"})


class SocketListeners:
    """A base of NamespaceSocket; see there for threads."""

    name_space: Namespace[Any]
    own_listeners: dict[str, tuple[SocketHandler, ...]] | None = None  # by their events
    # Replaced, never changed: other threads may be iterating over them.
    any_handlers: tuple[Handler, ...] = ()  # for every event of the client
    _any_outgoing: tuple[Callable[..., Any], ...] = ()
    # on(), on_any() or use() has been called: its events need more than a handler of the namespace.
    intercepts_events = False

    # --- named events ---

    @overload
    def on(self, event: str) -> Callable[[_F], _F]: ...
    @overload
    def on(self, event: str, function: _F) -> _F: ...
    def on(self, event: str, function: Any = None) -> Any:
        """Call `f(*args)`, `async def` or plain, for this client's event, after the handlers of its
        namespace. `ack` and exceptions work as in handlers. Also a decorator.

        "disconnecting" and "disconnect" call `f(reason)`, before and after the disconnect
        handlers. Raises ValueError for Socket.IO's other reserved names, and for an event that is
        relayed natively.
        """
        return self._add(event, function, SocketHandler)

    @overload
    def once(self, event: str) -> Callable[[_F], _F]: ...
    @overload
    def once(self, event: str, function: _F) -> _F: ...
    def once(self, event: str, function: Any = None) -> Any:
        """The same for the next such event only."""
        return self._add(event, function, OnceHandler)

    def off(self, event: str, function: Callable[..., Any] | None = None) -> None:
        """Remove this listener of the event; without `function`, all its listeners."""
        own = self.own_listeners or {}
        kept = tuple(h for h in own.get(event, ()) if function not in (None, h.function))
        if kept:
            own[event] = kept
        else:
            own.pop(event, None)

    def listeners(self, event: str) -> list[Callable[..., Any]]:
        """The functions that on() and once() have added for the event."""
        return [handler.function for handler in self.own_handlers(event)]

    def event_names(self) -> list[str]:
        """The events that this socket has listeners for."""
        return list(self.own_listeners or ())

    def own_handlers(self, event: str) -> tuple[SocketHandler, ...]:
        """The same as handlers, in the order of registration."""
        own = self.own_listeners
        return () if own is None else own.get(event, ())

    def remove_handler(self, handler: SocketHandler) -> None:
        own = self.own_listeners or {}
        kept = tuple(other for other in own.get(handler.event, ()) if other is not handler)
        if kept:
            own[handler.event] = kept
        else:
            own.pop(handler.event, None)

    def _add(
        self, event: str, function: Callable[..., Any] | None, kind: type[SocketHandler]
    ) -> Any:
        if event in RESERVED_EVENTS and event not in LIFECYCLE:
            raise ValueError(f"{event!r} is reserved by Socket.IO and can't be an event")

        self.name_space.table.check_not_relayed(event)

        def decorate(function: _F) -> _F:
            if self.own_listeners is None:
                self.own_listeners = {}
            self.intercepts_events = True
            self.own_listeners[event] = (*self.own_listeners.get(event, ()), kind(function, event))
            return function

        return decorate if function is None else decorate(function)

    # --- every event of the client ---

    def on_any(self, function: _F) -> _F:
        """Call `f(event, *args)`, `async def` or plain, for each event of the client, before
        middleware and handlers, whether there are any or not. Also a decorator.

        It cannot acknowledge. Its exceptions are logged, and the event is still handled.
        """
        self.any_handlers = (*self.any_handlers, Handler(function))
        self.intercepts_events = True
        return function

    def prepend_any(self, function: _F) -> _F:
        """The same, before those that are there already."""
        self.any_handlers = (Handler(function), *self.any_handlers)
        self.intercepts_events = True
        return function

    def off_any(self, function: Callable[..., Any] | None = None) -> None:
        """Remove this listener; without `function`, all those of on_any()."""
        self.any_handlers = tuple(
            h for h in self.any_handlers if function not in (None, h.function)
        )

    def listeners_any(self) -> list[Callable[..., Any]]:
        """The functions that on_any() and prepend_any() have added, in order."""
        return [handler.function for handler in self.any_handlers]

    # --- every event to the client ---

    def on_any_outgoing(self, function: _F) -> _F:
        """Call the plain function `f(event, *args)` for each event that is emitted to the client,
        also by a broadcast. Also a decorator.

        It is called in the thread that emits, and must not block; its exceptions are logged. It is
        not called for acknowledgements and native relays. Raises TypeError for an `async def`.
        """
        self._set_outgoing((*self._any_outgoing, _plain(function)))
        return function

    def prepend_any_outgoing(self, function: _F) -> _F:
        """The same, before those that are there already."""
        self._set_outgoing((_plain(function), *self._any_outgoing))
        return function

    def off_any_outgoing(self, function: Callable[..., Any] | None = None) -> None:
        """Remove this listener; without `function`, all those of on_any_outgoing()."""
        self._set_outgoing(tuple(f for f in self._any_outgoing if function not in (None, f)))

    def listeners_any_outgoing(self) -> list[Callable[..., Any]]:
        """The functions added by on_any_outgoing() and prepend_any_outgoing(), in order."""
        return list(self._any_outgoing)

    def call_outgoing_listeners(self, args: tuple[Any, ...]) -> None:
        """An event, (name, *arguments), goes to the client."""
        for function in self._any_outgoing:
            try:
                function(*args)
            except BaseException:  # its failure must not affect the code that emits
                with about_sending() as mark:
                    logger.exception(
                        "%r: %r failed for an outgoing event", self, function, extra=mark
                    )

    def _set_outgoing(self, functions: tuple[Callable[..., Any], ...]) -> None:
        self._any_outgoing = functions
        watched = self.name_space.outgoing_watched
        if functions:
            watched.add(self)
        else:
            watched.discard(self)

    def drop_listeners(self) -> None:
        """No event follows."""
        self.own_listeners = None
        self.any_handlers = ()
        if self._any_outgoing:
            self._set_outgoing(())


class SocketHandler(Handler):
    """A function of one socket, which does not get the socket as an argument."""

    __slots__ = ("event",)

    def __init__(self, function: Callable[..., Any], event: str) -> None:
        super().__init__(function)
        self.event = event

    async def call(self, socket: Socket, *args: Any, **kwargs: Any) -> Any:
        return await self.call_with(*args, **kwargs)


class OnceHandler(SocketHandler):
    """Removed before it is called."""

    __slots__ = ("_called",)

    def __init__(self, function: Callable[..., Any], event: str) -> None:
        super().__init__(function, event)
        self._called = False

    async def call(self, socket: Socket, *args: Any, **kwargs: Any) -> Any:
        if self._called:  # called by an event that came before
            return None
        self._called = True
        socket.remove_handler(self)
        return await self.call_with(*args, **kwargs)


def _plain(function: _F) -> _F:
    if iscoroutinefunction(function):
        raise TypeError(
            "a listener of outgoing events must be a plain function: emit() does not wait"
        )
    return function
