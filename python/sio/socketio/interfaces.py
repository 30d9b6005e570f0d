"""Protocols of namespaces and the server, for sockets and adapters, which are lower layers.

`_S` is the class of the sockets: a NamespaceSocket's `name_space` is a
`Namespace[NamespaceSocket]`. The classes Namespace and SocketIOServer have the docstrings.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from ..awaitables import Done
from ..engine import EngineIOSession
from ..handlers import Ack, Handler
from ..names import Room
from ..relays import Relay, Rooms
from ..types import Consumer, NamespacePattern, RoomWatcher
from .broadcast import AnswersCallback, Broadcast
from .broadcast_adapter import BroadcastAdapter
from .cluster.publishing_adapter import PublishingAdapter
from .room_events import RoomListener
from .socket_list import SocketList

if TYPE_CHECKING:
    from _sioserve import Server as NativeServer

_S = TypeVar("_S")
_Receiver = TypeVar("_Receiver", bound=Callable[..., Any])
_Sockets = TypeVar("_Sockets", contravariant=True)


class Emitting(Protocol[_S]):
    """Emits to clients, as the server and its namespaces do."""

    def everyone(self) -> Broadcast[_S]: ...

    def emit(self, event: str, *args: Any, callback: AnswersCallback | None = None) -> Done: ...

    def send(self, *args: Any) -> Done: ...

    def emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]: ...

    def to(self, room: Room | Iterable[Room]) -> Broadcast[_S]: ...

    def in_(self, room: Room | Iterable[Room]) -> Broadcast[_S]: ...

    def except_(self, room: Room | Iterable[Room]) -> Broadcast[_S]: ...

    @property
    def local(self) -> Broadcast[_S]: ...

    @property
    def volatile(self) -> Broadcast[_S]: ...

    def compress(self, compress: bool) -> Broadcast[_S]: ...

    def timeout(self, seconds: float) -> Broadcast[_S]: ...

    def fetch_sockets(self) -> SocketList[_S]: ...

    def sockets_join(self, room: Room | Iterable[Room]) -> Done: ...

    def sockets_leave(self, room: Room | Iterable[Room]) -> Done: ...

    def disconnect_sockets(self, close: bool = False) -> Done: ...


class ServerSide(Protocol):
    """Sends events to the other servers of a cluster."""

    def server_side_emit(self, event: str, *args: Any) -> Done: ...

    def server_side_emit_with_ack(
        self, event: str, *args: Any, timeout: float | None = None
    ) -> Awaitable[list[Any]]: ...

    def on_server_side_emit(self, event: str) -> Callable[[_Receiver], _Receiver]: ...


class Adapter(Protocol[_Sockets]):
    """What sockets report to their namespace's adapter, and the adapter to its listeners."""

    def on(self, event: str) -> Callable[[RoomListener], RoomListener]: ...

    def off(self, event: str, listener: RoomListener) -> None: ...

    def rooms(self) -> dict[str, set[str]]: ...

    def join(self, socket: _Sockets, room: str) -> Done: ...

    def leave(self, socket: _Sockets, room: str) -> None: ...

    def leave_all(self, socket: _Sockets) -> None: ...

    def update_watch(self) -> None: ...

    async def server_count(self) -> int: ...


class Table(Protocol):
    """What sockets need of a HandlerTable."""

    def check_not_relayed(self, event: str) -> None: ...

    def relays_for(self, session: EngineIOSession) -> tuple[Relay, ...]: ...

    def can_resume(self, session: EngineIOSession) -> bool: ...


class AnyNamespace(Emitting[_S], Protocol[_S]):
    """A namespace, or a pattern for dynamic namespaces."""

    @property
    def name(self) -> str: ...

    @property
    def server(self) -> Server[_S]: ...

    @property
    def broadcast_adapter(self) -> BroadcastAdapter[_S]: ...

    @property
    def table(self) -> Table: ...

    @property
    def sockets_count(self) -> int: ...

    @property
    def local_sockets_count(self) -> int: ...

    def sockets(self) -> list[_S]: ...

    def socket(self, id: str) -> _S | None: ...

    def rooms(self) -> dict[str, set[str]]: ...

    def on(
        self, event: str
    ) -> Callable[
        [Callable[[_S, list[Any], Ack | None], Awaitable[None] | None]],
        Callable[[_S, list[Any], Ack | None], Awaitable[None] | None],
    ]: ...

    def on_connect(
        self, function: Callable[[_S, Any], Awaitable[Any] | Any]
    ) -> Callable[[_S, Any], Awaitable[Any] | Any]: ...

    def use(
        self, function: Callable[[_S, Any], Awaitable[None] | None]
    ) -> Callable[[_S, Any], Awaitable[None] | None]: ...

    def add_handler(self, event: str, handler: Handler) -> None: ...

    def event_names(self) -> list[str]: ...

    def add_any_event(self, handler: Handler) -> None: ...

    def relay(
        self,
        event: str,
        *,
        to: Rooms | Room | Iterable[Room] = Rooms.OWN,
        volatile: bool = False,
        max_bytes: int | None = None,
        rate: int | None = None,
        include_sender: bool = False,
    ) -> None: ...

    def use_consumer(self, consumer_class: type[Consumer]) -> None: ...

    def serve_natively(self, consumer_class: type[Consumer] | None = None) -> None: ...


