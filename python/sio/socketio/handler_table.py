"""HandlerTable: the handlers of a namespace.

Several consumers may serve one namespace. Their connect handlers run in the order of registration,
until one refuses the client. An event goes to every consumer that handles it. There is one function
per event. A relayed event has no handlers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..engine import EngineIOSession
from ..handlers import Handler, MethodHandler, SimpleCall, any_event_handlers, event_handlers
from ..relays import Relay, relays_of
from ..types import Consumer
from .socket import NamespaceSocket

logger = logging.getLogger("sio.socketio.namespace")

LIFECYCLE = ("connect", "disconnect")
RESUME = "resume"  # a consumer's method


class HandlerTable:
    """`name` is for messages.

    * `consumer_classes`: in the order of registration. `native_consumers`: those that clients of
      sioserve's own Socket.IO path may use, who have not passed the ASGI application's middleware.
    * `is_native`: clients of the native path may connect. `opens_path`: this namespace alone is a
      reason to serve the native path.
    * `middleware`: called for each client before connect handlers.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.consumer_classes: list[type[Consumer]] = []
        self.native_consumers: set[type[Consumer]] = set()
        self.is_native = False
        self.opens_path = True
        self.middleware: list[Handler] = []
        self.resume: Handler | None = None  # the function for clients of another process
        # "connect" and "disconnect" among them. The lists are replaced, never changed: a handler of
        # one may be running.
        self._handlers: dict[str, list[Handler]] = {}
        # How the native server calls the handler of an event that has just one, and needs no other
        # code.
        self.simple_events: dict[str, SimpleCall] = {}
        self._any_event: list[Handler] = []
        self._relays: dict[str, Relay] = {}
        # By event: the consumers that declare the relay; None stands for the whole namespace.
        self._relaying: dict[str, set[type[Consumer] | None]] = {}

    def copy(self, name: str) -> HandlerTable:
        """A copy, which may be changed independently."""
        table = HandlerTable(name)
        table.consumer_classes = list(self.consumer_classes)
        table.native_consumers = set(self.native_consumers)
        table.is_native = self.is_native
        table.opens_path = self.opens_path
        table.middleware = list(self.middleware)
        table.resume = self.resume
        for event, handlers in self._handlers.items():
            table._set(event, list(handlers))
        table._any_event = list(self._any_event)
        table._relays = dict(self._relays)
        table._relaying = {event: set(owners) for event, owners in self._relaying.items()}
        return table

    def replace(self, event: str, handler: Handler) -> None:
        """Set the only handler of an event. Raises ValueError if it is relayed."""
        self.check_not_relayed(event)
        self._set(event, [handler])

    def add(self, event: str, handler: Handler) -> None:
        """Handle an event, "connect" or "disconnect".

        Raises ValueError if it has a handler already, or is relayed.
        """
        self.check_not_relayed(event)
        taken = self._handlers.get(event)
        if taken:
            raise ValueError(f"{event!r} in namespace {self.name!r} is handled by {taken[0]!r}")
        self._set(event, [handler])

    def _set(self, event: str, handlers: list[Handler]) -> None:
        self._handlers[event] = handlers
        call = handlers[0].simple_call if len(handlers) == 1 and event not in LIFECYCLE else None
        if call is None:
            self.simple_events.pop(event, None)
        else:
            self.simple_events[event] = call

    def add_any_event(self, handler: Handler) -> None:
        """Handle what has no other handler. Raises ValueError if a function does so already."""
        for taken in self._any_event:
            if not isinstance(taken, MethodHandler):
                raise ValueError(f"any event in namespace {self.name!r} is handled by {taken!r}")
        self._any_event.append(handler)

    def event_names(self) -> list[str]:
        """The events that have a handler or are relayed, in the order of registration."""
        return [event for event in (*self._handlers, *self._relays) if event not in LIFECYCLE]

    def use_consumer(self, consumer_class: type[Consumer]) -> None:
        """Add a consumer; see Namespace.use_consumer()."""
        if consumer_class in self.consumer_classes:
            return
        handlers: dict[str, Handler] = dict(event_handlers(consumer_class))
        for lifecycle in LIFECYCLE:
            if callable(getattr(consumer_class, lifecycle, None)):
                handlers[lifecycle] = MethodHandler(consumer_class, lifecycle)
        relays = relays_of(consumer_class)
        for event in relays.keys() & handlers.keys():
            raise ValueError(
                f"{consumer_class.__qualname__} relays the event {event!r} natively and handles it "
                f"with {handlers[event]!r}: remove one of them"
            )
        for relay in relays.values():
            self._check_relay(relay)
        for event in handlers:
            self.check_not_relayed(event)
            for taken in self._handlers.get(event, ()):
                if not isinstance(taken, MethodHandler):
                    raise ValueError(
                        f"{event!r} in namespace {self.name!r} is handled by {taken!r}"
                    )
        for event, handler in handlers.items():
            self._set(event, [*self._handlers.get(event, ()), handler])
            logger.debug("%s: event %r is handled by %r", self.name, event, handler)
        self._any_event.extend(any_event_handlers(consumer_class))
        for relay in relays.values():
            self._add_relay(relay, consumer_class)
        self.consumer_classes.append(consumer_class)

    def relay(self, relay: Relay) -> None:
        """Relay an event of all clients; see Namespace.relay()."""
        self._check_relay(relay)
        self._add_relay(relay, None)

    def relays_for(self, session: EngineIOSession) -> tuple[Relay, ...]:
        """The relays that a client of this session may use: those of its consumers."""
        if not self._relays:
            return ()
        owners = {None, *self.consumers_for(session)}
        return tuple(r for event, r in self._relays.items() if self._relaying[event] & owners)

    def check_not_relayed(self, event: str) -> None:
        """Raise ValueError for a relayed event, which no handler would get."""
        if event in self._relays:
            raise ValueError(
                f"{event!r} in namespace {self.name!r} is relayed natively, without handlers"
            )

    def _check_relay(self, relay: Relay) -> None:
        taken = self._handlers.get(relay.event)
        if taken:
            raise ValueError(
                f"{relay.event!r} in namespace {self.name!r} can't be relayed: it is handled by "
                f"{taken[0]!r}"
            )
        if self._relays.get(relay.event, relay) != relay:
            raise ValueError(
                f"{relay.event!r} in namespace {self.name!r} is relayed in another way already"
            )

    def _add_relay(self, relay: Relay, owner: type[Consumer] | None) -> None:
        self._relays[relay.event] = relay
        self._relaying.setdefault(relay.event, set()).add(owner)
        logger.debug("%s: event %r is relayed natively", self.name, relay.event)

    def consumers_for(self, session: EngineIOSession) -> list[type[Consumer]]:
        """The consumers that a client of this session may use."""
        if session.is_routed:
            return self.consumer_classes
        return [kind for kind in self.consumer_classes if kind in self.native_consumers]

    def only_relays(self, session: EngineIOSession) -> bool:
        """Whether the namespace does nothing for a client of this session but relay its events."""
        code = self._handlers or self._any_event or self.middleware or self.consumers_for(session)
        return bool(self._relays) and not code

    @property
    def handles_disconnect(self) -> bool:
        return bool(self._handlers.get("disconnect"))

    def handlers(self, event: str, socket: NamespaceSocket) -> Sequence[Handler]:
        """The handlers of a client's event, "connect" or "disconnect", in order.

        The socket's own listeners come last. Without any handler, what @any_event decorates.
        """
        handlers = self._handlers.get(event, ())
        if len(handlers) == 1 and socket.own_listeners is None and handlers[0].serves(socket):
            return handlers  # the usual case
        found = [*(h for h in handlers if h.serves(socket)), *socket.own_handlers(event)]
        if not found and event not in LIFECYCLE:
            found = [handler for handler in self._any_event if handler.serves(socket)]
        return found

    def can_resume(self, session: EngineIOSession) -> bool:
        """Whether the namespace's clients of this session may be served by another process: all
        that decides about them can resume.
        """
        consumers = self.consumers_for(session)
        by_function = not all(
            isinstance(h, MethodHandler) for h in self._handlers.get("connect", ())
        )
        if self.resume is None and (by_function or not consumers):
            return False
        return all(callable(getattr(consumer, RESUME, None)) for consumer in consumers)

    def resume_handlers(self, socket: NamespaceSocket) -> list[Handler]:
        """What resumes a client, in order."""
        handlers: list[Handler] = [MethodHandler(kind, RESUME) for kind in socket.consumers]
        return handlers if self.resume is None else [*handlers, self.resume]

    @property
    def is_empty(self) -> bool:
        """Nothing has been registered."""
        return not (self._handlers or self._any_event or self.middleware or self._relays)
