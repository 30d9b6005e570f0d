"""The namespace of the Admin UI: what it is shown first, and what administrators may do.

Event names and arguments are those of the npm package @socket.io/admin-ui, version 0.5.
"""

from __future__ import annotations

import logging
import socket as network
from typing import Any

from ..django_support import is_development
from ..handlers import Handler
from ..socketio.broadcast import Broadcast
from ..socketio.namespace import Namespace
from ..socketio.server import SocketIOServer, get_socketio_server
from ..socketio.socket import NamespaceSocket
from .access import Access, Check
from .rounds import Rounds
from .statistics import Statistics
from .watch import Watch

logger = logging.getLogger("sio.admin")

STATISTICS = "sio.admin.statistics"  # between servers
PATIENCE = 1.0  # seconds that other servers have to answer; those of Node do not

ACTIONS = ("EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT")


def instrument(
    *,
    auth: Check | bool | None = None,
    namespace: str = "/admin",
    read_only: bool = False,
    every_event: bool | None = None,
    server_id: str | None = None,
    server: SocketIOServer | None = None,
) -> None:
    """Serve the Admin UI in a namespace of this process's Socket.IO server. Call it once.

    * `auth`: who may enter. None: Django's users with `is_staff`. A function
      `f(username, password) -> bool`, `async def` or plain. False: everybody.
    * `read_only`: administrators can't emit, move or disconnect clients.
    * `every_event`: they see each client, room and event live, for which Python code runs for every
      event; otherwise only numbers. None: while Django's DEBUG is on.
    * `server_id`: the name of this server; None: the name of the machine.

    The Admin UI is a page of another origin, unless you serve it yourself: allow that with
    --socketio-cors-origins. Raises ValueError for `auth=None` outside a Django project.
    """
    server = get_socketio_server() if server is None else server
    every_event = is_development() if every_event is None else every_event
    Console(server, server.of(namespace), Access(auth), read_only, every_event, server_id)


class Console:
    """Serves one namespace to administrators."""

    def __init__(
        self,
        server: SocketIOServer,
        namespace: Namespace,
        access: Access,
        read_only: bool,
        every_event: bool,
        server_id: str | None,
    ) -> None:
        self._server = server
        self._namespace = namespace
        self._features = [
            *(() if read_only else ACTIONS),
            "AGGREGATED_EVENTS",
            *(("ALL_EVENTS",) if every_event else ()),
        ]
        self._statistics = Statistics(server, server_id or network.gethostname())
        self._here: set[NamespaceSocket] = set()  # administrators of this process
        self._watch = Watch(server, namespace, self._begin_rounds) if every_event else None
        work = [self._tell_statistics]
        if self._watch is not None:
            work.append(self._watch.tell_data)
        self._rounds = Rounds([*work, self._tell_statistics_of_others], self._has_administrators)
        namespace.on_server_side_emit(STATISTICS)(self._give_statistics)
        namespace.serve_with_others()
        namespace.use(access.enter)
        namespace.add_handler("connect", Handler(self._connect))
        namespace.add_handler("disconnect", Handler(self._disconnect))
        if not read_only:
            namespace.add_handler("emit", Handler(self._emit))
            namespace.add_handler("join", Handler(self._join))
            namespace.add_handler("leave", Handler(self._leave))
            namespace.add_handler("_disconnect", Handler(self._disconnect_sockets))

    async def _connect(self, socket: NamespaceSocket, auth: Any) -> bool:
        socket.emit("config", {"supportedFeatures": self._features})
        if self._watch is not None:
            socket.emit("all_sockets", await self._watch.sockets_everywhere())
        if not self._here:
            self._statistics.begin()
        self._here.add(socket)
        self._begin_rounds()
        logger.info("an administrator has connected: %s", socket.handshake.address)
        return True

    async def _disconnect(self, socket: NamespaceSocket, reason: str) -> None:
        self._here.discard(socket)

    def _begin_rounds(self) -> None:
        self._rounds.begin()

    def _has_administrators(self) -> bool:
        return bool(self._here) or (self._watch is not None and self._watch.has_administrators())

    def _tell_statistics(self) -> None:
        """To the administrators of this process: the others get them from theirs."""
        if self._here:
            self._show(self._statistics.raw())

    async def _tell_statistics_of_others(self) -> None:
        """Of the other servers of the cluster, which have the same administrators. Servers of Node
        tell theirs by themselves.
        """
        if self._here:
            for raw in await self._namespace.adapter.ask_servers(STATISTICS, PATIENCE):
                if raw is not None:
                    self._show(raw)

    async def _give_statistics(self, ack: Any) -> None:
        if self._watch is not None:
            self._watch.expect_administrators_elsewhere()
        await ack(self._statistics.raw())

    def _show(self, raw: dict[str, Any]) -> None:
        statistics = self._statistics.shown(raw)
        for socket in tuple(self._here):
            socket.emit("server_stats", statistics)

    # --- actions of administrators; `choice`: a room, a socket's id, or None for all sockets ---

    async def _emit(
        self, socket: NamespaceSocket, name: str, choice: str | None, event: str, *args: Any
    ) -> None:
        self._sockets(name, choice).emit(event, *args)

    async def _join(
        self, socket: NamespaceSocket, name: str, room: str, choice: str | None = None
    ) -> None:
        self._sockets(name, choice).sockets_join(room)

    async def _leave(
        self, socket: NamespaceSocket, name: str, room: str, choice: str | None = None
    ) -> None:
        self._sockets(name, choice).sockets_leave(room)

    async def _disconnect_sockets(
        self, socket: NamespaceSocket, name: str, close: bool, choice: str | None = None
    ) -> None:
        self._sockets(name, choice).disconnect_sockets(bool(close))

    def _sockets(self, name: str, choice: str | None) -> Broadcast[NamespaceSocket]:
        namespace = self._server.find_anywhere(name)
        if namespace is None:
            raise LookupError(f"an administrator named a namespace that does not exist: {name!r}")
        everyone = namespace.everyone()
        return everyone.to(choice) if choice else everyone
