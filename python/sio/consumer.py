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
    """Handles one namespace. Each client in it has its own instance.

    Subclasses define any of these, as `async def` or as plain `def` (which runs in a thread):

    * `connect(self, socket, auth)` decides whether the client may connect. A falsy result refuses
      it with the message "Not authorized", sio.ConnectionRefused with its own message and data, any
      other exception with "Internal server error" (and a traceback in the log). A consumer without
      this method accepts every client. `auth` is the object that the client sent, or {}. Events
      emitted in `connect` are sent when the client is connected.
    * `disconnect(self, socket, reason)` is called when an accepted client has disconnected and all
      its events are handled. `socket.rooms` still has the rooms it was in.
    * `resume(self, socket, why)`: with --workers, the client comes from another Python process. It
      has its id, rooms, `data`, `user` and `session`; connect() is not called again. `why` is
      "reload", "recycling", or "crash"; after a crash, `data` is as it was at the end of connect()
      or resume(). A client of a consumer without this method is disconnected, and reconnects.
    * `event_<name>(self, socket, *args)` or, with `@sio.event("any name")`, any method handles an
      event. With a parameter `ack` the handler gets a function that acknowledges the event, or None
      if the client asked for no acknowledgement. Without this parameter, the event is acknowledged
      with no arguments when the handler returns.

    The handlers of one socket run one after the other, in the order in which the client sent the
    events. A handler may await the client's acknowledgement of an event that it emits.

    When a handler raises, the traceback is logged under "sio.consumer", and the connection stays
    open. If the client waits for an acknowledgement, it gets one argument:
    {"error": "Internal server error"}.

    A method decorated with @sio.any_event gets the events that have no handler. Without such a
    method these events are ignored; an acknowledgement returns the event's own arguments, unless
    the setting SIO_ACK_UNKNOWN_EVENTS is False.

    An attribute made by sio.relay() declares an event that is forwarded to rooms without running
    Python.

    Several consumers may serve one namespace, each with its own instance per client. Every
    connect(), in the order of registration, must accept the client. An event goes to all consumers
    that handle it; the first acknowledgement is sent. Later events do not wait for a handler
    decorated with @sio.concurrent.
    """

    # A name; for dynamic namespaces, a compiled regular expression for the whole name or a function
    # f(name, auth): see SocketIOServer.of().
    namespace: ClassVar[str | NamespacePattern] = DEFAULT_NAMESPACE

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Application:
        """An ASGI application for Engine.IO's path, for both "http" and "websocket" scopes.

        It serves every namespace of the process. The middleware around it may refuse handshakes
        and adds to `socket.scope`. Raises ValueError when a function handles one of the consumer's
        events.
        """
        if initkwargs:
            raise TypeError("SocketIOConsumer.as_asgi() takes no arguments")
        get_socketio_server().of(cls.namespace).use_consumer(cls)
        logger.info("%s.as_asgi() for namespace %s", cls.__qualname__, cls.namespace)
        return handover_application(cls)
