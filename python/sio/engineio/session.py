"""EngineIOSession: what Python knows about one Engine.IO session.

The session itself, with its transports, timers and queues, lives in the native engine.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, NoReturn

from ..handover import ROUTED
from ..identity import identify
from .app import EngineIOSocket
from .utils import parse_query

if TYPE_CHECKING:
    from _sioserve import Server

    from ..socketio.socket import NamespaceSocket


class EngineIOSession:
    """One client's session, shared by its sockets in all namespaces.

    * `sid`: a name for the session within this process. It is not the id in the client's requests,
      which is a secret between client and server and stays in the native engine.
    * `scope`: the ASGI scope of the handshake.
    * `sockets`: those that are connected or connecting.
    * `closed`: the client has gone.
    """

    def __init__(self, number: int, scope: dict[str, Any], core: Server | None = None) -> None:
        self._number = number
        self._core = core
        self._status: tuple[str, float | None] | None = None  # the last one
        self.sid = str(number)
        self.scope = scope
        self.closed = False
        self.sockets: set[NamespaceSocket] = set()
        self.callback_numbers = itertools.count(1)
        self._socket: EngineIOSocket | None = None
        self._identifying = asyncio.Lock()
        self._identified = False

    @property
    def socket(self) -> EngineIOSocket:
        """What a socket's `eio` is."""
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

    def close(self) -> None:
        """The client has gone."""
        self._read_status()
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
        return ROUTED in self.scope

    async def identify(self) -> None:
        """Load user and session into the scope, once. Raises what the database raises."""
        async with self._identifying:
            if not self._identified:
                await identify(self.scope)
                self._identified = True


async def create_session() -> NoReturn:
    """Raises RuntimeError: only the native engine opens sessions."""
    raise RuntimeError("Engine.IO sessions are opened by sioserve's native engine")


async def get_session(sid: str) -> NoReturn:
    """Raises RuntimeError: sessions are reached through a socket's `eio`."""
    raise RuntimeError("Engine.IO sessions live in sioserve's native engine; use socket.eio")


async def destroy_session(sid: str) -> NoReturn:
    """Raises RuntimeError: sessions are closed with `socket.eio.close()`."""
    raise RuntimeError("Engine.IO sessions live in sioserve's native engine; use eio.close()")
