"""Adapter: sends events to the clients of a namespace, and to the other servers of a cluster.

Every call with a Target goes through a BroadcastAdapter; for a namespace this is its Adapter.
LocalAdapter serves a single process. SocketIOServer.adapter() replaces it by one that also reaches
other processes. Methods that may need the network return awaitables.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ..awaitables import Done
from .broadcast_adapter import BroadcastAdapter
from .interfaces import Namespace
from .room_events import RoomEvents, RoomListener
from .socket import NamespaceSocket
from .target import EVERYONE, Target

__all__ = ["EVERYONE", "Adapter", "BroadcastAdapter", "Target"]


class Adapter(BroadcastAdapter[NamespaceSocket]):
    """Reaches the clients of one namespace, and the other servers of a cluster.

    The sockets of this process report changes of their rooms to it, and it calls the listeners of
    room events.
    """

    def __init__(self, namespace: Namespace[NamespaceSocket]) -> None:
        self.namespace = namespace
        self.room_events = RoomEvents()

    def on(self, event: str) -> Callable[[RoomListener], RoomListener]:
        """Decorate a plain function to be called for "create-room" and "delete-room" (with the
        room), "join-room" and "leave-room" (with the room and the socket's id) in this process.

        It runs in the thread that changes the room, or soon after a client disconnects, in the
        order in which rooms change. It must not block; its exceptions are logged. Raises ValueError
        for other events.
        """
        listen = self.room_events.on(event)

        def decorate(listener: RoomListener) -> RoomListener:
            listen(listener)
            self.update_watch()
            return listener

        return decorate

    def off(self, event: str, listener: RoomListener) -> None:
        """Remove this listener."""
        self.room_events.off(event, listener)
        self.update_watch()

    def close(self) -> None:
        """The adapter is no longer used."""
        self.room_events = RoomEvents()

    def update_watch(self) -> None:
        """The listeners of room events, or the existence of clients, may have changed."""

    # --- called by the sockets of this process, after the native server ---

    @abstractmethod
    def join(self, socket: NamespaceSocket, room: str) -> Done:
        """A socket enters a room; it may already be in it. Done when events to the room reach the
        socket. Not called for the rooms of a recovered client.
        """

    @abstractmethod
    def leave(self, socket: NamespaceSocket, room: str) -> None:
        """A socket leaves a room; it may not be in it."""

    @abstractmethod
    def leave_all(self, socket: NamespaceSocket) -> None:
        """A socket leaves all rooms, or disconnects."""

    # --- the other servers ---

    @abstractmethod
    def server_side_emit(self, event: str, args: Sequence[Any]) -> Done:
        """Send an event to the other servers of the cluster, whose adapters call
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

    async def fetch_counts(self) -> list[dict[str, int]]:
        """SocketIOServer.counts() of all servers of sioserve in the cluster, this one first; those
        of the others without the figures of threads.

        Raises AckTimeout, with what has arrived, if servers do not answer within five seconds, and
        RuntimeError if no server runs in this process.
        """
        return [self.namespace.server.counts()]

    async def ask_processes(self, event: str, timeout: float) -> list[Any]:
        """server_side_emit_with_ack() to the other processes of this server; no exceptions."""
        return []

    async def ask_servers(self, event: str, timeout: float) -> list[Any]:
        """The same to the other servers, each of which answers once."""
        return []
