"""Namespace: the handlers that serve one Socket.IO namespace."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..awaitables import Done, done_when_called
from ..handlers import (
    Ack,
    Handler,
    ListenerHandler,
    MethodHandler,
    any_event_handlers,
    event_handlers,
)
from ..names import Room
from .broadcast import Broadcast

if TYPE_CHECKING:
    from ..consumer import SocketIOConsumer
    from ..engineio.session import EngineIOSession
    from .server import SocketIOServer
    from .socket import NamespaceSocket

    EventListener = Callable[[NamespaceSocket, list[Any], Ack | None], Awaitable[None] | None]
    ConnectListener = Callable[[NamespaceSocket, Any], Awaitable[Any] | Any]
    Middleware = Callable[[NamespaceSocket, Any], Awaitable[None] | None]

logger = logging.getLogger("sio.socketio.namespace")


class Namespace:
    """The table of one namespace; made by SocketIOServer.of().

    Several consumers may serve it. Each connects a client in the order in which they were
    registered, and the first that refuses ends it; an event goes to every consumer that handles it.
    Functions and listeners are one for each event.
    """

    def __init__(self, name: str, server: SocketIOServer) -> None:
        self.name = name
        self.server = server
        self.consumer_classes: list[type[SocketIOConsumer]] = []
        # Consumers that clients of sioserve's own Socket.IO path may use, who have not passed the
        # ASGI application's middleware.
        self.native_consumers: set[type[SocketIOConsumer]] = set()
        # Clients of that path may connect.
        self.is_native = False
        self.middleware: list[Handler] = []
        self._handlers: dict[str, list[Handler]] = {}  # "connect" and "disconnect" among them
        self._any_event: list[Handler] = []
        self._sockets: dict[str, NamespaceSocket] = {}

    def on(self, event: str) -> Callable[[EventListener], EventListener]:
        """Decorate `f(socket, args, ack)` as the handler of an event, in place of an earlier one.

        `args` is a list, `ack` a function or None; nothing is acknowledged for the handler.
        """

        def decorate(function: EventListener) -> EventListener:
            self._handlers[event] = [ListenerHandler(function)]
            return function

        return decorate

    def on_connect(self, function: ConnectListener) -> ConnectListener:
        """Let `f(socket, auth)` decide who may connect, in place of an earlier handler.

        A falsy result refuses the client.
        """
        self._handlers["connect"] = [Handler(function)]
        return function

    def use(self, function: Middleware) -> Middleware:
        """Call `f(socket, auth)`, `async def` or plain, for each client before connect handlers.

        One that raises sio.ConnectionRefused refuses the client with that message and data; the
        result does not matter. Also a decorator. They are called in the order of registration.
        """
        self.middleware.append(Handler(function))
        return function

    def add_handler(self, event: str, handler: Handler) -> None:
        """Handle an event, "connect" or "disconnect".

        Raises ValueError if it has a handler already.
        """
        taken = self._handlers.get(event)
        if taken:
            raise ValueError(f"{event!r} in namespace {self.name!r} is handled by {taken[0]!r}")
        self._handlers[event] = [handler]

    def use_consumer(self, consumer_class: type[SocketIOConsumer]) -> None:
        """Serve the namespace with a consumer, beside other consumers and handlers.

        The same class again changes nothing. Raises ValueError, without having changed anything,
        for an event that a function handles.
        """
        if consumer_class in self.consumer_classes:
            return
        handlers: dict[str, Handler] = dict(event_handlers(consumer_class))
        for lifecycle in ("connect", "disconnect"):
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

        Where nobody does, consumers' methods for any event.
        """
        found = [h for h in self._handlers.get(event, ()) if h.serves(socket)]
        if not found and event not in ("connect", "disconnect"):
            found = [handler for handler in self._any_event if handler.serves(socket)]
        return found

    @done_when_called
    def emit(self, event: str, *args: Any) -> Done:
        """Send an event to every client in the namespace. Raises as Broadcast.emit() does."""
        return Broadcast(self).emit(event, *args)

    def emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]:
        """Send an event to every client in the namespace and collect their answers; see
        Broadcast.emit_with_ack().
        """
        return Broadcast(self).emit_with_ack(event, *args, timeout=timeout)

    def to(self, room: Room | Iterable[Room]) -> Broadcast:
        """The clients in a room, or in any of several. Raises TypeError for what can't be one."""
        return Broadcast(self).to(room)

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast:
        """The clients that are in none of these rooms."""
        return Broadcast(self).except_(room)

    @property
    def local(self) -> Broadcast:
        """The clients of this process."""
        return Broadcast(self).local

    @property
    def volatile(self) -> Broadcast:
        """For events that are dropped for clients that cannot take them now."""
        return Broadcast(self).volatile

    def compress(self, compress: bool) -> Broadcast:
        """Accepted as in the reference server; Socket.IO's messages are not compressed."""
        return Broadcast(self).compress(compress)

    def timeout(self, seconds: float) -> Broadcast:
        """For emit_with_ack(): how long to wait for the answers."""
        return Broadcast(self).timeout(seconds)

    def fetch_sockets(self) -> list[NamespaceSocket]:
        """The connected sockets of the namespace."""
        return Broadcast(self).fetch_sockets()

    def sockets_join(self, room: Room | Iterable[Room]) -> None:
        """Have every connected socket enter one or several rooms."""
        Broadcast(self).sockets_join(room)

    def sockets_leave(self, room: Room | Iterable[Room]) -> None:
        """Have every connected socket leave one or several rooms."""
        Broadcast(self).sockets_leave(room)

    def disconnect_sockets(self, close: bool = False) -> None:
        """Disconnect every socket from the namespace or, with `close`, from the server."""
        Broadcast(self).disconnect_sockets(close)

    def sockets(self) -> list[NamespaceSocket]:
        """The connected sockets, as fetch_sockets() without a choice."""
        return [socket for socket in tuple(self._sockets.values()) if socket.connected]

    def socket(self, id: str) -> NamespaceSocket | None:
        """The socket with this id, also while its connect() is still running."""
        return self._sockets.get(id)

    def add_socket(self, socket: NamespaceSocket) -> None:
        """A client asks to connect."""
        self._sockets[socket.id] = socket

    def remove_socket(self, socket: NamespaceSocket) -> None:
        """Nothing of this client will follow."""
        self._sockets.pop(socket.id, None)

    @property
    def has_handlers(self) -> bool:
        return bool(self._handlers or self._any_event or self.middleware)
