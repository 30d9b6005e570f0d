"""Socket.IO for Django and ASGI applications, served by sioserve's native engine.

Two ways to write handlers:

    import sio

    @sio.register
    class ChatConsumer(sio.SocketIOConsumer):
        namespace = "/chat"

        async def event_message(self, socket, text):
            socket.server.emit("message", text, room="lobby", namespace="/chat")

    @sio.on("ping", namespace="/status")
    async def ping(socket, number, ack=None):
        if ack:
            ack(number)

and two ways to serve them: natively, on sioserve's Socket.IO path, as above; or, without
`register`, by routing to `ChatConsumer.as_asgi()` in an ASGI application.
"""

import importlib
import logging
from types import ModuleType
from typing import TYPE_CHECKING

from .changed_event import ChangedEvent
from .consumer import SocketIOConsumer
from .discovery import autodiscover
from .exceptions import (
    AckTimeout,
    ClusterBusy,
    ConnectionRefused,
    EventRefused,
    PublishError,
    TooManyRooms,
)
from .handlers import Ack, concurrent, event, timeout
from .handshake import HandshakeRequest
from .refused_request import RefusedRequest
from .registry import any_event, on, register, relay_on
from .relays import Relay, Rooms, relay
from .socketio import (
    SOCKET_IO_VERSION,
    ControlEmitter,
    Namespace,
    NamespaceSocket,
    RedisEmitter,
    SocketIOServer,
    get_socketio_server,
)
from .version import __version__

if TYPE_CHECKING:
    from . import admin as admin

logger = logging.getLogger("sio.sio")
logger.info(
    "sio root package imported",
    extra={"version": __version__, "socketio_version": SOCKET_IO_VERSION},
)

__all__ = [
    "Ack",
    "AckTimeout",
    "ChangedEvent",
    "ClusterBusy",
    "ConnectionRefused",
    "ControlEmitter",
    "EventRefused",
    "HandshakeRequest",
    "Namespace",
    "NamespaceSocket",
    "PublishError",
    "RedisEmitter",
    "RefusedRequest",
    "Relay",
    "Rooms",
    "SocketIOConsumer",
    "SocketIOServer",
    "TooManyRooms",
    "__version__",
    "any_event",
    "autodiscover",
    "concurrent",
    "event",
    "get_socketio_server",
    "on",
    "register",
    "relay",
    "relay_on",
    "timeout",
]


def __getattr__(name: str) -> ModuleType:
    """Imports `sio.admin` when it is first used, because few processes need the Admin UI."""
    if name == "admin":
        return importlib.import_module(".admin", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
