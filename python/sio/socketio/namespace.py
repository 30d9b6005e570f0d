"""Namespace: one Socket.IO namespace, with its clients and its adapter."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ..awaitables import Done, done_when_called
from ..handlers import Ack
from .adapter import Adapter
from .any_namespace import AnyNamespace
from .broadcast_adapter import BroadcastAdapter
from .interfaces import Server
from .server_side import ServerSideReceivers, check_server_side_event
from .socket import NamespaceSocket

_F = TypeVar("_F", bound=Callable[..., Any])


def _nothing_to_wake(number: int, namespace: Namespace) -> None:
    """Before the first dormant client."""


class Namespace(AnyNamespace):
    """Made by SocketIOServer.of().

    * `name`: with a slash in front. `server`: the SocketIOServer.
    * `adapter`: reaches its clients, and has listeners of room events.
    * `match`: the match of a dynamic namespace's name with its pattern, or None.
    """

    def __init__(self, name: str, server: Server[NamespaceSocket]) -> None:
        super().__init__(name, server)
        self.match: re.Match[str] | None = None
        # Held while rooms change and while their listeners are called, to keep the order.
        self.rooms_lock = threading.RLock()
        self._adapter: Adapter | None = self.make_adapter()
        # Sockets with listeners of outgoing events, which broadcasts call.
        self.outgoing_watched: set[NamespaceSocket] = set()
        self._sockets: dict[str, NamespaceSocket] = {}
        self._by_number: dict[int, NamespaceSocket] = {}
        # The numbers of clients that get a NamespaceSocket when it is asked for, by their ids.
        self._dormant: dict[str, int] = {}
        self._wake: Callable[[int, Namespace], object] = _nothing_to_wake
        self._server_side = ServerSideReceivers()

    @property
    def adapter(self) -> Adapter:
        """Reaches the clients of the namespace; its on() adds listeners of room events."""
        adapter = self._adapter
        if adapter is None:
            with self.server.lock:
                adapter = self._adapter = self._adapter or self.make_adapter()
        return adapter

    @property
    def broadcast_adapter(self) -> BroadcastAdapter[NamespaceSocket]:
        server = self.server
        if server.running:
            return self._adapter or self.adapter
        return server.publishing_adapter(self.name) or self.adapter

    def make_adapter(self) -> Adapter:
        """A new adapter, from the server's factory."""
        made: Adapter = self.server.make_adapter(self)
        return made

    def renew_adapter(self) -> None:
        """The server now has another factory."""
        with self.server.lock:
            listeners = self.adapter.room_events
            self.drop_adapter()
            self.adapter.room_events = listeners
        self.update_watch()

    def drop_adapter(self) -> None:
        """Create another adapter when it is needed."""
        with self.server.lock:
            if self._adapter is not None:
                self._adapter.close()
                self._adapter = None

    def sockets(self) -> list[NamespaceSocket]:
        for number in tuple(self._dormant.values()):
            self._wake(number, self)
        return [socket for socket in tuple(self._sockets.values()) if socket.connected]

    def socket(self, id: str) -> NamespaceSocket | None:
        number = self._dormant.get(id)
        if number is not None:
            self._wake(number, self)
        return self._sockets.get(id)

    def socket_numbered(self, number: int) -> NamespaceSocket | None:
        """The socket with this number of the native server."""
        found = self._by_number.get(number)
        if found is None and self._dormant:
            self._wake(number, self)
            found = self._by_number.get(number)
        return found

    @property
    def has_sockets(self) -> bool:
        """Whether clients are connected, connecting, or may recover."""
        return bool(self._sockets or self._dormant)

    @property
    def sockets_count(self) -> int:
        core = self.server.native
        if self.server.spans_processes and core is not None:
            return core.socket_count(self.name)
        return self.local_sockets_count

    @property
    def local_sockets_count(self) -> int:
        connected = sum(socket.connected for socket in tuple(self._sockets.values()))
        return connected + len(self._dormant)

    @done_when_called
    def server_side_emit(self, event: str, *args: Any) -> Done:
        """Send an event to the other servers of the cluster, to their on_server_side_emit().

        With --workers, the other Python processes of this server get it too. A process without a
        server sends it to all servers through Redis. Raises ValueError for a reserved name.
        """
        check_server_side_event(event)
        adapter = self.server.publishing_adapter(self.name) or self.adapter
        return adapter.server_side_emit(event, args)

    def server_side_emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]:
        """The same; awaiting it gives the answer of each of the other servers."""
        check_server_side_event(event)
        adapter = self.server.publishing_adapter(self.name) or self.adapter
        return adapter.server_side_emit_with_ack(event, args, timeout)

    def on_server_side_emit(self, event: str) -> Callable[[_F], _F]:
        """Decorate `f(*args)`, `async def` or plain, to receive the events that other servers of
        the cluster send with server_side_emit(). A parameter `ack` is a function that answers.

        An event may have several receivers. Raises ValueError for a reserved name.
        """
        return self._server_side.on(event)

    async def receive_server_side_emit(
        self, event: str, args: list[Any], ack: Ack | None = None
    ) -> None:
        """For adapters: another server has sent this event. `ack` answers, if it waits for one."""
        await self._server_side.receive(event, args, ack, self.server.handler_timeout)

    def add_socket(self, socket: NamespaceSocket) -> None:
        """A client asks to connect."""
        is_first = not self.has_sockets
        self._sockets[socket.id] = socket
        self._by_number[socket.number] = socket
        if is_first:
            self.update_watch()

    def remove_socket(self, socket: NamespaceSocket) -> None:
        """The client has disconnected, and its last handler has run."""
        self._by_number.pop(socket.number, None)
        if self._sockets.get(socket.id) is socket:  # and not the new socket of a recovered client
            del self._sockets[socket.id]
            if not self.has_sockets:
                self.update_watch()

    def add_dormant(self, id: str, number: int, wake: Callable[[int, Namespace], object]) -> None:
        """A client has been accepted. `wake` calls add_socket() and remove_dormant()."""
        is_first = not self.has_sockets
        self._wake = wake
        self._dormant[id] = number
        if is_first:
            self.update_watch()

    def remove_dormant(self, id: str) -> None:
        """The client has woken, or disconnected."""
        del self._dormant[id]
        if not self.has_sockets:
            self.update_watch()

    def update_watch(self) -> None:
        """Listeners of room events may have been added or removed."""
        self.adapter.update_watch()
