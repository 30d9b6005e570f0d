"""Adapter: how a namespace reaches its clients, and the other servers of a cluster.

Everything that names clients by a Target goes through a Reach, which for a namespace is its
Adapter. LocalAdapter is the one of a server that is one process; one that also reaches other
processes takes its place with SocketIOServer.adapter(). What would have to ask the network returns
something that can be awaited.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..awaitables import Done
from .flags import Flags
from .room_events import RoomEvents, RoomListener

if TYPE_CHECKING:
    from .namespace import Namespace
    from .socket import NamespaceSocket
    from .socket_list import SocketList


@dataclasses.dataclass(frozen=True)
class Target:
    """Which clients of a namespace, and how an event is sent to them.

    * `rooms`: those in any of these rooms, each once; None: everyone. A socket's `id` stands for
      that socket, here and in `except_rooms`: those are left out.
    * `local`: only clients of this process.
    * `volatile`: dropped for each client that cannot take the event now.
    * `compress`: it may be compressed, where options say so.
    """

    rooms: frozenset[str] | None = None
    except_rooms: frozenset[str] = frozenset()
    local: bool = False
    volatile: bool = False
    compress: bool = True

    @property
    def flags(self) -> Flags:
        """How the event is sent to each of them."""
        return Flags(self.volatile, self.compress)

    def includes(self, socket: NamespaceSocket) -> bool:
        """Whether an event would go to this socket."""
        names = {socket.id, *socket.rooms}
        return (
            not socket.gone
            and (self.rooms is None or not self.rooms.isdisjoint(names))
            and self.except_rooms.isdisjoint(names)
        )


EVERYONE = Target()


class Reach(ABC):
    """How clients are reached: those of one namespace, or of several together. Its methods may be
    called from any thread.
    """

    @abstractmethod
    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        """Send an event; `args` is (event name, *arguments).

        Raises TypeError or ValueError for what can't be encoded, RuntimeError while no server runs
        in this process.
        """

    @abstractmethod
    def broadcast_with_ack(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> Awaitable[list[Any]]:
        """Send an event and collect the answers; see Broadcast.emit_with_ack()."""

    @abstractmethod
    def fetch_sockets(self, target: Target) -> SocketList:
        """The connected sockets."""

    @abstractmethod
    def sockets_join(self, target: Target, rooms: Sequence[str]) -> Done:
        """Have sockets enter rooms.

        Raises sio.TooManyRooms when one is in as many as it may be; the others have joined.
        """

    @abstractmethod
    def sockets_leave(self, target: Target, rooms: Sequence[str]) -> Done:
        """Have sockets leave rooms."""

    @abstractmethod
    def disconnect_sockets(self, target: Target, close: bool) -> Done:
        """Disconnect sockets from the namespace or, with `close`, from the server."""

    @abstractmethod
    def rooms(self) -> dict[str, set[str]]:
        """The rooms that sockets of this process are in, each with the ids of these sockets."""


class Adapter(Reach):
    """The clients of one namespace, for which it is made; the other servers of a cluster, too.

    The sockets of this process tell it of their rooms; whoever is interested in rooms is told by
    it.
    """

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.room_events = RoomEvents()

    def on(self, event: str) -> Callable[[RoomListener], RoomListener]:
        """Decorate a plain function to be told of "create-room" and "delete-room" (with the room),
        "join-room" and "leave-room" (with the room and the socket's id) in this process.

        It runs in the thread that changes the room and must not block; what it raises is logged.
        Raises ValueError for other events.
        """
        return self.room_events.on(event)

    def off(self, event: str, listener: RoomListener) -> None:
        """Tell this function no more."""
        self.room_events.off(event, listener)

    def close(self) -> None:
        """It is not used any more."""
        self.room_events = RoomEvents()

    # --- told by the sockets of this process ---

    @abstractmethod
    def join(self, socket: NamespaceSocket, room: str) -> Done:
        """A socket has entered a room; done when what is sent to the room reaches it."""

    @abstractmethod
    def leave(self, socket: NamespaceSocket, room: str) -> None:
        """A socket has left a room."""

    @abstractmethod
    def leave_all(self, socket: NamespaceSocket) -> None:
        """A socket has left all rooms, or has gone."""

    # --- the other servers ---

    @abstractmethod
    def server_side_emit(self, event: str, args: Sequence[Any]) -> Done:
        """Tell the other servers of the cluster, whose adapters call
        Namespace.receive_server_side_emit().
        """

    @abstractmethod
    def server_side_emit_with_ack(
        self, event: str, args: Sequence[Any], timeout: float | None
    ) -> Awaitable[list[Any]]:
        """The same; the result has the answer of each of the other servers."""

    @abstractmethod
    async def server_count(self) -> int:
        """How many servers the cluster has, this one included."""
