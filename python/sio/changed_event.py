"""ChangedEvent: how the middleware of a socket replaces an event."""

from __future__ import annotations

from typing import Any

from .names import check_event


class ChangedEvent:
    """Returned by a function for `socket.use()`: handle this event in place of the client's.

    The functions after it, and the handlers, get the new name and arguments; relays do not. Later
    events of the client wait until it is handled, unless the event that the client sent has a
    handler with @sio.concurrent.

    Raises TypeError or ValueError if the name is not a str, or reserved by Socket.IO.
    """

    __slots__ = ("args", "event")

    def __init__(self, event: str, *args: Any) -> None:
        check_event(event)
        self.event = event
        self.args = args
