"""ParentNamespace: a pattern for namespaces that are created when a client asks for them.

    boards = server.of(re.compile(r"/board-(?P<id>[0-9]+)"))
    boards.emit("maintenance", "in five minutes")        # to the clients of all of them

    @sio.register
    class BoardConsumer(sio.SocketIOConsumer):
        namespace = re.compile(r"/board-(?P<id>[0-9]+)")

A child has its parent's handlers. It exists as long as it has clients or the application refers to
it. If handlers are registered with the child itself, it is never deleted.
"""

from __future__ import annotations

import asyncio
import logging
import re
import weakref
from collections.abc import Awaitable, Generator, Sequence
from typing import Any

from ..answer import collect_lists
from ..awaitables import DONE, Done, all_done
from ..exceptions import TooManyRooms
from ..failures import is_closing, is_ending
from ..handlers import Handler
from ..time_limit import TimeLimit
from ..types import NamespacePattern
from .adapter import Adapter
from .any_namespace import AnyNamespace
from .broadcast_adapter import BroadcastAdapter
from .handler_table import HandlerTable
from .interfaces import Server
from .namespace import Namespace
from .socket import NamespaceSocket
from .socket_list import SocketList
from .target import Target

logger = logging.getLogger("sio.socketio.namespace")

# Longer names match no pattern and no function is called for them, so that a client can't make
# matching slow.
MAX_NAME_LENGTH = 255


class ParentNamespace(AnyNamespace):
    """Made by SocketIOServer.of() for a regular expression or a function.

    Handlers, middleware and consumers apply to all its children, and an emit reaches the clients of
    all children. Each child has its own adapter, for room events and for the other servers of a
    cluster, which may have other children. `name` is for messages.
    """

    def __init__(self, pattern: NamespacePattern, server: Server[NamespaceSocket]) -> None:
        super().__init__(_describe(pattern), server)
        self.pattern = pattern
        self._function = None if isinstance(pattern, re.Pattern) else Handler(pattern)
        self._children: weakref.WeakSet[ChildNamespace] = weakref.WeakSet()
        self._reach = BroadcastAdapterOfChildren(self)

    @property
    def is_function(self) -> bool:
        """Whether a function decides, not a regular expression."""
        return self._function is not None

    def fit(self, name: str) -> ChildNamespace | None:
        """A new child, if the name matches the regular expression."""
        if not isinstance(self.pattern, re.Pattern) or len(name) > MAX_NAME_LENGTH:
            return None
        found = self.pattern.fullmatch(name)
        if found is None:
            return None
        child = ChildNamespace(name, self.server)
        child.belong_to(self, found)
        return child

    async def admit(self, name: str, auth: Any, limit: TimeLimit) -> ChildNamespace | None:
        """A new child, if the regular expression or the function accepts the name.

        If the function raises, this is logged, and the name is not accepted. The functions of all
        parents have the time of `limit` together; when it is over, no name is accepted.
        """
        if limit.expired:
            return None
        if self._function is None or len(name) > MAX_NAME_LENGTH:
            return self.fit(name)
        limit.what = self._function
        try:
            with self._function.limit():
                admitted = await self._function.call_with(name, auth)
        except BaseException as error:
            if is_closing(error) or limit.has_cut(error):
                raise
            if not is_ending():  # the client has disconnected, or the server stops
                logger.exception("%r failed for namespace %r", self._function, name)
            return None
        if not admitted or limit.expired:
            return None
        child = ChildNamespace(name, self.server)
        child.belong_to(self, None)
        return child

    def add_child(self, child: ChildNamespace) -> None:
        with self.server.lock:
            self._children.add(child)

    def children(self) -> list[ChildNamespace]:
        """The namespaces that exist now, also those that only other processes have clients of."""
        elsewhere = self.server.used_elsewhere()
        with self.server.lock:
            found = {child.name: child for child in elsewhere if child.parent is self}
            return list({**found, **{child.name: child for child in self._children}}.values())

    @property
    def broadcast_adapter(self) -> BroadcastAdapter[NamespaceSocket]:
        if self.server.publishing_adapter(self.name) is not None:
            raise RuntimeError(
                f"can't reach the namespaces of {self.name!r}: no Socket.IO server is running in "
                "this process, which does not know them; emit to one by its name"
            )
        return self._reach

    def sockets(self) -> list[NamespaceSocket]:
        return [socket for child in self.children() for socket in child.sockets()]

    @property
    def sockets_count(self) -> int:
        return sum(child.sockets_count for child in self.children())

    @property
    def local_sockets_count(self) -> int:
        return sum(child.local_sockets_count for child in self.children())

    def socket(self, id: str) -> NamespaceSocket | None:
        return next(filter(None, (child.socket(id) for child in self.children())), None)


