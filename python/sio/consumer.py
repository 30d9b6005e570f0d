"""SocketIOConsumer: the handlers of one namespace as a class."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from .handlers import Ack
from .handover import Application, handover_application
from .names import DEFAULT_NAMESPACE
from .socketio.server import get_socketio_server
from .types import NamespacePattern

__all__ = ["Ack", "SocketIOConsumer"]

logger = logging.getLogger("sio.consumer")


class SocketIOConsumer:
    """Handles one namespace. There is one instance for each client connected to it.

    Subclasses define any of these, as `async def` or as plain `def` (which runs in a thread):

    * `connect(self, socket, auth)`: may this client connect? A falsy result refuses it with the
      message "Not authorized", sio.ConnectionRefused with its own message and data, any other
      exception with "Internal server error" (and a traceback in the log). A consumer without this
      method accepts everybody. `auth` is the object that the client sent, or {}. What it emits
      reaches the client after the connection is established.
    * `disconnect(self, socket, reason)`: an accepted client has gone, and all its events have
      been handled. `socket.rooms` still holds the rooms it was in.
    * `event_<name>(self, socket, *args)` or, with `@sio.event("any name")`, any method: an event.
      With a parameter `ack` the handler gets a function that acknowledges the event, or None if
      the client asked for no acknowledgement; without one, the event is acknowledged with no
      arguments when the handler returns.

    The handlers of one socket run one after the other, in the order in which the client sent. A
    handler may await the client's acknowledgement of what it emits.

    A handler that raises is logged with its traceback under "sio.consumer"; the connection and the
    events behind it go on. If the client asked for an acknowledgement that the handler has not
    given yet, it gets one argument: {"error": "Internal server error"}.

    A method decorated with @sio.any_event gets the events that have no handler. Without one such
    an event is ignored; if it asks for an acknowledgement, it gets its own arguments back.

    An attribute that sio.relay() has made declares an event that is forwarded to rooms without
    entering Python.

    Several consumers may serve one namespace, each with an instance for each client: a client must
    be let in by every connect(), in the order of registration, and an event goes to all consumers
    that handle it; the first acknowledgement counts. A handler decorated with @sio.concurrent does
    not hold up the events behind it.
    """

    # A name; or, for namespaces that come into being when a client asks for them, a compiled
    # regular expression for the whole name or a function f(name, auth): see SocketIOServer.of().
    namespace: ClassVar[str | NamespacePattern] = DEFAULT_NAMESPACE

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Application:
        """An ASGI application for Engine.IO's path, for both "http" and "websocket" scopes.

        It serves every namespace of the process, and the middleware around it decides about
        handshakes and fills `socket.scope`. Raises ValueError when a function handles one of the
        consumer's events.
        """
        if initkwargs:
            raise TypeError("SocketIOConsumer.as_asgi() takes no arguments")
        get_socketio_server().of(cls.namespace).use_consumer(cls)
        logger.info("%s.as_asgi() for namespace %s", cls.__qualname__, cls.namespace)
        return handover_application(cls)
