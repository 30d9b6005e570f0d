"""RoomEvents: listeners of the creation, changes and deletion of rooms."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

ROOM_EVENTS = ("create-room", "join-room", "leave-room", "delete-room")

RoomListener = Callable[..., Any]

logger = logging.getLogger("sio.socketio.adapter")


class RoomEvents:
    """Plain functions by the events of the reference server's adapter.

    "create-room" and "delete-room" pass the room, "join-room" and "leave-room" the room and the
    socket's id. They are called in the thread that changes the room, and must not block.
    """

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: dict[str, list[RoomListener]] = {}

    def __bool__(self) -> bool:
        return any(self._listeners.values())

    def on(self, event: str) -> Callable[[RoomListener], RoomListener]:
        """Decorate a listener. Raises ValueError for an event that does not exist."""
        if event not in ROOM_EVENTS:
            raise ValueError(f"{event!r} is none of {', '.join(ROOM_EVENTS)}")

        def decorate(listener: RoomListener) -> RoomListener:
            self._listeners.setdefault(event, []).append(listener)
            return listener

        return decorate

    def off(self, event: str, listener: RoomListener) -> None:
        """Does nothing for an unknown listener."""
        listeners = self._listeners.get(event, [])
        if listener in listeners:
            listeners.remove(listener)

    def tell(self, event: str, *args: str) -> None:
        """Call the listeners. Their exceptions are logged."""
        for listener in tuple(self._listeners.get(event, ())):
            try:
                listener(*args)
            except BaseException:  # its failure must not affect the code that changes rooms
                logger.exception("%r failed for %s %r", listener, event, args)
