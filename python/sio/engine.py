"""Engine.IO in Python: a client's session, and the object that users get as `socket.eio`.

The session itself, with its transports, timers and queues, is in the native engine, which serves
only Socket.IO.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from .awaitables import DONE, Done, done_when_called
from .django_support import django_ready
from .handover import ROUTED
from .handshake import parse_query
from .identity import identify
from .lazy_attribute import LazyAttribute
from .types import Socket

if TYPE_CHECKING:
    from _sioserve import Server

# Another thread may wake a dormant client of a session while a client of it connects.
_changing_sockets = threading.Lock()


class EngineIOSession:
    """One client's session, shared by its sockets in all namespaces.

    * `sid`: a name for the session within this process. It is not the id in the client's requests,
      which is secret and stays in the native engine.
    * `scope`: the ASGI scope of the handshake.
    * `sockets`: those that are connected or connecting.
    * `closed`: the session has ended.
    """

    # Less memory for each idle client.
    __slots__ = (
        "_callback_numbers",
        "_core",
        "_identified",
        "_identifying",
        "_make_scope",
        "_number",
        "_scope",
        "_socket",
        "_status",
        "closed",
        "sockets",
    )

    callback_numbers = LazyAttribute[Iterator[int]](
        "_callback_numbers", lambda session: itertools.count(1)
    )
    scope = LazyAttribute[dict[str, Any]]("_scope", lambda session: session._make_scope())

    def __init__(
        self,
        number: int,
        scope: dict[str, Any] | Callable[[], dict[str, Any]],
        core: Server | None = None,
    ) -> None:
        """`scope`: the scope, or a function that makes it, of a native handshake."""
        self._number = number
        self._core = core
        self._status: tuple[str, float | None] | None = None  # the last one
        self._scope: dict[str, Any] | None = None if callable(scope) else scope
        self._make_scope: Callable[[], dict[str, Any]] | None = scope if callable(scope) else None
        self.closed = False
        self.sockets: tuple[Socket, ...] = ()
        self._callback_numbers: Iterator[int] | None = None
        self._socket: EngineIOSocket | None = None
        self._identifying: asyncio.Lock | None = None  # while it runs
        self._identified = False

    @property
    def sid(self) -> str:
        return str(self._number)

    def add(self, socket: Socket) -> None:
        """To `sockets`. Any thread, as for discard()."""
        with _changing_sockets:
            self.sockets = (*self.sockets, socket)

    def discard(self, socket: Socket) -> None:
        """From `sockets`, if it is among them."""
        with _changing_sockets:
            self.sockets = tuple(other for other in self.sockets if other is not socket)

    @property
    def socket(self) -> EngineIOSocket:
        """The value of a socket's `eio`."""
        if self._socket is None:
            self._socket = EngineIOSocket(self)
        return self._socket

    @property
    def transport(self) -> str:
        """ "polling" or "websocket", now or in the end."""
        status = self._read_status()
        if status is None:
            return str(parse_query(self.scope).get("transport", "polling"))
        return status[0]

    @property
    def latency(self) -> float | None:
        """Seconds of the latest ping's round trip; None before the first."""
        status = self._read_status()
        return None if status is None else status[1]

    def close(self, status: tuple[str, float | None] | None) -> None:
        """The session has ended; stores its last transport and latency."""
        self._status = status or self._status
        self.closed = True
        self._core = None

    def _read_status(self) -> tuple[str, float | None] | None:
        core = self._core
        if core is not None:
            self._status = core.session_status(self._number) or self._status
        return self._status

    @property
    def is_routed(self) -> bool:
        """Whether the handshake came through the ASGI application."""
        return self._make_scope is None and ROUTED in self.scope

    @property
    def number(self) -> int:
        """The number of this session in the native server."""
        return self._number

    async def identify(self) -> None:
        """Load user and session into the scope, once. Raises what the database raises."""
        if self._identified:
            return
        if self._identifying is None:
            self._identifying = asyncio.Lock()
        async with self._identifying:
            if not self._identified:
                if django_ready():  # otherwise the scope need not be made
                    await identify(self.scope)
                self._identified = True
        self._identifying = None


class EngineIOSocket:
    """One client's connection, which its sockets in all namespaces share."""

    def __init__(self, session: EngineIOSession) -> None:
        self._session = session

    @property
    def sid(self) -> str:
        """A name for the session within this process; see EngineIOSession."""
        return self._session.sid

    @done_when_called
    def close(self, reason: str = "server_close") -> Done:
        """End the client's session: all its namespaces are disconnected. From any thread.

        The disconnect handlers get the native engine's reason; `reason` is not used.
        """
        for socket in self._session.sockets[:1]:
            socket.disconnect(close=True)
        return DONE

    async def send(self, data: str | bytes) -> NoReturn:
        """Raises RuntimeError: use the emit() of a Socket.IO socket."""
        raise RuntimeError("sioserve sends no bare Engine.IO messages; use socket.emit()")


class EngineIOApplication:
    """Base of protocols on Engine.IO. sioserve calls none of these methods."""

    served_natively = False

    async def on_connect(self, socket: EngineIOSocket) -> None:
        pass

    async def on_transport_upgrade(self, socket: EngineIOSocket) -> None:
        pass

    async def on_message(self, socket: EngineIOSocket, data: Any, binary: bool) -> None:
        pass

    async def on_disconnect(self, socket: EngineIOSocket, reason: str) -> None:
        pass
