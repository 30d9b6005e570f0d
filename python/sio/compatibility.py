"""The classes and functions of django-sio that have no other place in sioserve.

The modules in `engineio/` give these their import paths; docs/migrating-from-django-sio.md has the
list.
"""

from __future__ import annotations

from typing import NoReturn

from .engine import EngineIOApplication
from .handover import Application, handover_application
from .socketio.server import get_socketio_server


class LongPollingConsumer:
    """Routes Engine.IO over HTTP to the native engine."""

    @classmethod
    def as_asgi(cls) -> Application:
        """An ASGI application that hands handshakes over to the native engine."""
        return handover_application(cls)


class EngineIOWebSocketConsumer:
    """Routes Engine.IO over WebSocket to the native engine."""

    @classmethod
    def as_asgi(cls) -> Application:
        """An ASGI application that hands handshakes over to the native engine."""
        return handover_application(cls)


def set_engineio_app(app: EngineIOApplication) -> None:
    """Accept the Socket.IO server; raise RuntimeError for any other application."""
    if not app.served_natively:
        raise RuntimeError(
            f"{type(app).__qualname__} can't be used: sioserve serves Engine.IO natively, with "
            "Socket.IO as its only application; see docs/migrating-from-django-sio.md"
        )


def get_engineio_app() -> EngineIOApplication:
    """The Socket.IO server."""
    return get_socketio_server()


async def create_session() -> NoReturn:
    """Raises RuntimeError: only the native engine opens sessions."""
    raise RuntimeError("Engine.IO sessions are opened by sioserve's native engine")


async def get_session(sid: str) -> NoReturn:
    """Raises RuntimeError: sessions are reached through a socket's `eio`."""
    raise RuntimeError("Engine.IO sessions live in sioserve's native engine; use socket.eio")


async def destroy_session(sid: str) -> NoReturn:
    """Raises RuntimeError: sessions are closed with `socket.eio.close()`."""
    raise RuntimeError("Engine.IO sessions live in sioserve's native engine; use eio.close()")
