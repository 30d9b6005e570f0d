"""Adapter: how a namespace reaches its clients, and the other servers of a cluster.

Everything that names clients by a Target goes through a Reach, which for a namespace is its
Adapter. LocalAdapter is the one of a server that is one process; one that also reaches other
processes takes its place with SocketIOServer.adapter(). What would have to ask the network returns
something that can be awaited.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..awaitables import Done
from .interfaces import Namespace
from .reach import Reach
from .room_events import RoomEvents, RoomListener
from .socket import NamespaceSocket
from .target import EVERYONE, Target

__all__ = ["EVERYONE", "Adapter", "Reach", "Target"]


class Adapter(Reach[NamespaceSocket]):
    """The clients of one namespace, for which it is made; the other servers of a cluster, too.

    The sockets of this process tell it of their rooms; whoever is interested in rooms is told by
    it.
    """

    def __init__(self, namespace: Namespace[NamespaceSocket]) -> None:
        self.namespace = namespace
        self.room_events = RoomEvents()

    def on(self, event: str) -> Callable[[RoomListener], RoomListener]:
        """Decorate a plain function to be told of "create-room" and "delete-room" (with the room),
        "join-room" and "leave-room" (with the room and the socket's id) in this process.

        It runs in the thread that changes the room, or soon after a client has gone, in the order
        in which rooms change; it must not block, and what it raises is logged. Raises ValueError
        for other events.
        """
        listen = self.room_events.on(event)

        def decorate(listener: RoomListener) -> RoomListener:
            listen(listener)
            self.update_watch()
            return listener

        return decorate

    def off(self, event: str, listener: RoomListener) -> None:
        """Tell this function no more."""
        self.room_events.off(event, listener)
        self.update_watch()

    def close(self) -> None:
        """It is not used any more."""
        self.room_events = RoomEvents()

    def update_watch(self) -> None:
        """Whether somebody wants to know of rooms, or there are clients, may have changed."""

    # --- told by the sockets of this process, when the native server has been told ---

    @abstractmethod
    def join(self, socket: NamespaceSocket, room: str) -> Done:
        """A socket enters a room, in which it may be already; done when what is sent to the room
        reaches it. A client that comes back is in its rooms without having entered them.
        """

    @abstractmethod
    def leave(self, socket: NamespaceSocket, room: str) -> None:
        """A socket leaves a room, in which it may not be."""

    @abstractmethod
    def leave_all(self, socket: NamespaceSocket) -> None:
        """A socket leaves all rooms, or has gone."""

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
