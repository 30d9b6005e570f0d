"""RedisEmitter and ControlEmitter: emit without a server in this process."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ...awaitables import Done, done_when_called
from ...json_values import json_value
from ...names import DEFAULT_NAMESPACE, Room, check_namespace, namespace_name
from ..all_clients import AllClients
from ..broadcast import AnswersCallback, Broadcast
from ..server_side import check_server_side_event
from .control_client import ControlClient, ControlFormat
from .formats import Format, PlainFormat, RedisFormat, ShardedFormat
from .publisher import Client, Publisher
from .publishing_adapter import PublishingAdapter
from .redis_client import RedisClient, packer, without_password
from .settings import DEFAULT_PREFIX


class PublishingEmitter(AllClients[Any], ABC):
    """Emits without a server in this process; RedisEmitter and ControlEmitter."""

    def __init__(
        self, connect: Callable[[], Client], json_default: Callable[[Any], Any] | None
    ) -> None:
        self.json_default = json_default
        self._publisher = Publisher(connect)

    def of(self, namespace: str) -> EmitterNamespace:
        """The namespace of that name. Raises ValueError as SocketIOServer.of() does."""
        name = namespace_name(namespace)
        check_namespace(name)
        return EmitterNamespace(self, name)

    @done_when_called
    def emit(
        self,
        event: str,
        *args: Any,
        room: Room | Iterable[Room] | None = None,
        namespace: str = DEFAULT_NAMESPACE,
        callback: AnswersCallback | None = None,
    ) -> Done:
        """Send an event, as SocketIOServer.emit() does; a callback raises RuntimeError.

        In a thread without an event loop, Redis or the server has taken the event when the call
        returns; a failure raises PublishError. On an event loop the call does not wait, and
        awaiting its result does; what is not awaited is sent all the same, and a failure is logged.
        """
        target = self.of(namespace).everyone()
        return (target if room is None else target.to(room)).emit(event, *args, callback=callback)

    def everyone(self) -> Broadcast[Any]:
        """All clients of the default namespace."""
        return self.of(DEFAULT_NAMESPACE).everyone()

    @done_when_called
    def server_side_emit(self, event: str, *args: Any) -> Done:
        """Send an event to all servers, to their on_server_side_emit()."""
        return self.of(DEFAULT_NAMESPACE).server_side_emit(event, *args)

    def close(self) -> None:
        """Send the events that wait, and close the connection; another emit opens it again."""
        self._publisher.close()

    def call_back(self, answers: Awaitable[list[Any]], callback: AnswersCallback) -> None:
        """Not called: emit_with_ack() has raised."""

    def adapter_of(
        self, namespace: str, json_default: Callable[[Any], Any] | None
    ) -> PublishingAdapter:
        """For one namespace; it is not checked."""
        return PublishingAdapter(
            self._publisher,
            self._format(namespace),
            functools.partial(json_value, hook=json_default),
        )

    @abstractmethod
    def _format(self, namespace: str) -> Format:
        """The messages to the servers."""


class RedisEmitter(PublishingEmitter):
    """Emits to the clients of all servers that use this Redis: those of sioserve with `--redis`,
    and those of Node with @socket.io/redis-adapter.

    Without one, `get_socketio_server()` emits through Redis as Django's setting SIO_REDIS_URL or
    the environment variable SIOSERVE_REDIS says; this class is for other cases. Its methods are
    those of the server. What needs answers raises RuntimeError.

    * `url`: redis://[[user]:password@]host[:port][/database], rediss:// with TLS, or
      unix:///path/of/socket.
    * `prefix`: the servers' `--redis-prefix`; in Node the option `key`, or `channelPrefix`.
    * `sharded`: the servers use sharded Pub/Sub (`--redis-sharded`, createShardedAdapter()).
    * `json_default`: as that of SocketIOServer.

    It connects when it is used, with one connection for all threads and event loops of a process.
    Raises RuntimeError if the packages redis or msgpack are missing, or for an invalid URL.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = DEFAULT_PREFIX,
        sharded: bool = False,
        json_default: Callable[[Any], Any] | None = None,
    ) -> None:
        self._prefix = prefix
        self._make_format: type[RedisFormat] = ShardedFormat if sharded else PlainFormat
        self._pack = packer()
        RedisClient(url)  # raises
        self._url = without_password(url)
        super().__init__(functools.partial(RedisClient, url), json_default)

    def __repr__(self) -> str:
        return f"<RedisEmitter {self._url}>"

    def _format(self, namespace: str) -> Format:
        return self._make_format(self._prefix, namespace, self._pack)


class ControlEmitter(PublishingEmitter):
    """Emits to the clients of a server on the same machine, through its control socket.

    `path` is the server's `--control`, or its `--pid` with ".control" behind it. Only the user that
    runs the server, and root, may use it. Its methods are those of RedisEmitter. An emit that
    fails, because no server runs there, for example, raises PublishError.
    """

    def __init__(self, path: str, *, json_default: Callable[[Any], Any] | None = None) -> None:
        self._path = path
        super().__init__(functools.partial(ControlClient, path), json_default)

    def __repr__(self) -> str:
        return f"<ControlEmitter {self._path}>"

    def _format(self, namespace: str) -> Format:
        return ControlFormat(namespace)


class EmitterNamespace(AllClients[Any]):
    """One namespace of the servers, made by an emitter's of()."""

    def __init__(self, emitter: PublishingEmitter, name: str) -> None:
        self.name = name
        self.server = emitter

    def __repr__(self) -> str:
        return f"<EmitterNamespace {self.name} of {self.server!r}>"

    def everyone(self) -> Broadcast[Any]:
        """All clients of the namespace."""
        return Broadcast(self)

    @done_when_called
    def server_side_emit(self, event: str, *args: Any) -> Done:
        """Send an event to all servers, to their on_server_side_emit() of this namespace."""
        check_server_side_event(event)
        return self.broadcast_adapter.server_side_emit(event, args)

    @property
    def broadcast_adapter(self) -> PublishingAdapter:
        """How the clients are reached."""
        return self.server.adapter_of(self.name, self.server.json_default)
