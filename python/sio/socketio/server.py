"""SocketIOServer: all namespaces of the process, and emitting to many clients."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..awaitables import DONE, Done, Later, done_when_called
from ..django_support import switch
from ..engine import EngineIOApplication
from ..handlers import Handler
from ..names import DEFAULT_NAMESPACE, Room, namespace_name
from ..relays import Relay
from ..types import NamespacePattern, RoomWatcher
from .adapter import Adapter
from .any_namespace import AnyNamespace, Middleware
from .broadcast import Broadcast
from .everyone import Everyone
from .local_adapter import LocalAdapter
from .namespace import Namespace
from .parent_namespace import ChildNamespace, ParentNamespace
from .request_checks import RequestChecks
from .socket import NamespaceSocket

if TYPE_CHECKING:
    from _sioserve import Server

AdapterFactory = Callable[[Namespace], Adapter]
ConnectHook = Callable[[NamespaceSocket], Awaitable[None] | None]
DisconnectHook = Callable[[NamespaceSocket, str], Awaitable[None] | None]

_F = TypeVar("_F", bound=Callable[..., Any])
_N = TypeVar("_N", bound=Callable[[Namespace], Any])
_ConnectHook = TypeVar("_ConnectHook", bound=ConnectHook)
_DisconnectHook = TypeVar("_DisconnectHook", bound=DisconnectHook)

logger = logging.getLogger("sio.socketio.server")


class SocketIOServer(Everyone[NamespaceSocket], EngineIOApplication):
    """The table of namespaces, and the way to the native server while one runs.

    Emits to the default namespace, or to another with of(). All methods may be called from any
    thread.

    * `json_default`: None, or a function that is given what is no JSON value, wherever it stands in
      what is emitted or acknowledged, and returns a JSON value for it, or raises TypeError: then
      sio.encoding.default() decides.
    * `clients_count`: Engine.IO sessions of this process that have asked for a namespace.
    """

    served_natively = True

    def __init__(self) -> None:
        self._room_watcher: RoomWatcher | None = None
        self.json_default: Callable[[Any], Any] | None = None
        self._recovery_skips_middleware: bool | None = None
        self.clients_count = 0
        self.make_adapter: AdapterFactory = LocalAdapter
        self.lock = threading.RLock()  # of the tables of namespaces
        self._namespaces: dict[str, Namespace] = {}
        self._parents: dict[NamespacePattern, ParentNamespace] = {}
        # Those of the parents; while somebody refers to them.
        self._children: weakref.WeakValueDictionary[str, ChildNamespace] = (
            weakref.WeakValueDictionary()
        )
        self._core: Server | None = None
        self._process = os.getpid()  # the one in which it was attached
        self.namespace_listeners: list[Callable[[Namespace], Any]] = []
        self.connect_hooks: list[Handler] = []
        self._native_relays: dict[tuple[Relay, ...], int] = {}
        self.disconnect_hooks: list[Handler] = []
        # Called with what handlers raise, beside the log; must not raise.
        self.failure_hooks: list[Callable[[BaseException], None]] = []
        self.request_checks = RequestChecks()
        self.of(DEFAULT_NAMESPACE)

    @overload
    def of(self, namespace: str) -> Namespace: ...
    @overload
    def of(self, namespace: NamespacePattern) -> ParentNamespace: ...
    def of(self, namespace: str | NamespacePattern) -> Namespace | ParentNamespace:
        """The namespace of that name, which clients may use from now on.

        A compiled regular expression, which a name must match as a whole, or a function
        `f(name, auth)`, `async def` or plain, stands for all namespaces whose names fit: one comes
        into being when the first client asks for it, with the handlers that are registered here,
        and ends with its last client. Names begin with a slash. The function is asked for names
        that do not exist; a true result lets the name be. Names of more than 255 characters never
        fit. Several are tried in the order in which they were made. Where there is a function, a
        further name is open to clients when it is given handlers or the function admits it.
        """
        if not isinstance(namespace, str):
            return self._parent(namespace)
        name = namespace_name(namespace)
        with self.lock:
            found = self._known(name)
            if found is not None:
                return found
            made = self._namespaces[name] = Namespace(name, self)
            if self._core is not None:
                self._core.add_namespace(name)
        self.tell_of_namespace(made)
        return made

    def on_new_namespace(self, listener: _N) -> _N:
        """Call the plain function `f(namespace)` for each namespace that comes into being from now
        on: one with a name when it is asked for first, a dynamic one when its first client asks
        for it, before any handler. Also a decorator.

        It is called where that happens and must not block; what it raises is logged.
        """
        self.namespace_listeners.append(listener)
        return listener

    def tell_of_namespace(self, namespace: Namespace) -> None:
        """A namespace has come into being."""
        for listener in tuple(self.namespace_listeners):
            try:
                listener(namespace)
            except BaseException:  # whoever caused it has other things to do, too
                logger.exception("%r failed for %r", listener, namespace)

    def namespaces(self) -> list[Namespace]:
        """The namespaces that exist; the default one is always among them."""
        with self.lock:
            dynamic = [child for child in self._children.values() if child.sockets_count]
            return list({**self._namespaces, **{child.name: child for child in dynamic}}.values())

    def named_namespaces(self) -> list[Namespace]:
        """Those that do not depend on clients."""
        return list(self._namespaces.values())

    def parent_namespaces(self) -> list[ParentNamespace]:
        """Those that stand for dynamic namespaces."""
        return list(self._parents.values())

    def find(self, name: str) -> Namespace | None:
        """The namespace that clients call `name`, if there is one."""
        named = self._namespaces.get(name)
        if named is not None:
            return named
        child = self._children.get(name)
        return None if child is None or child.parent is None else child

    async def admit(self, name: str, auth: Any) -> Namespace | None:
        """A client asks for a namespace that does not exist: make it, if a parent wants that."""
        for parent in self.parent_namespaces():
            child = await parent.admit(name, auth)
            if child is not None:
                return self._adopt(child)
        return None

    def keep(self, child: ChildNamespace) -> None:
        """A dynamic namespace has got handlers of its own: it stays."""
        with self.lock:
            self._namespaces[child.name] = child
            if self._core is not None:
                self._core.add_namespace(child.name)

    def _parent(self, pattern: NamespacePattern) -> ParentNamespace:
        with self.lock:
            found = self._parents.get(pattern)
            if found is None:
                found = self._parents[pattern] = ParentNamespace(pattern, self)
                if self._core is not None:
                    self._core.serve_dynamic_namespaces()
        return found

    def _known(self, name: str) -> Namespace | None:
        """The namespace of this name, if there is one or a regular expression fits.

        Where functions decide, a name that none has been asked about is nobody's: code that only
        emits to it must not open a namespace without handlers to clients.
        """
        found = self.find(name)
        if found is not None:
            return found
        parents = self.parent_namespaces()
        for parent in parents:
            child = parent.fit(name)
            if child is not None:
                return self._adopt(child)
        if not any(parent.is_function for parent in parents):
            return None
        with self.lock:
            return self._children.setdefault(name, ChildNamespace(name, self))

    def _adopt(self, child: ChildNamespace) -> Namespace:
        """The child, or the namespace of the same name that has come into being meanwhile."""
        assert child.parent is not None
        with self.lock:
            found = self.find(child.name)
            if found is not None:
                return found
            mentioned = self._children.setdefault(child.name, child)
            mentioned.belong_to(child.parent, child.match)
            child.parent.add_child(mentioned)
        return mentioned

    @done_when_called
    def emit(
        self,
        event: str,
        *args: Any,
        room: Room | Iterable[Room] | None = None,
        namespace: str | NamespacePattern = DEFAULT_NAMESPACE,
    ) -> Done:
        """Send an event to every client in a room, in any of several rooms, or, without `room`,
        in the namespace. Each client gets it once; an empty list of rooms reaches nobody.

        The event has been handed over when the call returns. Awaiting it waits while events are
        emitted faster than they can be sent; in other threads the call itself waits. Arguments
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
        namespace: str | NamespacePattern = DEFAULT_NAMESPACE,
        timeout: float | None = None,
    ) -> Awaitable[list[Any]]:
        """Send an event and collect the answers; see Broadcast.emit_with_ack()."""
        target = Broadcast(self._target(namespace))
        return (target if room is None else target.to(room)).emit_with_ack(
            event, *args, timeout=timeout
        )

    def use(self, function: Middleware) -> Middleware:
        """Call `f(socket, auth)` for each client of the default namespace; see Namespace.use()."""
        return self.of(DEFAULT_NAMESPACE).use(function)

    def everyone(self) -> Broadcast[NamespaceSocket]:
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
        with self.lock:
            for namespace in (*self._namespaces.values(), *self._children.values()):
                namespace.renew_adapter()

    @property
    def room_watcher(self) -> RoomWatcher | None:
        """Who wants to know which rooms are in use, beside the listeners of adapters."""
        return self._room_watcher

    @room_watcher.setter
    def room_watcher(self, watcher: RoomWatcher | None) -> None:
        self._room_watcher = watcher
        with self.lock:
            namespaces = [*self._namespaces.values(), *self._children.values()]
        for namespace in namespaces:
            if namespace.has_sockets:
                namespace.update_watch()

    @property
    def native(self) -> Server | None:
        """The native server, while one runs."""
        return self._core

    @property
    def running(self) -> bool:
        """Whether a server runs in this process, so that emit() reaches clients.

        It does not in commands of manage.py and in workers, where emit() raises RuntimeError.
        """
        return self._core is not None

    def counts(self) -> dict[str, int]:
        """What the native server of this process counts.

        There are now: `sessions` (clients), of them `polling_sessions`, `sockets` (clients in a
        namespace each), `namespaces`, `rooms`. Since the start: `sessions_opened`,
        `sessions_closed`, `packets_in`, `packets_out`, `bytes_in`, `bytes_out`; and how often a
        limit was reached: `sessions_refused`, `messages_too_large`, `volatile_dropped` and others;
        docs/socketio.md lists them.

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
                "emit from code that sioserve runs (`get_socketio_server().running` tells). "
                "Tests have sioserve.testing.captured_emits"
            )
        return self._core

    def pace(self) -> Done:
        """What an emit returns: done, or to be awaited until those before it have been carried out.

        On the server's own event loop; elsewhere the emit itself has waited.
        """
        core = self._core
        room = None if core is None else core.room()
        return DONE if room is None else Later(lambda: _wait(room))

    def _target(self, namespace: str | NamespacePattern) -> AnyNamespace:
        """A namespace to emit to, which does not come into being by that."""
        if not isinstance(namespace, str):
            return self.of(namespace)
        name = namespace_name(namespace)
        return self._known(name) or Namespace(name, self)

    def register_connect_hook(self, hook: _ConnectHook) -> _ConnectHook:
        """Have `hook(socket)` called for each client that has been let in, in any namespace.

        It is called before the client's first event is handled. Also a decorator.
        """
        self.connect_hooks.append(Handler(hook))
        return hook

    @property
    def recovery_skips_middleware(self) -> bool:
        """Whether a client that was cut off and is recovered passes by what `use()` has
        registered with its namespace; its `connect` handlers are called in any case.

        Where it was not set: Django's setting SIO_RECOVERY_SKIP_MIDDLEWARES, or True.
        """
        if self._recovery_skips_middleware is None:
            return switch("SIO_RECOVERY_SKIP_MIDDLEWARES", True)
        return self._recovery_skips_middleware

    @recovery_skips_middleware.setter
    def recovery_skips_middleware(self, skips: bool) -> None:
        self._recovery_skips_middleware = skips

    def allow_request(self, check: _F) -> _F:
        """Ask `check(request)` about every handshake, before there is a session; a decorator.

        `request` is a sio.HandshakeRequest. A true result lets the client in; a falsy one refuses
        it with 403 and "Forbidden", ConnectionRefused with its own message, any other exception is
        logged and refuses as well. `check` is `async def`, or a plain `def`, which runs in a
        thread. Several are asked in the order in which they were given.

        It must decide within --websocket-connect-timeout; later, the client has been refused. Who
        is logged in is not known yet: `connect` is the place for that.
        """
        self.request_checks.add(check)
        if self._core is not None:
            self._core.ask_about_handshakes()
        return check

    def register_disconnect_hook(self, hook: _DisconnectHook) -> _DisconnectHook:
        """Have `hook(socket, reason)` called for each client that has gone, in any namespace.

        It is called after the disconnect handler of the client's namespace. Also a decorator.
        """
        self.disconnect_hooks.append(Handler(hook))
        return hook

    def native_relays(self, relays: tuple[Relay, ...]) -> int:
        """The number that the native server has for them, asked for once."""
        found = self._native_relays.get(relays)
        if found is None:
            core = self.core("relayed events")
            found = core.make_relays([relay.native() for relay in relays])
            self._native_relays[relays] = found
        return found

    def attach(self, core: Server) -> None:
        """Start emitting through a native server. Raises RuntimeError while another is attached."""
        process = os.getpid()
        if self._core is not None and self._core is not core and self._process == process:
            raise RuntimeError("this process runs a Socket.IO server already")
        self._core, self._process = core, process
        self._native_relays.clear()
        for name in list(self._namespaces):
            core.add_namespace(name)
        if self.request_checks:
            core.ask_about_handshakes()
        if self._parents:
            core.serve_dynamic_namespaces()
        logger.info("attached to the native server")

    def detach(self, core: Server) -> None:
        """Stop emitting through this native server: it has ended."""
        if self._core is core:
            self._core = None
            logger.info("detached from the native server")


async def _wait(room: asyncio.Future[None]) -> None:
    await asyncio.shield(room)  # others may wait for it


_server: SocketIOServer | None = None


def get_socketio_server() -> SocketIOServer:
    """The one Socket.IO server of this process."""
    global _server
    if _server is None:
        _server = SocketIOServer()
    return _server
