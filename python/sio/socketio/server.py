"""SocketIOServer: all namespaces of the process, and emitting to many clients."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..awaitables import Done, done_when_called
from ..engineio.app import EngineIOApplication
from ..handlers import Handler
from ..names import DEFAULT_NAMESPACE, Room, namespace_name
from .broadcast import Broadcast
from .namespace import Namespace

if TYPE_CHECKING:
    from _sioserve import Server

    from .socket import NamespaceSocket

    DisconnectHook = Callable[[NamespaceSocket, str], Awaitable[None] | None]

logger = logging.getLogger("sio.socketio.server")


class SocketIOServer(EngineIOApplication):
    """The table of namespaces, and the way to the native server while one runs.

    All methods may be called from any thread.
    """

    served_natively = True

    def __init__(self) -> None:
        self._namespaces: dict[str, Namespace] = {}
        self._core: Server | None = None
        self._process = os.getpid()  # the one in which it was attached
        self.disconnect_hooks: list[Handler] = []
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

    def to(self, room: Room | Iterable[Room]) -> Broadcast:
        """The clients of the default namespace in a room, or in any of several."""
        return self.of(DEFAULT_NAMESPACE).to(room)

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast:
        """The clients of the default namespace that are in none of these rooms."""
        return self.of(DEFAULT_NAMESPACE).except_(room)

    @property
    def local(self) -> Broadcast:
        """The clients of the default namespace in this process."""
        return self.of(DEFAULT_NAMESPACE).local

    @property
    def volatile(self) -> Broadcast:
        """The default namespace, for events that slow clients may miss."""
        return self.of(DEFAULT_NAMESPACE).volatile

    def compress(self, compress: bool) -> Broadcast:
        """Accepted as in the reference server; Socket.IO's messages are not compressed."""
        return self.of(DEFAULT_NAMESPACE).compress(compress)

    def timeout(self, seconds: float) -> Broadcast:
        """The default namespace, for emit_with_ack(): how long to wait for the answers."""
        return self.of(DEFAULT_NAMESPACE).timeout(seconds)

    def fetch_sockets(self) -> list[NamespaceSocket]:
        """The connected sockets of the default namespace."""
        return self.of(DEFAULT_NAMESPACE).fetch_sockets()

    def sockets_join(self, room: Room | Iterable[Room]) -> None:
        """Have every socket of the default namespace enter one or several rooms."""
        self.of(DEFAULT_NAMESPACE).sockets_join(room)

    def sockets_leave(self, room: Room | Iterable[Room]) -> None:
        """Have every socket of the default namespace leave one or several rooms."""
        self.of(DEFAULT_NAMESPACE).sockets_leave(room)

    def disconnect_sockets(self, close: bool = False) -> None:
        """Disconnect every socket of the default namespace."""
        self.of(DEFAULT_NAMESPACE).disconnect_sockets(close)

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
