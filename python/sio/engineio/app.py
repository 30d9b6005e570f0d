"""The Engine.IO connection under a Socket.IO socket, and what is left of custom applications.

Engine.IO is served natively, with Socket.IO on top of it; other protocols on Engine.IO are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ..awaitables import DONE, Done, done_when_called

if TYPE_CHECKING:
    from .session import EngineIOSession


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

        The disconnect handlers get the native engine's reason; `reason` is for the reader.
        """
        for socket in list(self._session.sockets)[:1]:
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


def set_engineio_app(app: EngineIOApplication) -> None:
    """Accept the Socket.IO server; raise RuntimeError for any other application."""
    if not app.served_natively:
        raise RuntimeError(
            f"{type(app).__qualname__} can't be used: sioserve serves Engine.IO natively, with "
            "Socket.IO as its only application"
        )


def get_engineio_app() -> EngineIOApplication:
    """The Socket.IO server."""
    from ..socketio.server import get_socketio_server

    return get_socketio_server()
