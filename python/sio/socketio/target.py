"""Target: to whom and how an event is sent."""

from __future__ import annotations

import dataclasses

from ..types import Socket
from .flags import Flags


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

    def includes(self, socket: Socket) -> bool:
        """Whether an event would go to this socket."""
        names = {socket.id, *socket.rooms}
        return (
            not socket.gone
            and (self.rooms is None or not self.rooms.isdisjoint(names))
            and self.except_rooms.isdisjoint(names)
        )


EVERYONE = Target()
