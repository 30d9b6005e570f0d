"""Broadcast: chains that select the recipients and the options of an event.

    server.of("/chat").to("lobby").except_(muted).emit("news", text)
    socket.broadcast.volatile.emit("cursor", x, y)

A chain has no effect until its last call. Each call returns a new Broadcast, so you may keep one
and use it again. All methods may be called from any thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from ..awaitables import Done, done_when_called
from ..exceptions import AckTimeout
from ..names import Room, check_callback, check_event, check_timeout, room_names
from .broadcast_adapter import BroadcastAdapter
from .socket_list import SocketList
from .target import EVERYONE, Target

_S = TypeVar("_S")  # the class of the sockets

# Called with None, or the AckTimeout that says which answers are missing, and with the answers.
AnswersCallback = Callable[[AckTimeout | None, list[Any]], Any]


class CallsBack(Protocol):
    """What a Broadcast needs of the server."""

    def call_back(self, answers: Awaitable[list[Any]], callback: AnswersCallback) -> None: ...


class Reachable(Protocol[_S]):
    """What a Broadcast needs of a namespace."""

    @property
    def broadcast_adapter(self) -> BroadcastAdapter[_S]: ...

    @property
    def server(self) -> CallsBack: ...


class Broadcast(Generic[_S]):
    """All clients in a namespace, unless `to()` selects rooms.

    A room is a str or an int; a socket's `id` works as a room with only that socket. Several rooms,
    in one call or in several, are a union, and each client gets the event once.
    """

    __slots__ = ("_namespace", "_target", "_timeout")

    def __init__(
        self, namespace: Reachable[_S], target: Target = EVERYONE, timeout: float | None = None
    ) -> None:
        self._namespace = namespace
        self._target = target
        self._timeout = timeout

    def to(self, room: Room | Iterable[Room]) -> Broadcast[_S]:
        """Only clients in this room, or in any of these. An empty list selects no client.

        Raises TypeError for an invalid room.
        """
        target, names = self._target, room_names(room)
        rooms = frozenset(names) if target.rooms is None else target.rooms.union(names)
        return Broadcast(self._namespace, Target(rooms, *target[1:]), self._timeout)

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast[_S]:
        """No clients in this room, or in any of these. Raises TypeError as to() does."""
        return self._with(except_rooms=self._target.except_rooms | frozenset(room_names(room)))

    @property
    def local(self) -> Broadcast[_S]:
        """Only clients of this process: all clients, if it is the only process."""
        return self._with(local=True)

    @property
    def volatile(self) -> Broadcast[_S]:
        """The event is dropped for each client that cannot take it now; for data that is soon
        outdated.
        """
        return self._with(volatile=True)

    def compress(self, compress: bool) -> Broadcast[_S]:
        """With False, the event is sent uncompressed, also with --socketio-per-message-deflate. A
        polling response with only such events is not compressed."""
        return self._with(compress=bool(compress))

    def timeout(self, seconds: float) -> Broadcast[_S]:
        """The timeout of emit_with_ack(), in seconds."""
        return Broadcast(self._namespace, self._target, check_timeout(seconds))

    @done_when_called
    def emit(self, event: str, *args: Any, callback: AnswersCallback | None = None) -> Done:
        """Send an event. It is queued when the call returns. Awaiting the result waits while events
        are emitted faster than they can be sent; in other threads the call itself waits.

        `callback(error, answers)`, `async def` or plain, is called on the server's event loop with
        the answers of all clients, as emit_with_ack() collects them. `error` is None, or the
        AckTimeout if some are missing.

        Raises TypeError or ValueError for a value that can't be encoded (the message has the path
        to it), ValueError for a reserved event name, TypeError for a callback that is not a
        function, RuntimeError if no server runs in this process and neither Redis nor a control
        socket is configured. Through these, PublishError, at the call or when the result is
        awaited.
        """
        check_event(event)
        if callback is not None:
            check_callback(callback)
            self._namespace.server.call_back(self.emit_with_ack(event, *args), callback)
            return self._namespace.broadcast_adapter.pace()
        return self._namespace.broadcast_adapter.emit((event, *args), self._target)

    def emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]:
        """Send an event and collect the answers of all clients that get it.

        Awaiting it returns a list with the answer of each client, as
        NamespaceSocket.emit_with_ack() returns it, in no particular order. Raises AckTimeout after
        `timeout` seconds (or those of timeout(); without both, there is no timeout) or when a
        client has disconnected; its `responses` has the answers that arrived. The call raises as
        emit() does.
        """
        check_event(event)
        timeout = self._timeout if timeout is None else timeout
        return self._namespace.broadcast_adapter.broadcast_with_ack(
            (event, *args), self._target, timeout
        )

    def fetch_sockets(self) -> SocketList[_S]:
        """The connected sockets that an event would reach.

        The list has those of this process; awaiting it returns those of all processes and servers.
        """
        return self._namespace.broadcast_adapter.fetch_sockets(self._target)

    @done_when_called
    def sockets_join(self, room: Room | Iterable[Room]) -> Done:
        """Add these sockets to one or several rooms.

        Raises sio.TooManyRooms if a socket is already in the maximum number of rooms; the other
        sockets are added.
        """
        return self._namespace.broadcast_adapter.sockets_join(self._target, room_names(room))

    @done_when_called
    def sockets_leave(self, room: Room | Iterable[Room]) -> Done:
        """Remove these sockets from one or several rooms."""
        return self._namespace.broadcast_adapter.sockets_leave(self._target, room_names(room))

    @done_when_called
    def disconnect_sockets(self, close: bool = False) -> Done:
        """Disconnect these sockets from the namespace or, with `close`, from the server."""
        return self._namespace.broadcast_adapter.disconnect_sockets(self._target, close)

    def _with(self, **changes: Any) -> Broadcast[_S]:
        return Broadcast(self._namespace, self._target._replace(**changes), self._timeout)
