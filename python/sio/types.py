"""Protocols: the interfaces of classes in higher layers that modules of this package need.

A module that needs a class of a higher layer uses a protocol of this module instead, because
modules import lower layers only. `socketio/interfaces.py` has the protocols of namespaces and the
server.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Protocol

from .awaitables import Done

# Decides whether a dynamic namespace may be created. Called with the name, which begins with a
# slash, and the client's `auth`.
NamespaceFunction = Callable[[str, Any], Awaitable[Any] | Any]
NamespacePattern = re.Pattern[str] | NamespaceFunction


class Socket(Protocol):
    """The interface of a NamespaceSocket for handlers, targets of broadcasts and sessions."""

    id: str

    @property
    def consumers(self) -> dict[type, Any]: ...
    def consumer_of(self, kind: type) -> Any: ...

    @property
    def number(self) -> int: ...

    @property
    def rooms(self) -> set[str]: ...

    @property
    def gone(self) -> bool: ...

    def disconnect(self, close: bool = False) -> Done: ...

    def remove_handler(self, handler: Any) -> None: ...


class Consumer(Protocol):
    """The interface of a subclass of SocketIOConsumer for namespaces."""

    namespace: ClassVar[str | NamespacePattern]

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Any: ...


class RoomWatcher(Protocol):
    """Gets the rooms that are in use, in addition to the listeners of adapters."""

    def room_created(self, namespace: str, room: str) -> None: ...

    def room_deleted(self, namespace: str, room: str) -> None: ...

    def joined(self, namespace: str, room: str) -> Done: ...
