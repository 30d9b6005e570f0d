"""Broadcast: to whom and how an event is sent, put together step by step.

    server.of("/chat").to("lobby").except_(muted).emit("news", text)
    socket.broadcast.volatile.emit("cursor", x, y)

A chain changes nothing until its last step; each step returns a new Broadcast, so one may be kept
and used again. All methods may be called from any thread.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from ..awaitables import Done, done_when_called
from ..names import Room, check_event, check_timeout, room_names
from .reach import Reach
from .socket_list import SocketList
from .target import EVERYONE, Target

_S = TypeVar("_S")  # the class of the sockets


class Reachable(Protocol[_S]):
    """What a Broadcast needs of a namespace."""

    @property
    def reach(self) -> Reach[_S]: ...


@dataclasses.dataclass(frozen=True)
class Broadcast(Generic[_S]):
    """Everyone in a namespace, until `to()` narrows it down.

    A room is a str or an int; a socket's `id` stands for that socket. Several rooms, in one call or
    in several, are a union, and each client gets the event once.
    """

    _namespace: Reachable[_S]
    _target: Target = EVERYONE
    _timeout: float | None = None

    def to(self, room: Room | Iterable[Room]) -> Broadcast[_S]:
        """Only to clients in this room, or in any of these. No rooms reach nobody.

        Raises TypeError for what can't be a room.
        """
        rooms = self._target.rooms or frozenset()
        return self._with(rooms=rooms | frozenset(room_names(room)))

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast[_S]:
        """Not to clients in this room, or in any of these. Raises TypeError as to() does."""
        return self._with(except_rooms=self._target.except_rooms | frozenset(room_names(room)))

    @property
    def local(self) -> Broadcast[_S]:
        """Only to clients of this process: all there are, as long as it is the only one."""
        return self._with(local=True)

    @property
    def volatile(self) -> Broadcast[_S]:
        """Dropped for each client that cannot take the event now: for what is soon outdated."""
        return self._with(volatile=True)

    def compress(self, compress: bool) -> Broadcast[_S]:
        """False: the event is sent as it is, in spite of --socketio-per-message-deflate, and is no
        reason to compress the answer to a polling request."""
        return self._with(compress=bool(compress))

    def timeout(self, seconds: float) -> Broadcast[_S]:
        """How long emit_with_ack() waits for acknowledgements."""
        return dataclasses.replace(self, _timeout=check_timeout(seconds))

    @done_when_called
    def emit(self, event: str, *args: Any) -> Done:
        """Send an event. It has been handed over when the call returns. Awaiting it waits while
        events are emitted faster than they can be sent; in other threads the call itself waits.

        Raises TypeError or ValueError for what can't be encoded (the message has the path to it),
        ValueError for a reserved event name, RuntimeError while no server runs in this process.
        """
        check_event(event)
        self._namespace.reach.broadcast((event, *args), self._target)
        return self._namespace.reach.pace()

    def emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]:
        """Send an event and collect the answers of all clients that get it.

        Awaiting it gives a list with the answer of each client, as NamespaceSocket.emit_with_ack()
        would, in no particular order. After `timeout` seconds
        (or those of timeout(); without either, for ever) or when a client has gone, AckTimeout is
        raised; its `responses` holds those that have come. Raises at the call as emit() does.
        """
        check_event(event)
        timeout = self._timeout if timeout is None else timeout
        return self._namespace.reach.broadcast_with_ack((event, *args), self._target, timeout)

    def fetch_sockets(self) -> SocketList[_S]:
        """The connected sockets that an event would reach.

        The list holds those of this process; awaiting it gives those of all processes.
        """
        return self._namespace.reach.fetch_sockets(self._target)

    @done_when_called
    def sockets_join(self, room: Room | Iterable[Room]) -> Done:
        """Have these sockets enter one or several rooms.

        Raises sio.TooManyRooms when one is in as many as it may be; the others have joined.
        """
        return self._namespace.reach.sockets_join(self._target, room_names(room))

    @done_when_called
    def sockets_leave(self, room: Room | Iterable[Room]) -> Done:
        """Have these sockets leave one or several rooms."""
        return self._namespace.reach.sockets_leave(self._target, room_names(room))

    @done_when_called
    def disconnect_sockets(self, close: bool = False) -> Done:
        """Disconnect these sockets from the namespace or, with `close`, from the server."""
        return self._namespace.reach.disconnect_sockets(self._target, close)

    def _with(self, **changes: Any) -> Broadcast[_S]:
        return dataclasses.replace(self, _target=dataclasses.replace(self._target, **changes))
