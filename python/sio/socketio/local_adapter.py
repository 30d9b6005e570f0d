"""LocalAdapter: the adapter of a server that is one process.

Broadcasts are the native server's business. The table of rooms here is for questions about them,
and for whoever wants to know when they come and go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import Any

from ..answer import collect
from ..awaitables import DONE, Done, Given, all_done
from ..exceptions import TooManyRooms
from .adapter import Adapter
from .interfaces import Namespace
from .socket import NamespaceSocket
from .socket_list import SocketList
from .target import Target


class LocalAdapter(Adapter):
    """Also a base for adapters of clusters, which need the same for their own process."""

    def __init__(self, namespace: Namespace[NamespaceSocket]) -> None:
        super().__init__(namespace)
        # Listeners may call back, in the order in which rooms have changed.
        self._lock = namespace.rooms_lock
        self._rooms: dict[str, dict[NamespaceSocket, None]] = {}

    def join(self, socket: NamespaceSocket, room: str) -> Done:
        watcher = self.namespace.server.room_watcher
        with self._lock:
            members = self._rooms.get(room)
            if members is None:
                members = self._rooms[room] = {}
                if watcher is not None:
                    watcher.room_created(self.namespace.name, room)
                self.room_events.tell("create-room", room)
            if socket not in members:
                members[socket] = None
                self.room_events.tell("join-room", room, socket.id)
        return DONE if watcher is None else watcher.joined(self.namespace.name, room)

    def leave(self, socket: NamespaceSocket, room: str) -> None:
        with self._lock:
            members = self._rooms.get(room)
            if members is None or socket not in members:
                return
            del members[socket]
            self.room_events.tell("leave-room", room, socket.id)
            if not members and self._rooms.get(room) is members:
                del self._rooms[room]
                watcher = self.namespace.server.room_watcher
                if watcher is not None:
                    watcher.room_deleted(self.namespace.name, room)
                self.room_events.tell("delete-room", room)

    def leave_all(self, socket: NamespaceSocket) -> None:
        for room in tuple(socket.rooms):
            self.leave(socket, room)

    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        core = self.namespace.server.core(args[0])
        rooms, sockets = self._resolve(target.rooms or ())
        except_rooms, except_sockets = self._resolve(target.except_rooms)
        if target.rooms is None or rooms or sockets:
            core.broadcast(
                self.namespace.name,
                args,
                rooms,
                sockets,
                except_rooms,
                except_sockets,
                target.volatile,
                target.compress,
            )
            self._tell_watched(tuple(args), target)

    def pace(self) -> Done:
        return self.namespace.server.pace()

    def broadcast_with_ack(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> Awaitable[list[Any]]:
        core = self.namespace.server.core(args[0])  # raises while no server runs
        sockets = self.fetch_sockets(target)
        if not sockets:
            core.broadcast("", args)  # to nobody, but what can't be encoded raises all the same
        return collect([s.ask(args[0], tuple(args[1:]), timeout, target.flags) for s in sockets])

    def fetch_sockets(self, target: Target) -> SocketList[NamespaceSocket]:
        left_out = self._named(target.except_rooms)
        found = self.namespace.sockets() if target.rooms is None else self._named(target.rooms)
        return SocketList(s for s in found if s.connected and s not in left_out)

    def sockets_join(self, target: Target, rooms: Sequence[str]) -> Done:
        joins: list[Done] = []
        refused: TooManyRooms | None = None
        for socket in self.fetch_sockets(target):
            for room in rooms:
                try:
                    joins.append(socket.join(room))
                except TooManyRooms as error:  # the others join all the same
                    refused = error
        if refused is not None:
            raise refused
        return all_done(joins)

    def sockets_leave(self, target: Target, rooms: Sequence[str]) -> Done:
        for socket in self.fetch_sockets(target):
            for room in rooms:
                socket.leave(room)
        return DONE

    def disconnect_sockets(self, target: Target, close: bool) -> Done:
        for socket in self.fetch_sockets(target):
            socket.disconnect(close)
        return DONE

    def server_side_emit(self, event: str, args: Sequence[Any]) -> Done:
        """There are no other servers. What could not be encoded for them raises all the same."""
        if self.namespace.server.running:
            self.namespace.server.core(event).broadcast("", (event, *args))
        return DONE

    def server_side_emit_with_ack(
        self, event: str, args: Sequence[Any], timeout: float | None
    ) -> Awaitable[list[Any]]:
        """There are no other servers, hence no answers."""
        self.server_side_emit(event, args)
        return Given([])

    async def server_count(self) -> int:
        return 1

    def rooms(self) -> dict[str, set[str]]:
        with self._lock:
            return {room: {socket.id for socket in who} for room, who in self._rooms.items()}

    def _tell_watched(self, args: tuple[Any, ...], target: Target) -> None:
        """Tell the listeners of outgoing events, without a step for sockets that have none."""
        watched = self.namespace.outgoing_watched
        if watched:
            for socket in tuple(watched):
                if target.includes(socket):
                    socket.tell_outgoing(args)

    def _named(self, names: Iterable[str]) -> dict[NamespaceSocket, None]:
        """The sockets that are in these rooms or have these ids."""
        found: dict[NamespaceSocket, None] = {}
        with self._lock:
            for name in names:
                found.update(self._rooms.get(name, {}))
                socket = self.namespace.socket(name)
                if socket is not None:
                    found[socket] = None
        return found

    def _resolve(self, names: Iterable[str]) -> tuple[list[str], list[int]]:
        """Rooms, and the native server's numbers of sockets that are named by their ids.

        Sockets may have entered a room that has the name of another's id.
        """
        rooms, numbers = [], []
        for name in names:
            socket = self.namespace.socket(name)
            if socket is not None:
                numbers.append(socket.number)
            if socket is None or name in self._rooms:
                rooms.append(name)
        return rooms, numbers
