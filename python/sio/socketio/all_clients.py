"""AllClients: base class of the server and its namespaces, where chains start.

server.to("lobby").emit("news", text)
server.of("/chat").except_("muted").emit("news", text)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Iterable
from typing import Any, Generic, TypeVar

from ..awaitables import Done, done_when_called
from ..names import Room
from .broadcast import AnswersCallback, Broadcast
from .socket_list import SocketList

_S = TypeVar("_S")  # the class of the sockets


class AllClients(ABC, Generic[_S]):
    """Emits to all clients. All methods may be called from any thread."""

    @abstractmethod
    def everyone(self) -> Broadcast[_S]:
        """All clients, as the start of a chain."""

    @done_when_called
    def emit(self, event: str, *args: Any, callback: AnswersCallback | None = None) -> Done:
        """Send an event to all of them; see Broadcast.emit()."""
        return self.everyone().emit(event, *args, callback=callback)

    @done_when_called
    def send(self, *args: Any) -> Done:
        """Emit the event "message"."""
        return self.everyone().emit("message", *args)

    def emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]:
        """Send an event to all of them and collect their answers; see Broadcast.emit_with_ack()."""
        return self.everyone().emit_with_ack(event, *args, timeout=timeout)

    def to(self, room: Room | Iterable[Room]) -> Broadcast[_S]:
        """The clients in a room, or in any of several. Raises TypeError for an invalid room."""
        return self.everyone().to(room)

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast[_S]:
        """The clients that are in none of these rooms."""
        return self.everyone().except_(room)

    @property
    def local(self) -> Broadcast[_S]:
        """The clients of this process."""
        return self.everyone().local

    @property
    def volatile(self) -> Broadcast[_S]:
        """For events that are dropped for each client that cannot take them now."""
        return self.everyone().volatile

    def compress(self, compress: bool) -> Broadcast[_S]:
        """With False, events are sent uncompressed; see Broadcast.compress()."""
        return self.everyone().compress(compress)

    def timeout(self, seconds: float) -> Broadcast[_S]:
        """The timeout of emit_with_ack(), in seconds."""
        return self.everyone().timeout(seconds)

    def fetch_sockets(self) -> SocketList[_S]:
        """The connected sockets; see Broadcast.fetch_sockets()."""
        return self.everyone().fetch_sockets()

    @done_when_called
    def sockets_join(self, room: Room | Iterable[Room]) -> Done:
        """Add all connected sockets to one or several rooms."""
        return self.everyone().sockets_join(room)

    @done_when_called
    def sockets_leave(self, room: Room | Iterable[Room]) -> Done:
        """Remove all connected sockets from one or several rooms."""
        return self.everyone().sockets_leave(room)

    @done_when_called
    def disconnect_sockets(self, close: bool = False) -> Done:
        """Disconnect all sockets from the namespace or, with `close`, from the server."""
        return self.everyone().disconnect_sockets(close)
