"""Target: the recipients of an event, and its options."""

from __future__ import annotations

from typing import NamedTuple

from ..types import Socket
from .flags import Flags


class Target(NamedTuple):
    """Which clients of a namespace get an event, and its options.

    * `rooms`: clients in any of these rooms, each once; None: all clients. A socket's `id` works as
      a room with only that socket. `except_rooms`: clients in these rooms are excluded.
    * `local`: only clients of this process.
    * `volatile`: dropped for each client that cannot take the event now.
    * `compress`: it may be compressed, if the server's options allow it.
    """

    rooms: frozenset[str] | None = None
    except_rooms: frozenset[str] = frozenset()
    local: bool = False
    volatile: bool = False
    compress: bool = True

    @property
    def flags(self) -> Flags:
        """The options of the event."""
        return Flags(self.volatile, self.compress)

    def includes(self, socket: Socket) -> bool:
        """Whether this socket is a recipient."""
        names = {socket.id, *socket.rooms}
        return (
            not socket.gone
            and (self.rooms is None or not self.rooms.isdisjoint(names))
            and self.except_rooms.isdisjoint(names)
        )


EVERYONE = Target()
