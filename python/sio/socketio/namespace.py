"""Namespace: one Socket.IO namespace, its handlers and its clients."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from ..awaitables import Done, done_when_called
from ..handlers import Ack, Handler, ListenerHandler
from ..names import Room
from ..relays import Rooms, relay
from .adapter import Adapter
from .broadcast import Broadcast
from .everyone import Everyone
from .handler_table import HandlerTable
from .server_side import ServerSideReceivers, check_server_side_event

if TYPE_CHECKING:
    from ..consumer import SocketIOConsumer
    from .server import SocketIOServer
    from .socket import NamespaceSocket

    EventListener = Callable[[NamespaceSocket, list[Any], Ack | None], Awaitable[None] | None]
    ConnectListener = Callable[[NamespaceSocket, Any], Awaitable[Any] | Any]
    Middleware = Callable[[NamespaceSocket, Any], Awaitable[None] | None]

_F = TypeVar("_F", bound=Callable[..., Any])


class Namespace(Everyone):
    """Made by SocketIOServer.of().

    * `name`: with a slash in front. `server`: the SocketIOServer.
    * `adapter`: how its clients are reached; tells of rooms, too.
    * `match`: what the name of a dynamic namespace has matched, or None.
    """

    def __init__(self, name: str, server: SocketIOServer) -> None:
        self.name = name
        self.server = server
        self.match: re.Match[str] | None = None
        self.table = HandlerTable(name)
        # Held while rooms change: what sockets, the adapter and the native server know is the same.
        self.rooms_lock = threading.RLock()
        self._adapter: Adapter | None = self.make_adapter()
        # Sockets with listeners of outgoing events, whom broadcasts must tell.
        self.outgoing_watched: set[NamespaceSocket] = set()
        self._sockets: dict[str, NamespaceSocket] = {}
        self._server_side = ServerSideReceivers()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def on(self, event: str) -> Callable[[EventListener], EventListener]:
        """Decorate `f(socket, args, ack)` as the handler of an event, in place of an earlier one.

        `args` is a list, `ack` a function or None; nothing is acknowledged for the handler.
        """

        def decorate(function: EventListener) -> EventListener:
            self.own_table().replace(event, ListenerHandler(function))
            return function

        return decorate

    def on_connect(self, function: ConnectListener) -> ConnectListener:
        """Let `f(socket, auth)` decide who may connect, in place of an earlier handler.

        A falsy result refuses the client.
        """
        self.own_table().replace("connect", Handler(function))
        return function

    def use(self, function: Middleware) -> Middleware:
        """Call `f(socket, auth)`, `async def` or plain, for each client before connect handlers.

        One that raises sio.ConnectionRefused refuses the client with that message and data; the
        result does not matter. Also a decorator. They are called in the order of registration.
        """
        self.own_table().middleware.append(Handler(function))
        return function

    def add_handler(self, event: str, handler: Handler) -> None:
        """Handle an event, "connect" or "disconnect".

        Raises ValueError if it has a handler already.
        """
        self.own_table().add(event, handler)

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
        """Have the I/O thread forward an event of the clients that connect from now on, without
        entering Python; see sio.relay(). Raises ValueError, too, for an event that has a handler.
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

    def use_consumer(self, consumer_class: type[SocketIOConsumer]) -> None:
        """Serve the namespace with a consumer, beside other consumers and handlers.

        The same class again changes nothing. Raises ValueError, without having changed anything,
        for an event that a function handles.
        """
        self.own_table().use_consumer(consumer_class)

    def serve_natively(self, consumer_class: type[SocketIOConsumer] | None = None) -> None:
        """Let clients of sioserve's own Socket.IO path connect and meet this consumer."""
        table = self.own_table()
        if consumer_class is not None:
            table.native_consumers.add(consumer_class)
        table.is_native = table.opens_path = True

    @property
    def adapter(self) -> Adapter:
        """How the namespace reaches its clients; its on() tells of rooms that come and go."""
        adapter = self._adapter
        if adapter is None:
            with self.server.lock:
                adapter = self._adapter = self._adapter or self.make_adapter()
        return adapter

    def make_adapter(self) -> Adapter:
        """A new one, of the kind that the server uses."""
        return self.server.make_adapter(self)

    def renew_adapter(self) -> None:
        """The server uses another kind from now on."""
        with self.server.lock:
            listeners = self.adapter.room_events
            self.drop_adapter()
            self.adapter.room_events = listeners

    def drop_adapter(self) -> None:
        """Make another one when it is needed."""
        with self.server.lock:
            if self._adapter is not None:
                self._adapter.close()
                self._adapter = None

    def serve_with_others(self) -> None:
        """Let clients connect on whatever path other namespaces are served: a project that mounts
        its consumers behind its own middleware keeps that, for all clients.
        """
        table = self.own_table()
        table.is_native = True
        table.opens_path = False

    def own_table(self) -> HandlerTable:
        """The handlers, to be changed."""
        return self.table

    def everyone(self) -> Broadcast:
        return Broadcast(self)

    def sockets(self) -> list[NamespaceSocket]:
        """The connected sockets of this process."""
        return [socket for socket in tuple(self._sockets.values()) if socket.connected]

    def socket(self, id: str) -> NamespaceSocket | None:
        """The socket with this id, also while its connect() is still running."""
        return self._sockets.get(id)

    @property
    def sockets_count(self) -> int:
        """How many sockets are connected to this process."""
        return sum(socket.connected for socket in tuple(self._sockets.values()))

    def rooms(self) -> dict[str, set[str]]:
        """The rooms that sockets of this process are in, each with the ids of these sockets."""
        return self.adapter.rooms()

    @done_when_called
    def server_side_emit(self, event: str, *args: Any) -> Done:
        """Send an event to the other servers of the cluster, to their on_server_side_emit().

        There are none as long as the adapter is the one of a single process. Raises ValueError for
        a reserved name.
        """
        check_server_side_event(event)
        return self.adapter.server_side_emit(event, args)

    def server_side_emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]:
        """The same; awaiting it gives the answer of each of the other servers."""
        check_server_side_event(event)
        return self.adapter.server_side_emit_with_ack(event, args, timeout)

    def on_server_side_emit(self, event: str) -> Callable[[_F], _F]:
        """Decorate `f(*args)`, `async def` or plain, to receive what other servers of the cluster
        send with server_side_emit(). With a parameter `ack` it gets a function that answers.

        An event may have several receivers. Raises ValueError for a reserved name.
        """
        return self._server_side.on(event)

    async def receive_server_side_emit(
        self, event: str, args: list[Any], ack: Ack | None = None
    ) -> None:
        """For adapters: another server has sent this. `ack` answers it, where it waits for one."""
        await self._server_side.receive(event, args, ack)

    def add_socket(self, socket: NamespaceSocket) -> None:
        """A client asks to connect."""
        self._sockets[socket.id] = socket

    def remove_socket(self, socket: NamespaceSocket) -> None:
        """Nothing of this client will follow."""
        if self._sockets.get(socket.id) is socket:  # and not the one of a client that is back
            del self._sockets[socket.id]
