"""Native relays: events that the server forwards to rooms without running Python.

    @sio.register
    class BoardConsumer(sio.SocketIOConsumer):
        namespace = "/board"
        cursor = sio.relay("cursor_move", volatile=True, max_bytes=512, rate=60)

        async def connect(self, socket, auth):
            await socket.join(f"board {auth['board']}")
            return True

connect() decides who may take part, and in which rooms.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from typing import Any

from .names import Room, check_event, room_names


class Rooms(enum.Enum):
    """Recipients of a relay that are not a fixed room."""

    OWN = "own"  # every room that the sender is in
    NAMESPACE = "namespace"  # everyone in the namespace


@dataclasses.dataclass(frozen=True)
class Relay:
    """The result of relay(); see there."""

    event: str
    to: Rooms | tuple[str, ...] = Rooms.OWN
    volatile: bool = False
    max_bytes: int | None = None
    rate: int | None = None
    include_sender: bool = False

    def native(self) -> tuple[str, str, tuple[str, ...], bool, bool, int, int]:
        """The argument for _sioserve.Server.make_relays()."""
        target, rooms = ("rooms", self.to) if isinstance(self.to, tuple) else (self.to.value, ())
        return (
            self.event,
            target,
            rooms,
            self.volatile,
            self.include_sender,
            self.max_bytes or 0,
            self.rate or 0,
        )


def relay(
    event: str,
    *,
    to: Rooms | Room | Iterable[Room] = Rooms.OWN,
    volatile: bool = False,
    max_bytes: int | None = None,
    rate: int | None = None,
    include_sender: bool = False,
) -> Relay:
    """Declare that an event of a client is forwarded to other clients, with its arguments.

    Assign it to an attribute of a consumer class, with any name. Subclasses inherit it, and can set
    the attribute to None to remove it. The I/O thread forwards the event for each client that
    connect() has accepted, also while Python is busy. No handler, middleware or listener of the
    namespace sees the event, and it can't have a handler too.

    * `to`: `Rooms.OWN`, every room that the sender is in; `Rooms.NAMESPACE`, everyone in the
      namespace; a room, or several. Each client gets the event once, the sender only with
      `include_sender`.
    * `volatile`: dropped for each client that cannot take the event now.
    * `max_bytes`: size of the event's JSON, with its name, and its attachments; a larger event is
      dropped.
    * `rate`: events per second of one client, with bursts of the same number. Above it, volatile
      events are dropped; for other events, the client is throttled.

    A client that asks for an acknowledgement gets one without arguments or, if its event was
    dropped, {"error": "Too large"} or {"error": "Too many"}.

    Raises TypeError or ValueError for invalid arguments.
    """
    check_event(event)
    for name, number in (("max_bytes", max_bytes), ("rate", rate)):
        if number is None:
            continue
        if not isinstance(number, int) or isinstance(number, bool):
            raise TypeError(f"{name} is an int or None, not {type(number).__name__}")
        if number < 1:
            raise ValueError(f"{name} must be at least 1, or None for no limit")
    if not isinstance(to, Rooms):
        to = tuple(room_names(to))
        if not to:
            raise ValueError(f"the relay of {event!r} goes to no room at all")
    return Relay(event, to, bool(volatile), max_bytes, rate, bool(include_sender))


def relays_of(consumer_class: type) -> dict[str, Relay]:
    """The relays of a consumer class by event, inherited ones included.

    Raises ValueError if two attributes relay one event.
    """
    found: dict[str, tuple[str, Relay]] = {}
    for attribute in dir(consumer_class):
        value: Any = getattr(consumer_class, attribute)
        if not isinstance(value, Relay):
            continue
        if value.event in found:
            raise ValueError(
                f"{consumer_class.__qualname__} relays the event {value.event!r} twice: "
                f"{found[value.event][0]} and {attribute}"
            )
        found[value.event] = (attribute, value)
    return {event: value for event, (_, value) in found.items()}
