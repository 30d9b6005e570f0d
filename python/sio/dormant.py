"""Dormant clients: those that no Python code has anything to do with, until something asks for
them.

In a namespace with relays only, nothing in Python decides about a client, and the native server
handles its events. Such a client is accepted at once, and only a Dormant is kept of it. It wakes,
and gets the usual objects, when the application asks for its socket, or an event comes that is not
relayed.

Any thread may wake a client; the rest is called on the event loop's thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from .connection import Connection
from .django_support import django_ready
from .engine import EngineIOSession
from .socketio.local_adapter import LocalAdapter
from .socketio.namespace import Namespace
from .socketio.socket import describe_client

if TYPE_CHECKING:
    from _sioserve import Server

logger = logging.getLogger("sio.consumer")


class Dormant(NamedTuple):
    """A client in a namespace. `session` is its number; `auth` is None for {}."""

    namespace: Namespace
    session: int
    id: str
    auth: Any
    created: float


class DormantClients:
    """Of one dispatcher. `make_connection` makes the usual objects of a client, whose socket has
    been accepted.
    """

    def __init__(self, make_connection: Callable[[int, Dormant], Connection]) -> None:
        self._make_connection = make_connection
        self._clients: dict[int, Dormant] = {}  # by the numbers of their sockets

    def accept(
        self,
        core: Server,
        number: int,
        namespace: Namespace,
        session: EngineIOSession,
        id: str,
        auth: Any,
    ) -> bool:
        """Accept the client, which is dormant from now on. False: it needs the usual objects."""
        server = namespace.server
        if (
            type(namespace) is not Namespace
            or type(namespace.adapter) is not LocalAdapter
            or not namespace.table.only_relays(session)
            or server.connect_hooks
            or django_ready()  # loads the user
        ):
            return False
        dormant = Dormant(namespace, session.number, id, auth or None, time.time())
        self._clients[number] = dormant
        namespace.add_dormant(id, number, self.wake)
        relays = namespace.table.relays_for(session)
        if relays:
            core.accept_socket(number, server.native_relays(relays))
        else:
            core.accept_socket(number)
        logger.info("%s connected", describe_client(id, namespace.name))
        return True

    def wake(self, number: int, namespace: Namespace | None = None) -> Connection | None:
        """The client, if it is one of this namespace, gets the usual objects, once. None: it is not
        dormant.
        """
        dormant = self._clients.get(number)
        if dormant is None or namespace not in (None, dormant.namespace):
            return None
        with dormant.namespace.rooms_lock:
            if number not in self._clients:  # another thread was faster
                return None
            made = self._make_connection(number, dormant)
            dormant.namespace.remove_dormant(dormant.id)
            del self._clients[number]
            return made

    def disconnect(self, number: int, reason: str, may_return: bool) -> bool:
        """Forget the client, which has disconnected. False: it has, or gets, the usual objects."""
        dormant = self._clients.get(number)
        if dormant is None:
            return False
        namespace = dormant.namespace
        if (
            may_return
            or namespace.server.disconnect_hooks
            or namespace.table.handles_disconnect
            or namespace.adapter.room_events
        ):
            self.wake(number)
            return False
        with namespace.rooms_lock:
            if self._clients.pop(number, None) is None:  # another thread has woken it
                return False
            namespace.remove_dormant(dormant.id)
        what = describe_client(dormant.id, namespace.name)
        logger.info("%s disconnected: %s", what, reason)
        return True
