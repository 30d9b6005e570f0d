"""PublishingAdapter: reaches the clients of a namespace from a process without a server, through
Redis or a control socket. What would need an answer of the servers raises RuntimeError.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn

from ...awaitables import DONE, Done
from ...log_lines import drops_emit
from ...plain_values import plain_values
from ..broadcast_adapter import BroadcastAdapter
from ..socket_list import SocketList
from ..target import Target
from .formats import Format, Message
from .publisher import Publisher


class PublishingAdapter(BroadcastAdapter[Any]):
    """All methods that publish raise PublishError as Publisher.publish() does."""

    def __init__(
        self, publisher: Publisher, messages: Format, default: Callable[[Any], Any]
    ) -> None:
        """`default` converts values that are not JSON; it raises TypeError."""
        self._publisher = publisher
        self._messages = messages
        self._default = default

    def emit(self, args: Sequence[Any], target: Target) -> Done:
        what = f"emit {args[0]!r}"
        message = self._messages.event(plain_values(args, self._default), target)
        return DONE if drops_emit(args[0]) else self._publish(message, target, what)

    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        self.emit(args, target)

    def sockets_join(self, target: Target, rooms: Sequence[str]) -> Done:
        return self._publish(self._messages.join(target, rooms), target, "let sockets join rooms")

    def sockets_leave(self, target: Target, rooms: Sequence[str]) -> Done:
        return self._publish(self._messages.leave(target, rooms), target, "let sockets leave rooms")

    def disconnect_sockets(self, target: Target, close: bool) -> Done:
        message = self._messages.disconnect(target, close)
        return self._publish(message, target, "disconnect sockets")

    def server_side_emit(self, event: str, args: Sequence[Any]) -> Done:
        """Send an event to all servers."""
        message = self._messages.server_side_event(plain_values((event, *args), self._default))
        return self._publisher.publish(message, f"emit {event!r} to the servers")

    # --- what needs answers ---

    def broadcast_with_ack(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> Awaitable[list[Any]]:
        _refuse(f"emit {args[0]!r} with acknowledgements")

    def server_side_emit_with_ack(
        self, event: str, args: Sequence[Any], timeout: float | None
    ) -> Awaitable[list[Any]]:
        """Raises RuntimeError."""
        _refuse(f"emit {event!r} to the servers with acknowledgements")

    def fetch_sockets(self, target: Target) -> SocketList[Any]:
        _refuse("fetch sockets")

    def rooms(self) -> dict[str, set[str]]:
        _refuse("tell the rooms")

    def _publish(self, message: Message, target: Target, what: str) -> Done:
        if target.local:
            raise RuntimeError(
                f"can't {what} to clients of this process (`local`): it runs no Socket.IO server"
            )
        if target.rooms is not None and not target.rooms:
            return DONE  # an empty list of rooms selects no client
        return self._publisher.publish(message, what)


def _refuse(what: str) -> NoReturn:
    raise RuntimeError(
        f"can't {what}: no Socket.IO server is running in this process, which only publishes and "
        "gets no answers of servers and clients; see docs/emitting.md"
    )
