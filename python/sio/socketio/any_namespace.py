"""AnyNamespace: base class of a namespace and of a pattern for dynamic namespaces.

You can register handlers with both, and emit to the clients of both.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ..handlers import Ack, Handler, ListenerHandler
from ..names import Room
from ..relays import Rooms, relay
from ..types import Consumer
from .all_clients import AllClients
from .broadcast import Broadcast
from .broadcast_adapter import BroadcastAdapter
from .handler_table import HandlerTable
from .interfaces import Server
from .socket import NamespaceSocket

EventListener = Callable[[NamespaceSocket, list[Any], Ack | None], Awaitable[None] | None]
ConnectListener = Callable[[NamespaceSocket, Any], Awaitable[Any] | Any]
ResumeListener = Callable[[NamespaceSocket, str], Awaitable[Any] | Any]
Middleware = Callable[[NamespaceSocket, Any], Awaitable[None] | None]


class AnyNamespace(AllClients[NamespaceSocket]):
    """Handlers for clients, and access to the clients."""

    def __init__(self, name: str, server: Server[NamespaceSocket]) -> None:
        self.name = name
        self.server = server
        self.table = HandlerTable(name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def on(self, event: str) -> Callable[[EventListener], EventListener]:
        """Decorate `f(socket, args, ack)` as the handler of an event; it replaces an earlier one.

        `args` is a list, `ack` a function or None; the server does not acknowledge by itself.
        """

        def decorate(function: EventListener) -> EventListener:
            self.own_table().replace(event, ListenerHandler(function))
            return function

        return decorate

    def on_connect(self, function: ConnectListener) -> ConnectListener:
        """Let `f(socket, auth)` decide who may connect; it replaces an earlier handler.

        A falsy result refuses the client.
        """
        self.own_table().replace("connect", Handler(function))
        return function

    def on_resume(self, function: ResumeListener) -> ResumeListener:
        """With --workers, call `f(socket, why)` for a client that comes from another Python
        process, which ends or has ended. Without it, such a client is disconnected, and reconnects.

        See SocketIOConsumer.resume(). It replaces an earlier function. Also a decorator.
        """
        self.own_table().resume = Handler(function)
        return function

    def use(self, function: Middleware) -> Middleware:
        """Call `f(socket, auth)`, `async def` or plain, for each client before connect handlers.

        If it raises sio.ConnectionRefused, the client is refused with that message and data; its
        result is ignored. Also a decorator. Functions are called in the order of registration.
        """
        self.own_table().middleware.append(Handler(function))
        return function

    def add_handler(self, event: str, handler: Handler) -> None:
        """Handle an event, "connect" or "disconnect".

        Raises ValueError if it has a handler already.
        """
        self.own_table().add(event, handler)

    def add_any_event(self, handler: Handler) -> None:
        """Handle each event that has no other handler.

        Raises ValueError if a function does so already.
        """
        self.own_table().add_any_event(handler)

    def event_names(self) -> list[str]:
        """The events of clients that are handled or relayed here, without socket.on()."""
        return self.table.event_names()

    def relay(
        self,
        event: str,
        *,
        to: Rooms | Room | Iterable[Room] = Rooms.OWN,
        volatile: bool = False,
        max_bytes: int | None = None,
        rate: int | None = None,
        include_sender: bool = False,
    ) -> None:
        """Forward an event of clients that connect from now on, without running Python; see
        sio.relay(). Also raises ValueError for an event that has a handler.
        """
        made = relay(
            event,
            to=to,
            volatile=volatile,
            max_bytes=max_bytes,
            rate=rate,
            include_sender=include_sender,
        )
        self.own_table().relay(made)

    def use_consumer(self, consumer_class: type[Consumer]) -> None:
        """Serve the namespace with a consumer, in addition to other consumers and handlers.

        Adding a class twice changes nothing. Raises ValueError, without any change, for an event
        that a function handles.
        """
        self.own_table().use_consumer(consumer_class)

    def serve_natively(self, consumer_class: type[Consumer] | None = None) -> None:
        """Serve clients of sioserve's native Socket.IO path with this consumer."""
        table = self.own_table()
        if consumer_class is not None:
            table.native_consumers.add(consumer_class)
        table.is_native = table.opens_path = True

    def serve_with_others(self) -> None:
        """Let clients connect on the paths of the other namespaces, native or routed: if a project
        routes its consumers behind its own middleware, that applies to these clients too.
        """
        table = self.own_table()
        table.is_native = True
        table.opens_path = False

    def own_table(self) -> HandlerTable:
        """The handlers, for changes."""
        return self.table

    # --- clients ---

    @property
    @abstractmethod
    def broadcast_adapter(self) -> BroadcastAdapter[NamespaceSocket]:
        """How the clients are reached."""

    def everyone(self) -> Broadcast[NamespaceSocket]:
        return Broadcast(self)

    @abstractmethod
    def sockets(self) -> list[NamespaceSocket]:
        """The connected sockets of this process."""

    @abstractmethod
    def socket(self, id: str) -> NamespaceSocket | None:
        """The socket with this id, also while its connect() is still running."""

    @property
    @abstractmethod
    def sockets_count(self) -> int:
        """How many sockets are connected."""

    @property
    @abstractmethod
    def local_sockets_count(self) -> int:
        """How many of them belong to this process: all, if it is the only process."""

    def rooms(self) -> dict[str, set[str]]:
        """The rooms that sockets are in, each with the ids of these sockets."""
        return self.broadcast_adapter.rooms()
