"""ClusterAdapter: the adapter of a server that belongs to a cluster (--redis).

The native server publishes each broadcast for the other servers, unless it is local, and carries
out theirs. This adapter adds what needs Python: the answers of other servers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import datetime, timezone
from typing import Any

from ..answer import collect_lists
from ..awaitables import Done
from ..cluster import PATIENCE, Answers, Cluster, Inquiry, Question
from ..exceptions import AckTimeout
from ..handshake import Handshake
from ..processes import Processes
from .interfaces import Namespace
from .process_adapter import ProcessAdapter, RemoteSocket, acknowledged
from .socket import NamespaceSocket
from .socket_list import SocketList
from .target import Target


class ClusterAdapter(ProcessAdapter):
    """Made by SocketIOServer.adapter() in each process of each server."""

    def __init__(
        self, namespace: Namespace[NamespaceSocket], processes: Processes, cluster: Cluster
    ) -> None:
        super().__init__(namespace, processes)
        self._cluster = cluster

    async def fetch_all(self, own: Sequence[Any], target: Target) -> SocketList[Any]:
        if not _is_for_others(target):
            return await super().fetch_all(own, target)
        asked = self._cluster.ask(self._question("fetch_sockets", target), PATIENCE)
        found = await super().fetch_all(own, target)
        answers = await asked
        found.extend(_remote_socket(self.namespace, one) for one in answers.values)
        if answers.silent_servers:
            raise AckTimeout(
                f"{answers.silent_servers} of {answers.servers} other servers did not answer",
                list(found),
            )
        return found

    def broadcast_with_ack(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> Awaitable[list[Any]]:
        own = super().broadcast_with_ack(args, target, timeout)
        if not _is_for_others(target):
            return own
        asked = self._cluster.ask(self._question("broadcast", target, args), timeout)
        return collect_lists([own, _complete(asked)])

    def sockets_join(self, target: Target, rooms: Sequence[str]) -> Done:
        self._change("join", target, rooms)
        return super().sockets_join(target, rooms)

    def sockets_leave(self, target: Target, rooms: Sequence[str]) -> Done:
        self._change("leave", target, rooms)
        return super().sockets_leave(target, rooms)

    def disconnect_sockets(self, target: Target, close: bool) -> Done:
        self._change("close_session" if close else "disconnect", target)
        return super().disconnect_sockets(target, close)

    def server_side_emit(self, event: str, args: Sequence[Any]) -> Done:
        self._cluster.tell(self._question("server_side_emit", Target(), (event, *args)))
        return super().server_side_emit(event, args)

    def server_side_emit_with_ack(
        self, event: str, args: Sequence[Any], timeout: float | None
    ) -> Awaitable[list[Any]]:
        question = self._question("server_side_emit", Target(), (event, *args))
        asked = self._cluster.ask(question, PATIENCE if timeout is None else timeout)
        of_processes = super().server_side_emit_with_ack(event, args, timeout)
        return collect_lists([of_processes, _complete(asked)])

    async def server_count(self) -> int:
        return 1 + (await self._ask("count", PATIENCE)).servers

    async def fetch_counts(self) -> list[dict[str, int]]:
        own = await super().fetch_counts()
        try:
            return own + (await self._ask("counters", PATIENCE)).complete()
        except AckTimeout as error:
            raise AckTimeout(str(error), own + error.responses) from None

    async def ask_servers(self, event: str, timeout: float) -> list[Any]:
        return (await self._ask("server_side_emit", timeout, (event,))).values

    # --- for requests of the other servers ---

    async def describe_all(self, target: Target) -> list[dict[str, Any]]:
        """The sockets of all processes of this server, as servers of Node describe them."""
        own = self.describe(target)
        answers = await self._processes.ask("fetch", self._content(target), PATIENCE)
        found = [*own, *(one for described in answers for one in described)]
        return [{**one, "rooms": [one["id"], *one["rooms"]]} for one in found]

    def pass_on(self, event: str, args: Sequence[Any]) -> None:
        """Another server's event, for the other processes of this server."""
        super().server_side_emit(event, args)

    def _ask(self, topic: str, timeout: float, args: Sequence[Any] = ()) -> Awaitable[Answers]:
        return self._cluster.ask(self._question(topic, Target(), args), timeout)

    def _question(self, topic: str, target: Target, args: Sequence[Any] = ()) -> Question:
        return Question(
            topic,
            self.namespace.name,
            sorted(target.rooms or ()),
            sorted(target.except_rooms),
            args,
            target.volatile,
            target.compress,
        )

    def _change(self, change: str, target: Target, rooms: Sequence[str] = ()) -> None:
        if _is_for_others(target):
            where = (self.namespace.name, sorted(target.rooms or ()), sorted(target.except_rooms))
            self._cluster.change(change, *where, rooms)


async def handle_inquiry(server: Any, inquiry: Inquiry) -> Any:
    """Answer the request of another server; `server` is the SocketIOServer."""
    namespace = server.find(inquiry.namespace)
    if inquiry.topic == "fetch_sockets":
        if namespace is None:  # a dynamic one, of which this process has no clients
            return []
        rooms = frozenset(inquiry.rooms) if inquiry.rooms else None
        target = Target(rooms, frozenset(inquiry.except_rooms), local=True)
        return await namespace.adapter.describe_all(target)
    if namespace is None:
        return None
    event, *args = inquiry.args
    namespace.adapter.pass_on(event, args)
    if inquiry.wants_answer:
        return await acknowledged(namespace, event, *args)
    return await namespace.receive_server_side_emit(event, args)


def _is_for_others(target: Target) -> bool:
    return not target.local and (target.rooms is None or bool(target.rooms))


async def _complete(asked: Awaitable[Any]) -> list[Any]:
    values: list[Any] = (await asked).complete()
    return values


def _remote_socket(namespace: Namespace[NamespaceSocket], described: Any) -> RemoteSocket:
    """A socket as another server describes it, which may be one of Node."""
    handshake = described.get("handshake") or {}
    issued = int(handshake.get("issued") or 0)
    fields = Handshake(
        headers=handshake.get("headers") or {},
        query=handshake.get("query") or {},
        address=str(handshake.get("address") or ""),
        url=str(handshake.get("url") or ""),
        secure=bool(handshake.get("secure")),
        xdomain=bool(handshake.get("xdomain")),
        time=datetime.fromtimestamp(issued / 1000, timezone.utc),
        issued=issued,
        auth=handshake.get("auth") or {},
    )
    id = str(described["id"])
    rooms = [str(room) for room in described.get("rooms", ()) if str(room) != id]
    data = described.get("data")
    members = {"id": id, "rooms": rooms, "handshake": fields.as_json(), "data": data}
    return RemoteSocket(namespace, members)
