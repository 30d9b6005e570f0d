"""Events that other servers of a cluster send with server_side_emit()."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from ..awaitables import DONE, Done, done_when_called
from ..failures import is_closing, was_ended
from ..handlers import Ack, Handler

_F = TypeVar("_F", bound=Callable[..., Any])

logger = logging.getLogger("sio.socketio.namespace")

# The reference server's own events of namespaces.
RESERVED = frozenset({"connect", "connection", "new_namespace"})


def check_server_side_event(event: str) -> None:
    """Raise TypeError or ValueError for an invalid name of an event between servers."""
    if not isinstance(event, str):
        raise TypeError(f"an event's name is a str, not {type(event).__name__}")
    if event in RESERVED:
        raise ValueError(f"{event!r} is reserved and can't be emitted to other servers")


class ServerSideReceivers:
    """The functions of one namespace that receive such events."""

    def __init__(self) -> None:
        self._receivers: dict[str, list[Handler]] = {}

    def on(self, event: str) -> Callable[[_F], _F]:
        """Decorate a receiver. Raises as check_server_side_event() does."""
        check_server_side_event(event)

        def decorate(function: _F) -> _F:
            self._receivers.setdefault(event, []).append(Handler(function))
            return function

        return decorate

    async def receive(
        self, event: str, args: list[Any], ack: Ack | None, seconds: float | None
    ) -> None:
        """Call the receivers, each for at most `seconds`; their exceptions are logged."""
        for receiver in tuple(self._receivers.get(event, ())):
            try:
                with receiver.limit(seconds):
                    if receiver.takes_ack:
                        await receiver.call_with(*args, ack=ack or _ignore_answer)
                    else:
                        await receiver.call_with(*args)
            except BaseException as error:
                if is_closing(error) or was_ended(error):
                    raise
                logger.exception("%r failed for the server-side event %r", receiver, event)


@done_when_called
def _ignore_answer(*args: Any) -> Done:
    return DONE
