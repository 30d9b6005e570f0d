"""What the modules of this package ask of each other's objects: protocols at the bottom.

A module that is below a class names here what it needs of it, so that imports only lead down.
`socketio/interfaces.py` does the same for namespaces and the server, which are known by more.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Protocol

from .awaitables import Done

# May a namespace of this name come into being? Called with the name, which begins with a slash,
# and what the client sent as `auth`.
NamespaceFunction = Callable[[str, Any], Awaitable[Any] | Any]
NamespacePattern = re.Pattern[str] | NamespaceFunction


class Socket(Protocol):
    """What handlers, targets of broadcasts and sessions need of a NamespaceSocket."""

    id: str
    consumers: dict[type, Any]

    @property
    def number(self) -> int: ...

    @property
    def rooms(self) -> set[str]: ...

    @property
    def gone(self) -> bool: ...

    def disconnect(self, close: bool = False) -> Done: ...

    def remove_handler(self, handler: Any) -> None: ...


class Consumer(Protocol):
    """What namespaces need of a subclass of SocketIOConsumer, which decides about its handlers."""

    namespace: ClassVar[str | NamespacePattern]

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Any: ...


class RoomWatcher(Protocol):
    """Who wants to know which rooms are in use, beside the listeners of adapters."""

    def room_created(self, namespace: str, room: str) -> None: ...

    def room_deleted(self, namespace: str, room: str) -> None: ...

    def joined(self, namespace: str, room: str) -> Done: ...
