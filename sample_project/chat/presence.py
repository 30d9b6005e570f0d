"""The connected users. Used only on the event loop's thread, in one process, like the sockets in
it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sio.socketio import NamespaceSocket


@dataclass
class Visitor:
    """One connection of one user: a browser tab."""

    socket: NamespaceSocket
    user_id: int
    username: str
    rooms: set[str] = field(default_factory=set)
    typing_in: set[str] = field(default_factory=set)


class Presence:
    """The connections of all users. A user is online while at least one connection exists."""

    def __init__(self) -> None:
        self._visitors: dict[str, Visitor] = {}

    def enter(self, visitor: Visitor) -> bool:
        """Add a connection; true if its user was offline."""
        arrived = not self.is_online(visitor.user_id)
        self._visitors[visitor.socket.id] = visitor
        return arrived

    def leave(self, visitor: Visitor) -> bool:
        """Remove a connection; true if its user is offline now."""
        known = self._visitors.pop(visitor.socket.id, None)
        return known is not None and not self.is_online(visitor.user_id)

    def is_online(self, user_id: int) -> bool:
        return any(True for _ in self.of_user(user_id))

    def usernames(self) -> list[str]:
        return sorted({visitor.username for visitor in self._visitors.values()})

    def of_user(self, user_id: int) -> Iterator[Visitor]:
        return (v for v in list(self._visitors.values()) if v.user_id == user_id)

    def in_room(self, slug: str) -> Iterator[Visitor]:
        return (v for v in list(self._visitors.values()) if slug in v.rooms)
