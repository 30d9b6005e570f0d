"""LocalAdapter: the adapter of a server that is one process.

The native server owns the rooms and does the broadcasts. If there are listeners of room events, it
records these events, and the adapter fetches the record after each change. So listeners are called
in the order of the events, disconnects included.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from ..answer import collect
from ..awaitables import DONE, Done, Given, all_done
from ..exceptions import TooManyRooms
from ..log_lines import drops_emit
from .adapter import Adapter
from .interfaces import Namespace
from .socket import NamespaceSocket
from .socket_list import SocketList
from .target import Target

if TYPE_CHECKING:
    from _sioserve import Server as NativeServer


class LocalAdapter(Adapter):
    """Also a base class for adapters of clusters, which need it for their own process."""

    def __init__(self, namespace: Namespace[NamespaceSocket]) -> None:
        super().__init__(namespace)
        # Listeners may call back, in the order in which rooms have changed.
        self._lock = namespace.rooms_lock
        self._recorder: NativeServer | None = None  # the server that records room events

    def update_watch(self) -> None:
        server = self.namespace.server
        with self._lock:
            wanted = self.namespace.has_sockets and (
                bool(self.room_events) or server.room_watcher is not None
            )
            recorder = server.native if wanted else None
            if recorder is self._recorder:
                return
            if recorder is not None:
                recorder.watch_rooms(self.namespace.name)
            elif self._recorder is server.native and self._recorder is not None:
                self._recorder.unwatch_rooms(self.namespace.name)
            self._recorder = recorder

    def join(self, socket: NamespaceSocket, room: str) -> Done:
        self._tell_changes()
        watcher = self.namespace.server.room_watcher
        return DONE if watcher is None else watcher.joined(self.namespace.name, room)

    def leave(self, socket: NamespaceSocket, room: str) -> None:
        self._tell_changes()

    def leave_all(self, socket: NamespaceSocket) -> None:
        self._tell_changes()

    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        core = self.namespace.server.core(args[0])
        if drops_emit(args[0]):
            return
        if target.rooms is None or target.rooms:
            core.broadcast(
                self.namespace.name,
                args,
                target.rooms or (),
                target.except_rooms,
                target.volatile,
                target.compress,
                target.local,
            )
            if self.namespace.outgoing_watched:
                self._tell_watched(tuple(args), target)

    def pace(self) -> Done:
        return self.namespace.server.pace()

    def broadcast_with_ack(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> Awaitable[list[Any]]:
        core = self.namespace.server.core(args[0])  # raises while no server runs
        sockets = self.fetch_sockets(target)
        if not sockets:
            core.broadcast("", args)  # no recipients; a value that can't be encoded still raises
        return collect([s.ask(args[0], tuple(args[1:]), timeout, target.flags) for s in sockets])

    def fetch_sockets(self, target: Target) -> SocketList[NamespaceSocket]:
        numbers = self._numbers(target)
        if numbers is None:
            return SocketList(self.namespace.sockets())
        found = map(self.namespace.socket_numbered, numbers)
        return SocketList(s for s in found if s is not None and s.connected)

    def sockets_join(self, target: Target, rooms: Sequence[str]) -> Done:
        self.namespace.server.check_running("let sockets join rooms")
        joins: list[Done] = []
        refused: TooManyRooms | ValueError | None = None
        for socket in self.fetch_sockets(target):
            for room in rooms:
                try:
                    joins.append(socket.join(room))
                except (TooManyRooms, ValueError) as error:  # the other sockets still join
                    refused = error
        if refused is not None:
            raise refused
        return all_done(joins)

    def sockets_leave(self, target: Target, rooms: Sequence[str]) -> Done:
        self.namespace.server.check_running("let sockets leave rooms")
        for socket in self.fetch_sockets(target):
            for room in rooms:
                socket.leave(room)
        return DONE

    def disconnect_sockets(self, target: Target, close: bool) -> Done:
        self.namespace.server.check_running("disconnect sockets")
        for socket in self.fetch_sockets(target):
            socket.disconnect(close)
        return DONE

    def server_side_emit(self, event: str, args: Sequence[Any]) -> Done:
        """There are no other servers. A value that can't be encoded still raises, and so does the
        call while no server runs.
        """
        self.namespace.server.core(event).broadcast("", (event, *args))
        return DONE

    def server_side_emit_with_ack(
        self, event: str, args: Sequence[Any], timeout: float | None
    ) -> Awaitable[list[Any]]:
        """There are no other servers, so there are no answers."""
        self.server_side_emit(event, args)
        return Given([])

    async def server_count(self) -> int:
        return 1

    def rooms(self) -> dict[str, set[str]]:
        core = self.namespace.server.native
        return {} if core is None else core.namespace_rooms(self.namespace.name)

    def _numbers(self, target: Target) -> list[int] | None:
        """The native server's numbers of the recipients of an event; None: all sockets."""
        if target.rooms is None and not target.except_rooms:
            return None
        core = self.namespace.server.native
        if core is None or (target.rooms is not None and not target.rooms):
            return []
        return core.sockets_in(self.namespace.name, target.rooms or (), target.except_rooms)

    def _tell_watched(self, args: tuple[Any, ...], target: Target) -> None:
        """Call the listeners of outgoing events."""
        watched = tuple(self.namespace.outgoing_watched)
        numbers = self._numbers(target)
        reached = None if numbers is None else set(numbers)
        for socket in watched:
            if not socket.gone and (reached is None or socket.number in reached):
                socket.call_outgoing_listeners(args)

    def _tell_changes(self) -> None:
        """Call the listeners of room events."""
        if self._recorder is None:
            return
        name, watcher = self.namespace.name, self.namespace.server.room_watcher
        with self._lock:
            if self._recorder is None:
                return
            for event, room, id in self._recorder.take_room_changes(name):
                if watcher is not None and event == "create-room":
                    watcher.room_created(name, room)
                elif watcher is not None and event == "delete-room":
                    watcher.room_deleted(name, room)
                self.room_events.tell(event, room, *([id] if id else []))
