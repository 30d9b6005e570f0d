"""Namespace: one Socket.IO namespace, its clients and how they are reached."""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ..awaitables import Done, done_when_called
from ..handlers import Ack
from .adapter import Adapter
from .any_namespace import AnyNamespace
from .interfaces import Server
from .server_side import ServerSideReceivers, check_server_side_event
from .socket import NamespaceSocket

_F = TypeVar("_F", bound=Callable[..., Any])


class Namespace(AnyNamespace):
    """Made by SocketIOServer.of().

    * `name`: with a slash in front. `server`: the SocketIOServer.
    * `adapter`: how its clients are reached; tells of rooms, too.
    * `match`: what the name of a dynamic namespace has matched, or None.
    """

    def __init__(self, name: str, server: Server[NamespaceSocket]) -> None:
        super().__init__(name, server)
        self.match: re.Match[str] | None = None
        # Held while rooms change, and while listeners are told of it, in that order.
        self.rooms_lock = threading.RLock()
        self._adapter: Adapter | None = self.make_adapter()
        # Sockets with listeners of outgoing events, whom broadcasts must tell.
        self.outgoing_watched: set[NamespaceSocket] = set()
        self._sockets: dict[str, NamespaceSocket] = {}
        self._by_number: dict[int, NamespaceSocket] = {}
        self._server_side = ServerSideReceivers()

    @property
    def adapter(self) -> Adapter:
        """How the namespace reaches its clients; its on() tells of rooms that come and go."""
        adapter = self._adapter
        if adapter is None:
            with self.server.lock:
                adapter = self._adapter = self._adapter or self.make_adapter()
        return adapter

    @property
    def reach(self) -> Adapter:
        return self.adapter

    def make_adapter(self) -> Adapter:
        """A new one, of the kind that the server uses."""
        made: Adapter = self.server.make_adapter(self)
        return made

    def renew_adapter(self) -> None:
        """The server uses another kind from now on."""
        with self.server.lock:
            listeners = self.adapter.room_events
            self.drop_adapter()
            self.adapter.room_events = listeners
        self.update_watch()

    def drop_adapter(self) -> None:
        """Make another one when it is needed."""
        with self.server.lock:
            if self._adapter is not None:
                self._adapter.close()
                self._adapter = None

    def sockets(self) -> list[NamespaceSocket]:
        return [socket for socket in tuple(self._sockets.values()) if socket.connected]

    def socket(self, id: str) -> NamespaceSocket | None:
        return self._sockets.get(id)

    def socket_numbered(self, number: int) -> NamespaceSocket | None:
        """The one that the native server calls so."""
        return self._by_number.get(number)

    @property
    def has_sockets(self) -> bool:
        """Clients are connected, connecting or away."""
        return bool(self._sockets)

    @property
    def sockets_count(self) -> int:
        return sum(socket.connected for socket in tuple(self._sockets.values()))

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
        is_first = not self._sockets
        self._sockets[socket.id] = socket
        self._by_number[socket.number] = socket
        if is_first:
            self.update_watch()

    def remove_socket(self, socket: NamespaceSocket) -> None:
        """Nothing of this client will follow."""
        self._by_number.pop(socket.number, None)
        if self._sockets.get(socket.id) is socket:  # and not the one of a client that is back
            del self._sockets[socket.id]
            if not self._sockets:
                self.update_watch()

    def update_watch(self) -> None:
        """Somebody may want to know of rooms now who did not before, or the other way round."""
        self.adapter.update_watch()
