"""Namespace: the handlers that serve one Socket.IO namespace."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..awaitables import Done, done_when_called
from ..handlers import Ack, Handler, ListenerHandler, MethodHandler, event_handlers
from ..names import Room
from .broadcast import Broadcast

if TYPE_CHECKING:
    from ..consumer import SocketIOConsumer
    from .server import SocketIOServer
    from .socket import NamespaceSocket

    EventListener = Callable[[NamespaceSocket, list[Any], Ack | None], Awaitable[None] | None]
    ConnectListener = Callable[[NamespaceSocket, Any], Awaitable[Any] | Any]

logger = logging.getLogger("sio.socketio.namespace")


class Namespace:
    """The table of one namespace; made by SocketIOServer.of().

    Each event has at most one handler, and so have connecting and disconnecting.
    """

    def __init__(self, name: str, server: SocketIOServer) -> None:
        self.name = name
        self.server = server
        self.listeners: dict[str, Handler] = {}
        self.connect_handler: Handler | None = None
        self.disconnect_handler: Handler | None = None
        self.consumer_class: type[SocketIOConsumer] | None = None
        # Clients of sioserve's own Socket.IO path may use it, not only those that came through the
        # ASGI application.
        self.is_native = False
        self._sockets: dict[str, NamespaceSocket] = {}

    def on(self, event: str) -> Callable[[EventListener], EventListener]:
        """Decorate `f(socket, args, ack)` as the handler of an event, in place of an earlier one.

        `args` is a list, `ack` a function or None; nothing is acknowledged for the handler.
        """

        def decorate(function: EventListener) -> EventListener:
            self.listeners[event] = ListenerHandler(function)
            return function

        return decorate

    def on_connect(self, function: ConnectListener) -> ConnectListener:
        """Let `f(socket, auth)` decide who may connect, in place of an earlier handler.

        A falsy result refuses the client.
        """
        self.connect_handler = Handler(function)
        return function

    def add_handler(self, event: str, handler: Handler) -> None:
        """Handle an event, "connect" or "disconnect".

        Raises ValueError if it has a handler already.
        """
        self._check_free(event)
        if event == "connect":
            self.connect_handler = handler
        elif event == "disconnect":
            self.disconnect_handler = handler
        else:
            self.listeners[event] = handler

    def use_consumer(self, consumer_class: type[SocketIOConsumer]) -> None:
        """Serve the namespace with a consumer, beside handlers of other events.

        The same class again changes nothing. Raises ValueError, without having changed anything,
        for a second consumer and for an event that has a handler already.
        """
        if self.consumer_class is consumer_class:
            return
        if self.consumer_class is not None:
            raise ValueError(
                f"namespace {self.name!r} is served by {_full_name(self.consumer_class)}; "
                f"{_full_name(consumer_class)} can't serve it too: give it a namespace of its own"
            )
        handlers: dict[str, Handler] = dict(event_handlers(consumer_class))
        for lifecycle in ("connect", "disconnect"):
            if callable(getattr(consumer_class, lifecycle, None)):
                handlers[lifecycle] = MethodHandler(consumer_class, lifecycle)
        for event in handlers:
            self._check_free(event)
        for event, handler in handlers.items():
            self.add_handler(event, handler)
            logger.debug("%s: event %r is handled by %r", self.name, event, handler)
        self.consumer_class = consumer_class

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
        return bool(self.listeners or self.connect_handler or self.disconnect_handler)

    def _check_free(self, event: str) -> None:
        taken = {
            "connect": self.connect_handler,
            "disconnect": self.disconnect_handler,
        }.get(event, self.listeners.get(event))
        if taken is not None:
            raise ValueError(f"{event!r} in namespace {self.name!r} is handled by {taken!r}")


def _full_name(consumer_class: type) -> str:
    return f"{consumer_class.__module__}.{consumer_class.__qualname__}"
