"""A Socket.IO server in the test's event loop: real namespaces, rooms and packets, no network.

The native server's own code for Socket.IO runs here without its thread and without sockets
(`_sioserve.LoopbackServer`): the events that a handler emits are encoded, routed and decoded as in
production. Its clients are those of socketio_client.py.

Handlers use the process's only SocketIOServer. During the test it has the test's handlers; after
the test it has its earlier handlers again.
"""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import _sioserve
from sio import SocketIOConsumer
from sio.dispatcher import Dispatcher
from sio.encoding import default as json_default
from sio.handlers import in_thread_of_caller
from sio.socketio.server import SocketIOServer, get_socketio_server

from sioserve.testing.registrations import Registrations
from sioserve.testing.socketio_session import Session

PATIENCE = 5.0  # seconds until a waiting test fails
LAST_PATIENCE = 1.0  # seconds for handlers that still run at the end
SHORTEST_GLANCE, LONGEST_GLANCE = 0.0002, 0.005  # seconds

_Host = TypeVar("_Host", bound="LoopbackHost")


class LoopbackHost:
    """The interface of a SioTestServer for its own parts, without clients."""

    def __init__(
        self,
        *consumers: type[SocketIOConsumer],
        raise_handler_errors: bool = True,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.handler_errors: list[BaseException] = []
        self.raise_handler_errors = raise_handler_errors
        self._consumers = consumers
        self._settings = dict(settings or {})
        self._users = 0
        self._sessions: dict[int, Session] = {}

    @property
    def server(self) -> SocketIOServer:
        """The result of sio.get_socketio_server()."""
        return get_socketio_server()

    @property
    def default_namespace(self) -> str:
        """The namespace of the first consumer."""
        return namespace_of(*self._consumers)

    def add_consumer(self, consumer: type[SocketIOConsumer]) -> None:
        """Serve one more consumer. Adding it twice changes nothing."""
        self.server.of(consumer.namespace).use_consumer(consumer)

    async def settle(self, timeout: float = PATIENCE) -> None:
        """Return when no handler runs and no event is in flight.

        Raises TimeoutError if a handler waits for too long.
        """
        await self.wait_for(self._is_quiet, timeout, "a handler still runs")

    def advance(self, seconds: float) -> None:
        """Advance the time of the server's own timers; asyncio's timers are not affected."""
        self._core.advance(round(seconds * 1000))

    async def __aenter__(self: _Host) -> _Host:
        if self._users == 0:
            self._start()
        self._check_usable()
        self._users += 1
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        self._users -= 1
        if self._users:
            return
        try:
            # After the disconnect, a handler may learn that its acknowledgement will not come.
            for session in list(self._sessions.values()):
                session.leave()
            await self._until(self._is_quiet, LAST_PATIENCE)
        finally:
            await self._end()
        if error is None and self.raise_handler_errors and self.handler_errors:
            raise self.handler_errors[0]

    # --- for clients ---

    def open_session(self, scope: dict[str, Any]) -> Session:
        """Open a client's session with this handshake."""
        number = self._core.open_session(scope)
        session = self._sessions[number] = Session(self._core, number, self._forget)
        return session

    async def wait_for(
        self, condition: Callable[[], Any], timeout: float, what: str | Callable[[], str]
    ) -> None:
        """Wait until the condition is true. Raises TimeoutError, caused by a handler's exception if
        any.

        `what`: the text for the message, in addition to the time.
        """
        if not await self._until(condition, timeout):
            message = what if isinstance(what, str) else what()
            cause = self.handler_errors[0] if self.handler_errors else None
            raise TimeoutError(f"after {timeout:g} s: {message}") from cause

    # --- internal ---

    def _start(self) -> None:
        global _current
        if _current is not None:
            _current._check_usable()
            raise RuntimeError("a Socket.IO test server runs already: leave it first, or use it")
        self._loop = asyncio.get_running_loop()
        self._registrations = Registrations(self.server)
        try:
            self._prepare()
        except BaseException:
            self._registrations.restore()
            raise
        _current = self

    def _prepare(self) -> None:
        if self._consumers:
            self._registrations.clear()
        for consumer in self._consumers:
            self.add_consumer(consumer)
        self.server.failure_hooks.append(self._keep)
        self._dispatcher = Dispatcher()
        # The dispatcher refers to the native server, which Python's garbage collector can't
        # traverse.
        self._core = _sioserve.LoopbackServer(
            _weakly(self._wake),
            weakref.proxy(self._dispatcher),
            json_default=json_default,
            # The sessions use JSON, also if clients on the network use another parser.
            **{**self._settings, "parser": "json"},
        )
        self._context = contextvars.copy_context()
        self._context.run(in_thread_of_caller.set, True)
        self._scheduled = False
        self._dispatcher.bind(self._core)

    async def _end(self) -> None:
        global _current
        _current = None
        try:
            await self._dispatcher.close(LAST_PATIENCE)
        finally:
            self._sessions.clear()
            self._registrations.restore()

    def _check_usable(self) -> None:
        """Raise RuntimeError if the server belongs to another event loop."""
        if self._loop is not asyncio.get_running_loop():
            raise RuntimeError(
                "a Socket.IO test server of another event loop is still there: a test, or its "
                "fixture, has not left its `async with` block"
            )

    def abandon(self) -> None:
        """Restore the process's handlers without an event loop: the block was not left."""
        global _current
        if _current is self:
            _current = None
            self.server.detach(self._core)
            self._registrations.restore()

    def _keep(self, error: BaseException) -> None:
        self.handler_errors.append(error)

    def _forget(self, number: int) -> None:
        self._sessions.pop(number, None)

    def _is_quiet(self) -> bool:
        return not (
            self._scheduled
            or self._dispatcher.is_busy()
            or any(session.is_busy() for session in self._sessions.values())
        )

    async def _until(self, condition: Callable[[], Any], timeout: float) -> bool:
        """Whether the condition becomes true within `timeout` seconds. It is polled."""
        end = self._loop.time() + timeout
        pause = 0.0
        while not condition():
            if self._loop.time() > end:
                return False
            await asyncio.sleep(pause)
            pause = min(pause + SHORTEST_GLANCE, LONGEST_GLANCE)
        return True

    def _wake(self) -> None:
        """Any thread: the native server has new events."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon_threadsafe(self._pump, context=self._context)

    def _pump(self) -> None:
        self._scheduled = False
        self._core._drain()
        for session in list(self._sessions.values()):
            session.take_sent()


_current: LoopbackHost | None = None


def namespace_of(*consumers: type[SocketIOConsumer]) -> str:
    """The namespace of the first one. Raises ValueError if it is not a valid name."""
    name = consumers[0].namespace if consumers else "/"
    if not isinstance(name, str):
        raise ValueError(
            f"{consumers[0].__qualname__} serves all namespaces that fit {name!r}: "
            "say which, with namespace="
        )
    return name


def current_server() -> LoopbackHost | None:
    """The test server that runs in this process."""
    return _current


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    reference = weakref.WeakMethod(method)

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    return call
