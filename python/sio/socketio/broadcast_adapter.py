"""BroadcastAdapter: sends events to the clients that a Target selects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from typing import Any, Generic, TypeVar

from ..awaitables import DONE, Done
from .socket_list import SocketList
from .target import Target

_S = TypeVar("_S")  # the class of the sockets


class BroadcastAdapter(ABC, Generic[_S]):
    """Reaches the clients of one namespace, or of several. Its methods may be called from any
    thread.
    """

    @abstractmethod
    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        """Send an event; `args` is (event name, *arguments).

        Raises TypeError or ValueError for a value that can't be encoded, RuntimeError if no server
        runs in this process.
        """

    def emit(self, args: Sequence[Any], target: Target) -> Done:
        """broadcast(), with its result for the caller of emit()."""
        self.broadcast(args, target)
        return self.pace()

    def pace(self) -> Done:
        """The result of an emit after broadcast(): done, or waiting while events are emitted faster
        than they can be sent.
        """
        return DONE

    @abstractmethod
    def broadcast_with_ack(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> Awaitable[list[Any]]:
        """Send an event and collect the answers; see Broadcast.emit_with_ack()."""

    @abstractmethod
    def fetch_sockets(self, target: Target) -> SocketList[_S]:
        """The connected sockets."""

    @abstractmethod
    def sockets_join(self, target: Target, rooms: Sequence[str]) -> Done:
        """Add sockets to rooms.

        Raises sio.TooManyRooms if a socket is already in the maximum number of rooms; the other
        sockets are added.
        """

    @abstractmethod
    def sockets_leave(self, target: Target, rooms: Sequence[str]) -> Done:
        """Remove sockets from rooms."""

    @abstractmethod
    def disconnect_sockets(self, target: Target, close: bool) -> Done:
        """Disconnect sockets from the namespace or, with `close`, from the server."""

    @abstractmethod
    def rooms(self) -> dict[str, set[str]]:
        """The rooms that sockets of this process are in, each with the ids of these sockets."""
