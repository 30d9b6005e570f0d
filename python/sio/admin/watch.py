"""Watch: tells the administrators of every client, room and event as they come and go.

Events are volatile: an administrator who cannot take one now sees the next one instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..handlers import Handler
from .view import now, plain, view_of_socket

if TYPE_CHECKING:
    from ..socketio.namespace import Namespace
    from ..socketio.server import SocketIOServer
    from ..socketio.socket import NamespaceSocket


class Watch:
    """Listens to all namespaces of a server."""

    def __init__(self, server: SocketIOServer, administrators: Namespace) -> None:
        self._administrators = administrators
        self._watched: set[str] = set()
        server.connect_hooks.append(Handler(self._connected))
        server.disconnect_hooks.append(Handler(self._disconnected))

    async def _connected(self, socket: NamespaceSocket) -> None:
        self._watch_rooms(socket.name_space)
        self._tell("socket_connected", view_of_socket(socket), now())
        if socket.name_space is self._administrators:
            return
        name, id = socket.namespace, socket.id
        socket.on_any(lambda *args: self._tell_event("event_received", name, id, args))
        socket.on_any_outgoing(lambda *args: self._tell_event("event_sent", name, id, args))

        @socket.on_upgrade
        async def upgraded() -> None:
            self._tell("socket_updated", {"id": id, "nsp": name, "transport": socket.transport})

    async def _disconnected(self, socket: NamespaceSocket, reason: str) -> None:
        reason = socket.reference_reason or reason
        self._tell("socket_disconnected", socket.namespace, socket.id, reason, now())

    def _watch_rooms(self, namespace: Namespace) -> None:
        if namespace.name in self._watched:
            return
        self._watched.add(namespace.name)
        name = namespace.name
        namespace.adapter.on("join-room")(
            lambda room, id: self._tell("room_joined", name, room, id, now())
        )
        namespace.adapter.on("leave-room")(
            lambda room, id: self._tell("room_left", name, room, id, now())
        )

    def _tell_event(self, event: str, name: str, id: str, args: tuple[Any, ...]) -> None:
        self._administrators.volatile.emit(event, name, id, plain(args), now())

    def _tell(self, event: str, *args: Any) -> None:
        self._administrators.emit(event, *args)