class ChildNamespace(Namespace):
    """One of a parent's namespaces.

    `parent` is the ParentNamespace. It is None if code uses the name but no function has accepted
    it yet; until then clients can't connect to it.
    """

    def __init__(self, name: str, server: Server[NamespaceSocket]) -> None:
        super().__init__(name, server)
        self.parent: ParentNamespace | None = None
        self._has_own_table = False
        self._exists = False  # clients can connect: from the first client to the last

    def belong_to(self, parent: ParentNamespace, match: re.Match[str] | None) -> None:
        self.parent = parent
        self.match = match
        self.table = parent.table

    def own_table(self) -> HandlerTable:
        """A copy of the parent's table from now on; the namespace is kept."""
        if not self._has_own_table:
            self._has_own_table = True
            self.table = self.table.copy(self.name)
            self.server.keep(self)
        return self.table

    def add_socket(self, socket: NamespaceSocket) -> None:
        super().add_socket(socket)
        if not self._exists:
            self._exists = True
            self.server.notify_new_namespace(self)

    def remove_socket(self, socket: NamespaceSocket) -> None:
        super().remove_socket(socket)
        if not self._sockets:
            self._exists = self._has_own_table
        if not self._sockets and not self.adapter.room_events:
            # The adapter refers to the namespace; without this an empty namespace is freed
            # immediately.
            self.drop_adapter()


class SocketsOfChildren(SocketList[Any]):
    """The lists of all children as one; awaiting it awaits each."""

    __slots__ = ("_lists",)

    def __init__(self, lists: Sequence[SocketList[Any]]) -> None:
        super().__init__(socket for one in lists for socket in one)
        self._lists = lists

    def __await__(self) -> Generator[Any, Any, SocketList[Any]]:
        return self._all().__await__()

    async def _all(self) -> SocketList[Any]:
        async def whole(sockets: SocketList[Any]) -> SocketList[Any]:
            return await sockets

        found = await asyncio.gather(*map(whole, self._lists))
        return SocketList(socket for one in found for socket in one)


class BroadcastAdapterOfChildren(BroadcastAdapter[NamespaceSocket]):
    """Does each operation in all children."""

    def __init__(self, parent: ParentNamespace) -> None:
        self._parent = parent

    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        adapters = self._adapters()
        if not adapters:  # without children the arguments must still be encodable
            self._parent.server.core(args[0]).broadcast("", args)
        for adapter in adapters:
            adapter.broadcast(args, target)

    def pace(self) -> Done:
        return self._parent.server.pace()

    def broadcast_with_ack(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> Awaitable[list[Any]]:
        return collect_lists(
            [adapter.broadcast_with_ack(args, target, timeout) for adapter in self._adapters()]
        )

    def fetch_sockets(self, target: Target) -> SocketList[NamespaceSocket]:
        return SocketsOfChildren([adapter.fetch_sockets(target) for adapter in self._adapters()])

    def sockets_join(self, target: Target, rooms: Sequence[str]) -> Done:
        joins: list[Done] = []
        refused: TooManyRooms | None = None
        for adapter in self._adapters():
            try:
                joins.append(adapter.sockets_join(target, rooms))
            except TooManyRooms as error:  # the sockets of the other children still join
                refused = error
        if refused is not None:
            raise refused
        return all_done(joins)

    def sockets_leave(self, target: Target, rooms: Sequence[str]) -> Done:
        for adapter in self._adapters():
            adapter.sockets_leave(target, rooms)
        return DONE

    def disconnect_sockets(self, target: Target, close: bool) -> Done:
        for adapter in self._adapters():
            adapter.disconnect_sockets(target, close)
        return DONE

    def rooms(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for adapter in self._adapters():
            for room, ids in adapter.rooms().items():
                found.setdefault(room, set()).update(ids)
        return found

    def _adapters(self) -> list[Adapter]:
        return [child.adapter for child in self._parent.children()]


def _describe(pattern: NamespacePattern) -> str:
    if isinstance(pattern, re.Pattern):
        if not isinstance(pattern.pattern, str):
            raise TypeError("a namespace's regular expression is made of a str, not of bytes")
        return pattern.pattern
    if not callable(pattern) or isinstance(pattern, type):
        raise TypeError(
            "a namespace is a str, a compiled regular expression or a function, "
            f"not {pattern.__name__ if isinstance(pattern, type) else type(pattern).__name__}"
        )
    return repr(Handler(pattern))
