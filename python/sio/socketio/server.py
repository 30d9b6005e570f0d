"""SocketIOServer: all namespaces of the process, and emitting to many clients."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import re
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..awaitables import DONE, Done, Later, done_when_called
from ..engine import EngineIOApplication
from ..exceptions import AckTimeout
from ..failures import start_task
from ..handlers import Handler, limit_of
from ..names import DEFAULT_NAMESPACE, Room, check_namespace, namespace_name, room_names
from ..relays import Relay
from ..threads import Threads
from ..time_limit import TimeLimit
from ..types import NamespacePattern, RoomWatcher
from .adapter import Adapter
from .all_clients import AllClients
from .any_namespace import AnyNamespace, Middleware
from .broadcast import AnswersCallback, Broadcast
from .cluster.without_server import WithoutServer
from .handshake_hooks import HandshakeHooks
from .local_adapter import LocalAdapter
from .namespace import Namespace
from .parent_namespace import ChildNamespace, ParentNamespace
from .refusal_hooks import RefusalHooks
from .request_checks import RequestChecks
from .socket import NamespaceSocket
from .switches import Switches
from .target import EVERYONE, Target

if TYPE_CHECKING:
    from _sioserve import Server

AdapterFactory = Callable[[Namespace], Adapter]
ConnectHook = Callable[[NamespaceSocket], Awaitable[None] | None]
DisconnectHook = Callable[[NamespaceSocket, str], Awaitable[None] | None]

_F = TypeVar("_F", bound=Callable[..., Any])
_N = TypeVar("_N", bound=Callable[[Namespace], Any])
_ConnectHook = TypeVar("_ConnectHook", bound=ConnectHook)
_DisconnectHook = TypeVar("_DisconnectHook", bound=DisconnectHook)

# Only for such rooms the native server is asked whether a client has that id.
CLIENT_ID = re.compile(r"(?:/.*#)?[A-Za-z0-9_-]{20}")

logger = logging.getLogger("sio.socketio.server")


class SocketIOServer(
    AllClients[NamespaceSocket], HandshakeHooks, Switches, WithoutServer, EngineIOApplication
):
    """The namespaces of this process, and the native server while it runs.

    Emits to the default namespace, or to another one with of(). All methods may be called from any
    thread.

    * `json_default`: None, or a function that is called with each emitted or acknowledged value
      that is not a JSON value. It returns a JSON value, or raises TypeError: then
      sio.encoding.default() is called.
    * `local_clients_count`: Engine.IO sessions of this process that have connected to a namespace.
    """

    served_natively = True

    def __init__(self) -> None:
        super().__init__()
        self._room_watcher: RoomWatcher | None = None
        self.json_default: Callable[[Any], Any] | None = None
        self.local_clients_count = 0
        # Whether other Python processes serve clients of the same native server (--workers).
        self.spans_processes = False
        self.make_adapter: AdapterFactory = LocalAdapter
        self.lock = threading.RLock()  # of the tables of namespaces
        self._namespaces: dict[str, Namespace] = {}
        self._parents: dict[NamespacePattern, ParentNamespace] = {}
        # The children of patterns, as long as something refers to them.
        self._children: weakref.WeakValueDictionary[str, ChildNamespace] = (
            weakref.WeakValueDictionary()
        )
        self._core: Server | None = None
        self._threads: Threads | None = None
        self._process = os.getpid()  # the process that serves
        self.namespace_listeners: list[Callable[[Namespace], Any]] = []
        self.connect_hooks: list[Handler] = []
        self._native_relays: dict[tuple[Relay, ...], int] = {}
        self.disconnect_hooks: list[Handler] = []
        # Called for clients that come from another Python process (--workers).
        self.resume_hooks: list[Handler] = []
        # Called with exceptions of handlers, in addition to the log; must not raise.
        self.failure_hooks: list[Callable[[BaseException], None]] = []
        self.request_checks = RequestChecks()
        self.refusal_hooks = RefusalHooks()
        self._loop: asyncio.AbstractEventLoop | None = None  # of the native server
        self._waiting: set[asyncio.Task[None]] = set()  # for answers of broadcasts
        self.handler_timeout: float | None = None  # seconds, for handlers without one of their own
        self.stop_server: Callable[[], None] | None = None  # while one runs that can be stopped
        self.of(DEFAULT_NAMESPACE)

    @overload
    def of(self, namespace: str) -> Namespace: ...
    @overload
    def of(self, namespace: NamespacePattern) -> ParentNamespace: ...
    def of(self, namespace: str | NamespacePattern) -> Namespace | ParentNamespace:
        """The namespace of that name, which clients may use from now on.

        A compiled regular expression, which must match the whole name, or a function
        `f(name, auth)`, `async def` or plain, is a pattern for dynamic namespaces. Each is created
        with the handlers of the pattern when the first client asks for it, and deleted with its
        last client. Names begin with a slash and have at most 255 characters. The function is
        called for names that do not exist, and accepts a name by a true result. Several patterns
        are tried in the order of their creation. If there is a function, any other name is open to
        clients only if it has handlers or the function accepts it.
        Raises ValueError for a name that no client can ask for: with a comma, a question mark, a
        control character or a lone surrogate, or with more than 1,024 bytes.
        """
        if not isinstance(namespace, str):
            return self._parent(namespace)
        name = namespace_name(namespace)
        with self.lock:
            found = self.find(name)
            if found is not None:
                return found
            check_namespace(name)
            found = self._known(name)
            if found is not None:
                return found
            made = self._namespaces[name] = Namespace(name, self)
            if self._core is not None:
                self._core.add_namespace(name)
        self.notify_new_namespace(made)
        return made

    def on_new_namespace(self, listener: _N) -> _N:
        """Call the plain function `f(namespace)` for each namespace that is created from now on: a
        static one at the first call of of(), a dynamic one when its first client asks for it,
        before any handler. Also a decorator.

        It is called in the thread that creates the namespace and must not block; its exceptions are
        logged.
        """
        self.namespace_listeners.append(listener)
        return listener

    def notify_new_namespace(self, namespace: Namespace) -> None:
        """A namespace has been created."""
        for listener in tuple(self.namespace_listeners):
            try:
                listener(namespace)
            except BaseException:  # its failure must not affect the code that uses the namespace
                logger.exception("%r failed for %r", listener, namespace)

    def namespaces(self) -> list[Namespace]:
        """The namespaces that exist; the default one is always among them."""
        elsewhere = self.used_elsewhere()
        with self.lock:
            dynamic = [child for child in self._children.values() if child.local_sockets_count]
            found = {child.name: child for child in (*elsewhere, *dynamic)}
            return list({**self._namespaces, **found}.values())

    def used_elsewhere(self) -> list[Namespace]:
        """With --workers: the dynamic namespaces that clients of other processes use."""
        if not self.spans_processes or self._core is None:
            return []
        return [
            self._of_others(name)
            for name, sockets in self._core.namespaces_in_use().items()
            if sockets and name not in self._namespaces
        ]

    def find_anywhere(self, name: str) -> Namespace | None:
        """The same as find(), also if only clients of other processes use the namespace."""
        found = self.find(name)
        if found is not None:
            return found
        return next((one for one in self.used_elsewhere() if one.name == name), None)

    def _of_others(self, name: str) -> Namespace:
        """The namespace, which has clients in other processes.

        If a function has accepted its name there, it is not kept here: clients of this process
        may use it only if the function accepts it here too.
        """
        found = self.find_or_fit(name)
        if found is not None:
            return found
        child = ChildNamespace(name, self)
        functions = [parent for parent in self.parent_namespaces() if parent.is_function]
        if len(functions) == 1:  # otherwise it is not known which of them has accepted it
            child.belong_to(functions[0], None)
        return child

    def named_namespaces(self) -> list[Namespace]:
        """The static namespaces."""
        return list(self._namespaces.values())

    def parent_namespaces(self) -> list[ParentNamespace]:
        """The patterns of dynamic namespaces."""
        return list(self._parents.values())

    def find(self, name: str) -> Namespace | None:
        """The namespace that clients call `name`, if there is one."""
        named = self._namespaces.get(name)
        if named is not None:
            return named
        child = self._children.get(name)
        return None if child is None or child.parent is None else child

    def find_or_fit(self, name: str) -> Namespace | None:
        """The same; it is created if it matches the regular expression of dynamic namespaces."""
        found = self.find(name)
        if found is not None:
            return found
        children = (parent.fit(name) for parent in self.parent_namespaces())
        child = next(filter(None, children), None)
        return None if child is None else self._adopt(child)

    async def admit(self, name: str, auth: Any, limit: TimeLimit) -> Namespace | None:
        """A client asks for a namespace that does not exist: create it, if a pattern accepts it."""
        for parent in self.parent_namespaces():
            child = await parent.admit(name, auth, limit)
            if child is not None:
                return self._adopt(child)
        return None

    def keep(self, child: ChildNamespace) -> None:
        """A dynamic namespace has its own handlers now: it is never deleted."""
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
        """The namespace of this name, if it exists or a regular expression matches.

        If functions decide, a name that none of them has accepted gets a namespace that clients
        can't find: code that only emits to it must not open a namespace without handlers.
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
        """The child, or the namespace of the same name that was created meanwhile."""
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
        callback: AnswersCallback | None = None,
    ) -> Done:
        """Send an event to every client in a room, in any of several rooms, or, without `room`,
        in the namespace. Each client gets it once; an empty list of rooms reaches nobody.

        The event is queued when the call returns. Awaiting the result waits while events are
        emitted faster than they can be sent; in other threads the call itself waits. Arguments are
        JSON values, which may contain bytes, and values that DjangoJSONEncoder can encode.
        `callback`: see Broadcast.emit().

        Raises TypeError or ValueError for a value that can't be encoded (the message has the path
        to it), ValueError for a reserved event name, RuntimeError if no server runs in this process
        and neither Redis nor a control socket is configured.

        In a process that runs no server, the event goes to the servers through Redis or the control
        socket, if one is configured; see `emitter` and RedisEmitter.emit().
        """
        to = EVERYONE if room is None else Target(frozenset(room_names(room)))
        return Broadcast(self._target(namespace), to).emit(event, *args, callback=callback)

    def emit_with_ack(
        self,
        event: str,
        *args: Any,
        room: Room | Iterable[Room] | None = None,
        namespace: str | NamespacePattern = DEFAULT_NAMESPACE,
        timeout: float | None = None,
    ) -> Awaitable[list[Any]]:
        """Send an event and collect the answers; see Broadcast.emit_with_ack()."""
        to = EVERYONE if room is None else Target(frozenset(room_names(room)))
        return Broadcast(self._target(namespace), to).emit_with_ack(event, *args, timeout=timeout)

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
        """Use another kind of Adapter: `factory(namespace)` creates one for each namespace.

        Raises RuntimeError if clients are already connected.
        """
        if self.local_clients_count:
            raise RuntimeError("set the adapter before clients are connected")
        self.make_adapter = factory
        with self.lock:
            for namespace in (*self._namespaces.values(), *self._children.values()):
                namespace.renew_adapter()

    @property
    def room_watcher(self) -> RoomWatcher | None:
        """Is told which rooms are in use, in addition to the listeners of adapters."""
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
        """Whether a server runs in this process, so that emit() reaches its clients.

        In manage.py commands and in Celery's workers no server runs. There emit() goes through
        `emitter`. If that is None, it raises RuntimeError.
        """
        # A child made by fork() has the object, but no server.
        return self._core is not None and self._process == os.getpid()

    @property
    def clients_count(self) -> int:
        """Engine.IO sessions that have connected to a namespace."""
        if self.spans_processes and self._core is not None:
            return self._core.client_count()
        return self.local_clients_count

    def counts(self) -> dict[str, int]:
        """The counters of the native server of this process.

        Current numbers: `sessions` (clients), of which `polling_sessions`, `sockets` (one per
        client and namespace), `namespaces`, `rooms`. Totals since the start: `sessions_opened`,
        `sessions_closed`, `packets_in`, `packets_out`, `bytes_in`, `bytes_out`. How often limits
        were reached: `sessions_refused`, `messages_too_large`, `volatile_dropped` and others, which
        docs/limits.md lists. Threads for synchronous code: `threads_busy`, `threads_queued`
        (calls that wait for one), `threads_oldest_wait_ms`, `threads_refused` (requests answered
        with 503).

        Raises RuntimeError if no server runs in this process.
        """
        if self._core is None:
            raise RuntimeError(
                "there are no counts: no Socket.IO server is running in this process"
            )
        counts: dict[str, int] = self._core.counts()
        counts.update(self._counts_of_threads())
        return counts

    def _counts_of_threads(self) -> dict[str, int]:
        if self._threads is None:
            return {}
        figures = self._threads.figures()
        return {
            "threads_busy": figures.busy,
            "threads_queued": figures.queued,
            "threads_oldest_wait_ms": round(figures.oldest_wait * 1000),
            "threads_refused": figures.refused,
        }

    def core(self, event: str) -> Server:
        """The native server, for emitting `event`. Raises RuntimeError while none runs."""
        if self._core is None:
            self.check_running(f"emit {event!r}")
        assert self._core is not None
        return self._core

    def call_back(self, answers: Awaitable[list[Any]], callback: AnswersCallback) -> None:
        """Call `callback(error, answers)` on the server's event loop when the answers are there."""
        loop = self._loop
        if loop is None:  # emits are collected (captured_emits), without an event loop
            if inspect.iscoroutine(answers):
                answers.close()
            return

        async def wait() -> None:
            error, responses = None, []
            try:
                responses = await answers
            except AckTimeout as missing:
                error, responses = missing, missing.responses
            result = callback(error, responses)
            if inspect.isawaitable(result):
                with limit_of(callback, self.handler_timeout):
                    await result

        loop.call_soon_threadsafe(start_task, wait, self._waiting)

    @done_when_called
    def close(self) -> Done:
        """Stop the server of this process gracefully, as SIGTERM does. From any thread.

        Requests in flight are answered, clients disconnected ("server shutting down"), and the
        disconnect handlers run. The call does not wait for that. Does nothing if no server runs.
        """
        stop = self.stop_server  # another thread may remove it
        if stop is not None:
            stop()
        return DONE

    def pace(self) -> Done:
        """The result of an emit: done, or, on the server's event loop, waiting until earlier
        commands are carried out. In other threads the emit itself has waited.
        """
        core = self._core
        space = None if core is None else core.space()
        return DONE if space is None else Later(lambda: _wait(space))

    def _target(self, namespace: str | NamespacePattern) -> AnyNamespace:
        """A namespace to emit to, which is not created by that."""
        if not isinstance(namespace, str):
            return self.of(namespace)
        named = self._namespaces.get(namespace)
        if named is not None:
            return named
        name = namespace_name(namespace)
        return self._known(name) or Namespace(name, self)

    def register_connect_hook(self, hook: _ConnectHook) -> _ConnectHook:
        """Call `hook(socket)` for each client that is accepted, in any namespace.

        It is called before the client's first event is handled. Also a decorator.
        """
        self.connect_hooks.append(Handler(hook))
        return hook

    def is_private_room(self, namespace: AnyNamespace, room: str) -> bool:
        """Whether a room is named as a client's id, so that other clients can't join it."""
        if self.allow_private_rooms:
            return False
        if namespace.socket(room) is not None:
            return True
        core = self._core
        return (
            self.spans_processes
            and core is not None
            and CLIENT_ID.fullmatch(room) is not None
            and core.is_client_id(namespace.name, room)
        )

    def register_disconnect_hook(self, hook: _DisconnectHook) -> _DisconnectHook:
        """Call `hook(socket, reason)` for each client that has disconnected, in any namespace.

        It is called after the disconnect handler of the client's namespace. Also a decorator.
        """
        self.disconnect_hooks.append(Handler(hook))
        return hook

    def native_relays(self, relays: tuple[Relay, ...]) -> int:
        """The number under which the native server knows these relays, created once."""
        found = self._native_relays.get(relays)
        if found is None:
            core = self.core("relayed events")
            found = core.make_relays([relay.native() for relay in relays])
            self._native_relays[relays] = found
        return found

    def attach(self, core: Server, threads: Threads | None = None) -> None:
        """Start emitting through a native server, whose handlers use `threads`.

        Raises RuntimeError while another is attached.
        """
        process = os.getpid()
        if self._core is not None and self._core is not core and self._process == process:
            raise RuntimeError("this process runs a Socket.IO server already")
        self._core, self._process, self._threads = core, process, threads
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        self._native_relays.clear()
        for name in list(self._namespaces):
            core.add_namespace(name)
        self.enable_native_hooks(core)
        if self._parents:
            core.serve_dynamic_namespaces()
        logger.info("attached to the native server")

    def detach(self, core: Server) -> None:
        """Stop emitting through this native server, which has stopped."""
        if self._core is core:
            self._core = self._loop = self._threads = self.stop_server = None
            self.spans_processes = False
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
