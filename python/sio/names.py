"""The names of namespaces, events and rooms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

DEFAULT_NAMESPACE = "/"
MAX_NAMESPACE_BYTES = 1024
MAX_ROOM_CHARACTERS = 1024
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
LONGEST_SHOWN = 60  # characters of a name in a message

# Socket.IO reserves these names; clients can neither send nor receive such events.
RESERVED_EVENTS = frozenset(
    {
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    }
)

Room = str | int


def namespace_name(name: str) -> str:
    """The name as clients send it: with a slash in front. An empty one is the default."""
    return name if name.startswith("/") else f"/{name}"


def check_namespace(name: str) -> None:
    """Raise ValueError for a namespace's name that no client can ask for unchanged."""
    why = _why_unreachable(name)
    if why is not None:
        shown = name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}..."
        raise ValueError(f"namespace {shown!r} can't be reached by clients: {why}")


def _why_unreachable(name: str) -> str | None:
    """The reason, by the rules for packets in socketio/parser/packet_rules.cc."""
    if "," in name:
        return "a comma ends the name in a packet"
    if "?" in name:
        return "a query begins at a question mark in a packet"
    if CONTROL_CHARACTER.search(name):
        return "control characters are refused in a packet"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "a lone surrogate can't be encoded as UTF-8"
    if size > MAX_NAMESPACE_BYTES:
        return f"a name has at most {MAX_NAMESPACE_BYTES:,} bytes, and this one {size:,}"
    return None


def room_name(room: Room) -> str:
    """The name of a room: any string, or an int, which stands for its decimal digits.

    So 1 and "1" are the same room; no other two names are. Raises TypeError for anything else, and
    ValueError for a name of more than 1,024 characters.
    """
    if isinstance(room, str):
        if len(room) > MAX_ROOM_CHARACTERS:
            raise ValueError(
                f"a room's name has at most {MAX_ROOM_CHARACTERS:,} characters, "
                f"and this one {len(room):,}"
            )
        return room
    if isinstance(room, int) and not isinstance(room, bool):
        return str(room)
    raise TypeError(f"a room is a str or an int, not {type(room).__name__}")


def room_names(rooms: Room | Iterable[Room]) -> list[str]:
    """The names of one room or of several. Raises as room_name()."""
    if isinstance(rooms, str):  # the usual case
        return [room_name(rooms)]
    if isinstance(rooms, bytes | bytearray) or not isinstance(rooms, Iterable):
        return [room_name(cast("Room", rooms))]
    return [room_name(room) for room in rooms]


def check_timeout(seconds: float | None) -> float | None:
    """The timeout. Raises TypeError or ValueError if it is not a number of seconds."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"a timeout is a number of seconds, not {type(seconds).__name__}")
    if not seconds >= 0:
        raise ValueError(f"a timeout is a number of seconds, not {seconds}")
    return seconds


def check_callback(callback: Any) -> None:
    """Raise TypeError if it is not callable."""
    if not callable(callback):
        raise TypeError(f"a callback is a function, not {type(callback).__name__}")


def check_decorated_event(event: Any, decorator: str) -> None:
    """Raise TypeError if a decorator that takes an event's name is used without one."""
    if not isinstance(event, str):
        name = getattr(event, "__name__", "name").removeprefix("event_")
        raise TypeError(
            f"{decorator} takes the event's name, {decorator}({name!r}), not {type(event).__name__}"
        )


def check_event(event: str) -> None:
    """Raise TypeError or ValueError for an invalid name of an event to a client."""
    if not isinstance(event, str):
        raise TypeError(f"an event's name is a str, not {type(event).__name__}")
    if event in RESERVED_EVENTS:
        raise ValueError(f"{event!r} is reserved by Socket.IO and can't be emitted")
