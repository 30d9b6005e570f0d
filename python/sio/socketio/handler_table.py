"""HandlerTable: who handles what in a namespace.

Several consumers may serve one namespace. Each connects a client in the order in which they were
registered, and the first that refuses ends it; an event goes to every consumer that handles it.
Functions and listeners are one for each event.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..handlers import Handler, MethodHandler, any_event_handlers, event_handlers

if TYPE_CHECKING:
    from ..consumer import SocketIOConsumer
    from ..engineio.session import EngineIOSession
    from .socket import NamespaceSocket

logger = logging.getLogger("sio.socketio.namespace")

LIFECYCLE = ("connect", "disconnect")


class HandlerTable:
    """`name` is for messages.

    * `consumer_classes`: in the order of registration. `native_consumers`: those that clients of
      sioserve's own Socket.IO path may use, who have not passed the ASGI application's middleware.
    * `is_native`: clients of that path may connect.
    * `middleware`: called for each client before connect handlers.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.consumer_classes: list[type[SocketIOConsumer]] = []
        self.native_consumers: set[type[SocketIOConsumer]] = set()
        self.is_native = False
        self.middleware: list[Handler] = []
        self._handlers: dict[str, list[Handler]] = {}  # "connect" and "disconnect" among them
        self._any_event: list[Handler] = []

    def copy(self, name: str) -> HandlerTable:
        """One with the same handlers, which may be changed."""
        table = HandlerTable(name)
        table.consumer_classes = list(self.consumer_classes)
        table.native_consumers = set(self.native_consumers)
        table.is_native = self.is_native
        table.middleware = list(self.middleware)
        table._handlers = {event: list(handlers) for event, handlers in self._handlers.items()}
        table._any_event = list(self._any_event)
        return table

    def replace(self, event: str, handler: Handler) -> None:
        """Handle an event with this one alone."""
        self._handlers[event] = [handler]

    def add(self, event: str, handler: Handler) -> None:
        """Handle an event, "connect" or "disconnect".

        Raises ValueError if it has a handler already.
        """
        taken = self._handlers.get(event)
        if taken:
            raise ValueError(f"{event!r} in namespace {self.name!r} is handled by {taken[0]!r}")
        self._handlers[event] = [handler]

    def use_consumer(self, consumer_class: type[SocketIOConsumer]) -> None:
        """Add a consumer; see Namespace.use_consumer()."""
        if consumer_class in self.consumer_classes:
            return
        handlers: dict[str, Handler] = dict(event_handlers(consumer_class))
        for lifecycle in LIFECYCLE:
            if callable(getattr(consumer_class, lifecycle, None)):
                handlers[lifecycle] = MethodHandler(consumer_class, lifecycle)
        for event in handlers:
            for taken in self._handlers.get(event, ()):
                if not isinstance(taken, MethodHandler):
                    raise ValueError(
                        f"{event!r} in namespace {self.name!r} is handled by {taken!r}"
                    )
        for event, handler in handlers.items():
            self._handlers.setdefault(event, []).append(handler)
            logger.debug("%s: event %r is handled by %r", self.name, event, handler)
        self._any_event.extend(any_event_handlers(consumer_class))
        self.consumer_classes.append(consumer_class)

    def consumers_for(self, session: EngineIOSession) -> list[type[SocketIOConsumer]]:
        """The consumers that a client of this session may use."""
        if session.is_routed:
            return self.consumer_classes
        return [kind for kind in self.consumer_classes if kind in self.native_consumers]

    def handlers(self, event: str, socket: NamespaceSocket) -> list[Handler]:
        """Who handles a client's event, "connect" or "disconnect", in order.

        The socket's own listeners come last; where nobody does, consumers' methods for any event.
        """
        found = [h for h in self._handlers.get(event, ()) if h.serves(socket)]
        found += socket.own_handlers(event)
        if not found and event not in LIFECYCLE:
            found = [handler for handler in self._any_event if handler.serves(socket)]
        return found

    @property
    def is_empty(self) -> bool:
        """Nothing has been registered."""
        return not (self._handlers or self._any_event or self.middleware)
