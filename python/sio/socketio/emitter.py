"""Emitter: chains that start with a socket: to its client, or to the other clients.

socket.volatile.emit("cursor", x, y)
answer = await socket.timeout(5).emit_with_ack("ready?")
socket.volatile.to("board").emit("cursor", x, y)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from ..answer import Answer
from ..awaitables import Done, done_when_called
from ..names import Room, check_timeout, room_names
from .broadcast import Broadcast, Reachable
from .flags import NO_FLAGS, Flags
from .target import Target

AckCallback = Callable[..., Any]

_S = TypeVar("_S")  # the class of the sockets


class Sending(Protocol[_S]):
    """What an Emitter needs of a socket."""

    id: str

    @property
    def name_space(self) -> Reachable[_S]: ...

    def send_event(
        self, event: str, args: tuple[Any, ...], callback: AckCallback | None, flags: Flags
    ) -> Done: ...

    def ask(
        self, event: str, args: tuple[Any, ...], timeout: float | None, flags: Flags
    ) -> Answer: ...


class Emitter(Generic[_S]):
    """The client itself, unless `to()`, `except_()` or `broadcast` select other clients."""

    __slots__ = ("_flags", "_socket", "_timeout")

    def __init__(
        self, socket: Sending[_S], flags: Flags = NO_FLAGS, timeout: float | None = None
    ) -> None:
        self._socket = socket
        self._flags = flags
        self._timeout = timeout

    @property
    def broadcast(self) -> Broadcast[_S]:
        """All clients in the namespace except this one."""
        return self._others(None)

    def to(self, room: Room | Iterable[Room]) -> Broadcast[_S]:
        """The clients in a room or in several, but not this one. Raises TypeError."""
        return self._others(frozenset(room_names(room)))

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast[_S]:
        """All clients in the namespace except this one and those in a room or in several."""
        return self.broadcast.except_(room)

    @property
    def local(self) -> Broadcast[_S]:
        """The other clients of this process."""
        return self.broadcast.local

    @property
    def volatile(self) -> Emitter[_S]:
        """The event is dropped if the client cannot take it now."""
        return self._with(volatile=True)

    def compress(self, compress: bool) -> Emitter[_S]:
        """With False, the event is sent uncompressed, also with --socketio-per-message-deflate. A
        polling response with only such events is not compressed."""
        return self._with(compress=bool(compress))

    def timeout(self, seconds: float) -> Emitter[_S]:
        """The timeout of emit_with_ack(), in seconds."""
        return Emitter(self._socket, self._flags, check_timeout(seconds))

    @done_when_called
    def emit(self, event: str, *args: Any, callback: AckCallback | None = None) -> Done:
        """Send an event to the client, like NamespaceSocket.emit(). Also raises ValueError for a
        callback after timeout(), which works only with emit_with_ack().
        """
        if callback is not None and self._timeout is not None:
            raise ValueError("a callback has no timeout: await emit_with_ack() instead")
        return self._socket.send_event(event, args, callback, self._flags)

    def emit_with_ack(self, event: str, *args: Any, timeout: float | None = None) -> Answer:
        """Send an event to the client and return an awaitable for its answer.

        Raises as NamespaceSocket.emit() does; awaiting it raises AckTimeout.
        """
        timeout = self._timeout if timeout is None else timeout
        return self._socket.ask(event, args, timeout, self._flags)

    def _others(self, rooms: frozenset[str] | None) -> Broadcast[_S]:
        """The clients in these rooms, or in the namespace, except this one."""
        socket, flags = self._socket, self._flags
        target = Target(rooms, frozenset((socket.id,)), False, flags.volatile, flags.compress)
        return Broadcast(socket.name_space, target, self._timeout)

    def _with(self, **changes: bool) -> Emitter[_S]:
        return Emitter(self._socket, self._flags._replace(**changes), self._timeout)
