"""The Socket.IO side of the API: server, namespaces, sockets."""

import logging

from .cluster.emitter import ControlEmitter, RedisEmitter
from .constants import DEFAULT_NAMESPACE, SOCKET_IO_VERSION
from .namespace import Namespace
from .protocol import SocketIOPacket, SocketIOParser
from .server import SocketIOServer, get_socketio_server
from .socket import NamespaceSocket

__version__ = f"v{SOCKET_IO_VERSION}"

logger = logging.getLogger("sio.socketio")
logger.info(
    "socketio package imported",
    extra={"version": __version__, "socketio_version": SOCKET_IO_VERSION},
)

__all__ = [
    "DEFAULT_NAMESPACE",
    "SOCKET_IO_VERSION",
    "ControlEmitter",
    "Namespace",
    "NamespaceSocket",
    "RedisEmitter",
    "SocketIOPacket",
    "SocketIOParser",
    "SocketIOServer",
    "get_socketio_server",
]
