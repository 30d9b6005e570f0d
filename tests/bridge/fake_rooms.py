"""The rooms of FakeServer: the state that the I/O thread owns, in Python."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable


@dataclasses.dataclass
class Member:
    """A socket that is connected or may be recovered."""

    number: int
    namespace: str
    id: str
    rooms: dict[str, None] = dataclasses.field(default_factory=dict)


class FakeRooms:
    """Any thread may call the methods; their names are those of _sioserve.Server."""

    def __init__(self) -> None:
        self.max_rooms = 0
        self._lock = threading.RLock()
        self._members: dict[int, Member] = {}  # also by their former ids
        self._departed: dict[int, set[str]] = {}
        self._changes: dict[str, list[tuple[str, str, str]]] = {}  # of watched namespaces

    # --- actions of clients ---

    def connect(self, number: int, namespace: str, id: str, recovered: int | None) -> None:
        with self._lock:
            member = None if recovered is None else self._members.get(recovered)
            if member is None:
                member = Member(number, namespace, id)
            member.number = number
            self._members[number] = member

    def depart(self, number: int) -> None:
        with self._lock:
            member = self._members.get(number)
            if member is not None:
                rooms = set(member.rooms)
                self._remove(member)
                self._departed[member.number] = rooms

    # --- commands ---

    def refuse(self, number: int) -> None:
        with self._lock:
            member = self._members.get(number)
            if member is not None:
                self._remove(member)

    def join(self, number: int, room: str) -> None:
        with self._lock:
            if number in self._departed:
                self._departed[number].add(room)
            member = self._members.get(number)
            if member is None or room in member.rooms:
                return
            if self.max_rooms and len(member.rooms) >= self.max_rooms:
                return
            if room not in self.namespace_rooms(member.namespace):
                self._change(member.namespace, "create-room", room)
            member.rooms[room] = None
            self._change(member.namespace, "join-room", room, member.id)

    def leave(self, number: int, room: str) -> None:
        with self._lock:
            self._departed.get(number, set()).discard(room)
            member = self._members.get(number)
            if member is None or room not in member.rooms:
                return
            del member.rooms[room]
            self._change(member.namespace, "leave-room", room, member.id)
            if room not in self.namespace_rooms(member.namespace):
                self._change(member.namespace, "delete-room", room)

    def leave_all(self, number: int) -> None:
        with self._lock:
            self._departed.get(number, set()).clear()
            member = self._members.get(number)
            for room in () if member is None else tuple(member.rooms):
                self.leave(number, room)

    def release_socket(self, number: int) -> None:
        with self._lock:
            self._departed.pop(number, None)

    def watch_rooms(self, namespace: str) -> None:
        with self._lock:
            self._changes.setdefault(namespace, [])

    def unwatch_rooms(self, namespace: str) -> None:
        with self._lock:
            self._changes.pop(namespace, None)

    # --- questions ---

    def rooms_of(self, number: int) -> set[str]:
        with self._lock:
            member = self._members.get(number)
            return set(self._departed.get(number, ()) if member is None else member.rooms)

    def membership(self, number: int, room: str) -> tuple[int, bool]:
        rooms = self.rooms_of(number)
        return len(rooms), room in rooms

    def sockets_in(
        self, namespace: str, rooms: Iterable[str] = (), except_rooms: Iterable[str] = ()
    ) -> list[int]:
        with self._lock:
            rooms, except_rooms = set(rooms), set(except_rooms)
            found = []
            for member in self._of(namespace):
                names = {member.id, *member.rooms}
                if (not rooms or rooms & names) and not except_rooms & names:
                    found.append(member.number)
            return found

    def namespace_rooms(self, namespace: str) -> dict[str, set[str]]:
        with self._lock:
            found: dict[str, set[str]] = {}
            for member in self._of(namespace):
                for room in member.rooms:
                    found.setdefault(room, set()).add(member.id)
            return found

    def take_room_changes(self, namespace: str) -> list[tuple[str, str, str]]:
        with self._lock:
            if namespace not in self._changes:
                return []
            taken, self._changes[namespace] = self._changes[namespace], []
            return taken

    def _of(self, namespace: str) -> list[Member]:
        members = {member.number: member for member in self._members.values()}
        return [member for member in members.values() if member.namespace == namespace]

    def _remove(self, member: Member) -> None:
        for room in tuple(member.rooms):
            self.leave(member.number, room)
        for number in [n for n, other in self._members.items() if other is member]:
            del self._members[number]

    def _change(self, namespace: str, event: str, room: str, id: str = "") -> None:
        if namespace in self._changes:
            self._changes[namespace].append((event, room, id))
