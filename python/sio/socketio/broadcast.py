"""Broadcast: to whom and how an event is sent, put together step by step.

    server.of("/chat").to("lobby").except_(muted).emit("news", text)
    socket.broadcast.volatile.emit("cursor", x, y)

A chain changes nothing until its last step; each step returns a new Broadcast, so one may be kept
and used again. All methods may be called from any thread.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

from ..awaitables import DONE, Done, done_when_called
from ..exceptions import AckTimeout
from ..names import Room, check_event, room_names

if TYPE_CHECKING:
    from .namespace import Namespace
    from .socket import NamespaceSocket


@dataclasses.dataclass(frozen=True)
class Broadcast:
    """Everyone in a namespace, until `to()` narrows it down.

    A room is a str or an int; a socket's `id` stands for that socket. Several rooms, in one call or
    in several, are a union, and each client gets the event once.
    """

    _namespace: Namespace
    _rooms: frozenset[str] | None = None  # None: everyone
    _except_rooms: frozenset[str] = frozenset()
    _volatile: bool = False
    _timeout: float | None = None

    def to(self, room: Room | Iterable[Room]) -> Broadcast:
        """Only to clients in this room, or in any of these. No rooms reach nobody.

        Raises TypeError for what can't be a room.
        """
        return dataclasses.replace(
            self, _rooms=(self._rooms or frozenset()) | frozenset(room_names(room))
        )

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast:
        """Not to clients in this room, or in any of these. Raises TypeError as to() does."""
        return dataclasses.replace(
            self, _except_rooms=self._except_rooms | frozenset(room_names(room))
        )

    @property
    def local(self) -> Broadcast:
        """Only to clients of this process: all there are, as long as it is the only one."""
        return self

    @property
    def volatile(self) -> Broadcast:
        """Dropped for each client that cannot take the event now: for what is soon outdated."""
        return dataclasses.replace(self, _volatile=True)

    def compress(self, compress: bool) -> Broadcast:
        """Accepted as in the reference server; Socket.IO's messages are not compressed."""
        return self

    def timeout(self, seconds: float) -> Broadcast:
        """How long emit_with_ack() waits for acknowledgements."""
        return dataclasses.replace(self, _timeout=seconds)

    @done_when_called
    def emit(self, event: str, *args: Any) -> Done:
        """Send an event. It has been handed over when the call returns; awaiting it is allowed.

        Raises TypeError or ValueError for what can't be encoded (the message has the path to it),
        ValueError for a reserved event name, RuntimeError while no server runs in this process.
        """
        check_event(event)
        core = self._namespace.server.core(event)
        rooms, sockets = self._resolve(self._rooms or ())
        except_rooms, except_sockets = self._resolve(self._except_rooms)
        if self._rooms is None or rooms or sockets:
            core.broadcast(
                self._namespace.name,
                (event, *args),
                rooms,
                sockets,
                except_rooms,
                except_sockets,
                self._volatile,
            )
        return DONE

    def emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]:
        """Send an event and collect the answers of all clients that get it.

        Awaiting it gives a list with the answer of each client, as NamespaceSocket.emit_with_ack()
        would, in no particular order. After `timeout` seconds
        (or those of timeout(); without either, for ever) or when a client has gone, AckTimeout is
        raised; its `responses` holds those that have come. Raises at the call as emit() does.
        """
        timeout = self._timeout if timeout is None else timeout
        answers = [
            socket.emit_with_ack(event, *args, timeout=timeout) for socket in self.fetch_sockets()
        ]
        return _collect(answers)

    def fetch_sockets(self) -> list[NamespaceSocket]:
        """The connected sockets that an event would reach."""
        rooms = self._rooms
        return [
            socket
            for socket in self._namespace.sockets()
            if (rooms is None or socket.id in rooms or not rooms.isdisjoint(socket.rooms))
            and socket.id not in self._except_rooms
            and self._except_rooms.isdisjoint(socket.rooms)
        ]

    def sockets_join(self, room: Room | Iterable[Room]) -> None:
        """Have these sockets enter one or several rooms."""
        names = room_names(room)
        for socket in self.fetch_sockets():
            for name in names:
                socket.join(name)

    def sockets_leave(self, room: Room | Iterable[Room]) -> None:
        """Have these sockets leave one or several rooms."""
        names = room_names(room)
        for socket in self.fetch_sockets():
            for name in names:
                socket.leave(name)

    def disconnect_sockets(self, close: bool = False) -> None:
        """Disconnect these sockets from the namespace or, with `close`, from the server."""
        for socket in self.fetch_sockets():
            socket.disconnect(close)

    def _resolve(self, names: Iterable[str]) -> tuple[list[str], list[int]]:
        """Rooms, and the native server's numbers of sockets that are named by their ids."""
        rooms, numbers = [], []
        for name in names:
            socket = self._namespace.socket(name)
            if socket is None:
                rooms.append(name)
            else:
                numbers.append(socket.number)
        return rooms, numbers


async def _collect(answers: list[Awaitable[Any]]) -> list[Any]:
    results = await asyncio.gather(*answers, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    responses = [result for result in results if not isinstance(result, BaseException)]
    for failure in failures:
        if not isinstance(failure, AckTimeout):
            raise failure
    if failures:
        raise AckTimeout(f"{len(failures)} of {len(results)} clients did not answer", responses)
    return responses
