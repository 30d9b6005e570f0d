"""SocketIOServer: all namespaces of the process, and emitting to many clients."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from ..awaitables import Done, done_when_called
from ..engineio.app import EngineIOApplication
from ..handlers import Handler
from ..names import DEFAULT_NAMESPACE, Room, namespace_name
from .adapter import Adapter
from .broadcast import Broadcast
from .everyone import Everyone
from .local_adapter import LocalAdapter
from .namespace import Namespace

if TYPE_CHECKING:
    from _sioserve import Server

    from .socket import NamespaceSocket

    AdapterFactory = Callable[[Namespace], Adapter]
    DisconnectHook = Callable[[NamespaceSocket, str], Awaitable[None] | None]

_F = TypeVar("_F", bound=Callable[..., Any])

logger = logging.getLogger("sio.socketio.server")


class SocketIOServer(Everyone, EngineIOApplication):
    """The table of namespaces, and the way to the native server while one runs.

    Emits to the default namespace, or to another with of(). All methods may be called from any
    thread.

    * `clients_count`: Engine.IO sessions of this process that have asked for a namespace.
    """

    served_natively = True

    def __init__(self) -> None:
        self._namespaces: dict[str, Namespace] = {}
        self._core: Server | None = None
        self._process = os.getpid()  # the one in which it was attached
        self.disconnect_hooks: list[Handler] = []
        self.clients_count = 0
        self.make_adapter: AdapterFactory = LocalAdapter
        self.of(DEFAULT_NAMESPACE)

    def of(self, namespace: str) -> Namespace:
        """The namespace of that name, which clients may use from now on."""
        name = namespace_name(namespace)
        found = self._namespaces.get(name)
        if found is None:
            found = self._namespaces[name] = Namespace(name, self)
            if self._core is not None:
                self._core.add_namespace(name)
        return found

    def namespaces(self) -> list[Namespace]:
        """All namespaces; the default one is always among them."""
        return list(self._namespaces.values())

    def find(self, name: str) -> Namespace | None:
        """The namespace that clients call `name`, if there is one."""
        return self._namespaces.get(name)

    @done_when_called
    def emit(
        self,
        event: str,
        *args: Any,
        room: Room | Iterable[Room] | None = None,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> Done:
        """Send an event to every client in a room, in any of several rooms, or, without `room`,
        in the namespace. Each client gets it once; an empty list of rooms reaches nobody.

        The event has been handed over when the call returns; awaiting it is allowed. Arguments
        are JSON values with bytes anywhere in them, and what DjangoJSONEncoder can encode.

        Raises TypeError or ValueError for what can't be encoded (the message has the path to it),
        ValueError for a reserved event name, RuntimeError while no server runs in this process.
        """
        target = Broadcast(self._target(namespace))
        return (target if room is None else target.to(room)).emit(event, *args)

    def emit_with_ack(
        self,
        event: str,
        *args: Any,
        room: Room | Iterable[Room] | None = None,
        namespace: str = DEFAULT_NAMESPACE,
        timeout: float | None = None,
    ) -> Awaitable[list[Any]]:
        """Send an event and collect the answers; see Broadcast.emit_with_ack()."""
        target = Broadcast(self._target(namespace))
        return (target if room is None else target.to(room)).emit_with_ack(
            event, *args, timeout=timeout
        )

    def everyone(self) -> Broadcast:
        """All clients of the default namespace."""
        return self.of(DEFAULT_NAMESPACE).everyone()

    @done_when_called
    def server_side_emit(self, event: str, *args: Any) -> Done:
        """Send an event to the other servers of the cluster; see Namespace.server_side_emit()."""
        return self.of(DEFAULT_NAMESPACE).server_side_emit(event, *args)

    def server_side_emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]:
        """The same; awaiting it gives the answer of each of the other servers."""
        return self.of(DEFAULT_NAMESPACE).server_side_emit_with_ack(event, *args, timeout=timeout)

    def on_server_side_emit(self, event: str) -> Callable[[_F], _F]:
        """Decorate a receiver; see Namespace.on_server_side_emit()."""
        return self.of(DEFAULT_NAMESPACE).on_server_side_emit(event)

    def adapter(self, factory: AdapterFactory) -> None:
        """Reach clients through another kind of Adapter: `factory(namespace)` makes each.

        Raises RuntimeError when clients are connected already.
        """
        if self.clients_count:
            raise RuntimeError("choose the adapter before clients are connected")
        self.make_adapter = factory
        for namespace in self.namespaces():
            namespace.adapter = factory(namespace)

    def counts(self) -> dict[str, int]:
        """What the native server of this process counts.

        There are now: `sessions` (clients), `sockets` (clients in a namespace each), `namespaces`,
        `rooms`. Since the start, how often a limit was reached: `sessions_refused`,
        `messages_too_large`, `volatile_dropped` and others; docs/socketio.md lists them.

        Raises RuntimeError while no server runs in this process.
        """
        if self._core is None:
            raise RuntimeError("nothing is counted: no Socket.IO server is running in this process")
        return self._core.counts()

    def core(self, event: str) -> Server:
        """The native server, for emitting `event`. Raises RuntimeError while none runs."""
        if self._core is None:
            raise RuntimeError(
                f"can't emit {event!r}: no Socket.IO server is running in this process; "
                "emit from code that sioserve runs"
            )
        return self._core

    def _target(self, namespace: str) -> Namespace:
        """A namespace to emit to, which does not come into being by that."""
        name = namespace_name(namespace)
        return self.find(name) or Namespace(name, self)

    def register_disconnect_hook(self, hook: DisconnectHook) -> None:
        """Have `hook(socket, reason)` called for each client that has gone, in any namespace.

        It is called after the disconnect handler of the client's namespace.
        """
        self.disconnect_hooks.append(Handler(hook))

    def attach(self, core: Server) -> None:
        """Start emitting through a native server. Raises RuntimeError while another is attached."""
        process = os.getpid()
        if self._core is not None and self._core is not core and self._process == process:
            raise RuntimeError("this process runs a Socket.IO server already")
        self._core, self._process = core, process
        for name in list(self._namespaces):
            core.add_namespace(name)
        logger.info("attached to the native server")

    def detach(self, core: Server) -> None:
        """Stop emitting through this native server: it has ended."""
        if self._core is core:
            self._core = None
            logger.info("detached from the native server")


_server: SocketIOServer | None = None


def get_socketio_server() -> SocketIOServer:
    """The one Socket.IO server of this process."""
    global _server
    if _server is None:
        _server = SocketIOServer()
    return _server