class Namespace(AnyNamespace[_S], ServerSide, Protocol[_S]):
    """A Namespace."""

    @property
    def match(self) -> re.Match[str] | None: ...

    @property
    def rooms_lock(self) -> RLock: ...

    @property
    def adapter(self) -> Adapter[_S]: ...

    @property
    def outgoing_watched(self) -> set[_S]: ...

    @property
    def has_sockets(self) -> bool: ...

    def socket_numbered(self, number: int) -> _S | None: ...

    def remove_socket(self, socket: _S) -> None: ...

    async def receive_server_side_emit(
        self, event: str, args: list[Any], ack: Ack | None = None
    ) -> None: ...


class Server(Emitting[_S], ServerSide, Protocol[_S]):
    """The SocketIOServer."""

    json_default: Callable[[Any], Any] | None
    recovery_skips_middleware: bool
    allow_private_rooms: bool
    ack_unknown_events: bool
    handler_timeout: float | None

    @property
    def clients_count(self) -> int: ...

    @property
    def local_clients_count(self) -> int: ...

    def pace(self) -> Done: ...

    @property
    def running(self) -> bool: ...

    @overload
    def of(self, namespace: str) -> Namespace[_S]: ...
    @overload
    def of(self, namespace: NamespacePattern) -> AnyNamespace[_S]: ...

    def on_new_namespace(self, listener: Callable[[Any], Any]) -> Callable[[Any], Any]: ...

    def namespaces(self) -> Sequence[Namespace[_S]]: ...

    def find(self, name: str) -> Namespace[_S] | None: ...

    def emit(
        self,
        event: str,
        *args: Any,
        room: Room | Iterable[Room] | None = None,
        namespace: str | NamespacePattern = "/",
        callback: AnswersCallback | None = None,
    ) -> Done: ...

    def call_back(self, answers: Awaitable[list[Any]], callback: AnswersCallback) -> None: ...

    def close(self) -> Done: ...

    def emit_with_ack(
        self,
        event: str,
        *args: Any,
        room: Room | Iterable[Room] | None = None,
        namespace: str | NamespacePattern = "/",
        timeout: float | None = None,
    ) -> Awaitable[list[Any]]: ...

    def use(
        self, function: Callable[[_S, Any], Awaitable[None] | None]
    ) -> Callable[[_S, Any], Awaitable[None] | None]: ...

    def counts(self) -> dict[str, int]: ...

    def register_connect_hook(
        self, hook: Callable[[_S], Awaitable[None] | None]
    ) -> Callable[[_S], Awaitable[None] | None]: ...

    def register_disconnect_hook(
        self, hook: Callable[[_S, str], Awaitable[None] | None]
    ) -> Callable[[_S, str], Awaitable[None] | None]: ...

    # --- for sockets, namespaces and adapters ---

    spans_processes: bool

    def is_private_room(self, namespace: Any, room: str) -> bool: ...

    def used_elsewhere(self) -> Sequence[Any]: ...

    @property
    def lock(self) -> RLock: ...

    @property
    def room_watcher(self) -> RoomWatcher | None: ...

    @property
    def make_adapter(self) -> Callable[[Any], Any]: ...

    @property
    def connect_hooks(self) -> list[Handler]: ...

    @property
    def disconnect_hooks(self) -> list[Handler]: ...

    @property
    def resume_hooks(self) -> list[Handler]: ...

    @property
    def failure_hooks(self) -> list[Callable[[BaseException], None]]: ...

    @property
    def native(self) -> NativeServer | None: ...

    def core(self, event: str) -> NativeServer: ...

    def check_running(self, what: str) -> None: ...

    def publishing_adapter(self, namespace: str) -> PublishingAdapter | None: ...

    def native_relays(self, relays: tuple[Relay, ...]) -> int: ...

    def keep(self, child: Any) -> None: ...

    def notify_new_namespace(self, namespace: Any) -> None: ...
