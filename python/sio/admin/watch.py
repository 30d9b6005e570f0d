"""Watch: shows administrators every client, room and event live.

Events are volatile: an administrator who cannot take one now gets the next one instead. Nothing is
sent while no administrator is connected.

With several Python processes (--workers) or servers (--redis), each shows its own clients to all
administrators. What the others have already is asked when an administrator connects. Servers
without administrators know about those of others as long as these ask for statistics.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from typing import Any

from ..handlers import Handler
from ..socketio.namespace import Namespace
from ..socketio.server import SocketIOServer
from ..socketio.socket import NamespaceSocket
from .view import now, plain, view_of_socket

ALL_SOCKETS = "sio.admin.all_sockets"  # between servers
OF_SERVER = "sio.admin.sockets_of_server"  # between servers of a cluster
PATIENCE = 5.0  # seconds that other processes have to answer
# Seconds that other servers have, because those of Node, which tell their sockets by themselves, do
# not answer.
PATIENCE_FOR_SERVERS = 1.0
REMEMBERED = 10.0  # seconds for which another server is expected to have administrators
CHECKED_AGAIN = (
    1.0  # seconds after which other processes may have got an administrator, or lost him
)


class Watch:
    """Listens to all namespaces of a server. `on_asked` is called when another process has got an
    administrator.
    """

    def __init__(
        self,
        server: SocketIOServer,
        administrators: Namespace,
        on_asked: Callable[[], None],
    ) -> None:
        self._server = server
        self._administrators = administrators
        self._on_asked = on_asked
        self._elsewhere = False  # other processes have administrators
        self._expected_until = float("-inf")  # those of other servers
        self._checked = float("-inf")  # on time.monotonic()'s clock
        self._watched: weakref.WeakSet[Namespace] = weakref.WeakSet()
        # The `data` of sockets as administrators know it.
        self._known_data: weakref.WeakKeyDictionary[NamespaceSocket, Any] = (
            weakref.WeakKeyDictionary()
        )
        for namespace in server.namespaces():
            self._watch_rooms(namespace)
        server.on_new_namespace(self._watch_rooms)
        server.connect_hooks.append(Handler(self._connected))
        server.disconnect_hooks.append(Handler(self._disconnected))
        server.resume_hooks.append(Handler(self._resumed))
        administrators.on_server_side_emit(ALL_SOCKETS)(self._tell_sockets)
        administrators.on_server_side_emit(OF_SERVER)(self._tell_sockets_of_server)

    async def sockets_everywhere(self) -> list[dict[str, Any]]:
        """What a new administrator gets."""
        adapter = self._administrators.adapter
        own: list[dict[str, Any]]
        own, others = await asyncio.gather(
            self._sockets_of_server(), adapter.ask_servers(OF_SERVER, PATIENCE_FOR_SERVERS)
        )
        return own + [view for answer in others for view in answer or ()]

    async def _sockets_of_server(self) -> list[dict[str, Any]]:
        views = self.all_sockets()
        others = await self._administrators.adapter.ask_processes(ALL_SOCKETS, PATIENCE)
        return views + [view for answer in others for view in answer or ()]

    async def _tell_sockets_of_server(self, ack: Any) -> None:
        """For an administrator of another server, who gets what happens here from now on."""
        self.expect_administrators_elsewhere()
        await ack(await self._sockets_of_server())

    def expect_administrators_elsewhere(self) -> None:
        """Another server has an administrator."""
        self._expected_until = time.monotonic() + REMEMBERED
        self._on_asked()

    async def _tell_sockets(self, ack: Any) -> None:
        self._elsewhere, self._checked = True, time.monotonic()
        self._on_asked()
        await ack(self.all_sockets())

    def all_sockets(self) -> list[dict[str, Any]]:
        """The sockets of this process."""
        views = []
        for namespace in self._server.namespaces():
            rooms_of: dict[str, list[str]] = {}
            for room, ids in namespace.rooms().items():  # asked once for all
                for id in ids:
                    rooms_of.setdefault(id, []).append(room)
            for socket in namespace.sockets():
                views.append(view_of_socket(socket, rooms_of.get(socket.id, ())))
                self._known_data.setdefault(socket, views[-1]["data"])
        return views

    def tell_data(self) -> None:
        """Compare each socket's `data`: it is a plain dict, whose changes are not reported."""
        for socket in self._sockets():
            data = plain(socket.data)
            if data != self._known_data.get(socket):
                self._known_data[socket] = data
                self._update(socket, "data", data)

    def _sockets(self) -> list[NamespaceSocket]:
        return [socket for namespace in self._server.namespaces() for socket in namespace.sockets()]

    async def _connected(self, socket: NamespaceSocket) -> None:
        name, id = socket.namespace, socket.id
        # A socket's id works as a room for emits, but is not a room of others.
        self._tell("room_joined", name, id, id, now())
        if self.has_administrators():
            view = view_of_socket(socket)
            self._known_data[socket] = view["data"]
            self._tell("socket_connected", view, now())
        self._watch_socket(socket)

    async def _resumed(self, socket: NamespaceSocket) -> None:
        """The client comes from another process."""
        self._watch_socket(socket)

    def _watch_socket(self, socket: NamespaceSocket) -> None:
        name, id = socket.namespace, socket.id

        @socket.on_upgrade
        async def upgraded() -> None:
            self._update(socket, "transport", socket.transport)

        if socket.name_space is not self._administrators:
            socket.on_any(lambda *args: self._tell_event("event_received", name, id, args))
            socket.on_any_outgoing(lambda *args: self._tell_event("event_sent", name, id, args))

    async def _disconnected(self, socket: NamespaceSocket, reason: str) -> None:
        name, id = socket.namespace, socket.id
        self._tell("socket_disconnected", name, id, socket.reference_reason or reason, now())
        self._tell("room_left", name, id, id, now())

    def _watch_rooms(self, namespace: Namespace) -> None:
        # Not by its name: a dynamic namespace may be deleted and created again.
        if namespace in self._watched:
            return
        self._watched.add(namespace)
        name = namespace.name
        namespace.adapter.on("join-room")(
            lambda room, id: self._tell("room_joined", name, room, id, now())
        )
        namespace.adapter.on("leave-room")(
            lambda room, id: self._tell("room_left", name, room, id, now())
        )

    def _update(self, socket: NamespaceSocket, field: str, value: Any) -> None:
        self._tell("socket_updated", {"id": socket.id, "nsp": socket.namespace, field: value})

    def _tell_event(self, event: str, name: str, id: str, args: tuple[Any, ...]) -> None:
        if self.has_administrators():
            self._administrators.volatile.emit(event, name, id, plain(args), now())

    def _tell(self, event: str, *args: Any) -> None:
        if self.has_administrators():
            self._administrators.emit(event, *args)

    def has_administrators(self) -> bool:
        """Whether an administrator is connected, to this process or another."""
        if self._administrators.local_sockets_count > 0:
            return True
        if time.monotonic() < self._expected_until:
            return True
        if time.monotonic() - self._checked > CHECKED_AGAIN:
            self._checked = time.monotonic()
            self._elsewhere = self._administrators.sockets_count > 0
        return self._elsewhere
