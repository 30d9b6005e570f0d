"""ProcessAdapter: the adapter of a server that has several Python processes (--workers).

The rooms of all processes stand in the native server. So emits, joins, leaves and disconnects reach
every socket at once, and in the order of the calls. What the other processes know about their
sockets is asked there (processes.py).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
from collections.abc import Awaitable, Generator, Sequence
from datetime import datetime
from typing import Any

from ..answer import collect_lists
from ..awaitables import DONE, Done, done_when_called
from ..exact_json import fault_of
from ..exceptions import AckTimeout, TooManyRooms
from ..handshake import Handshake
from ..names import Room, room_names
from ..processes import Processes
from .interfaces import Namespace
from .local_adapter import LocalAdapter
from .socket import CLIENT_HAS_GONE, NamespaceSocket
from .socket_list import SocketList
from .target import Target

PATIENCE = 10.0  # seconds that fetch_sockets() waits for the other processes
MARGIN = 1.0  # seconds, beyond the clients' time, for the other processes to report


class RemoteSocket:
    """A socket of another Python process, as `await fetch_sockets()` gives it.

    `id`, `rooms`, `handshake` and `data` are as they were at the call. `data` must be JSON in the
    other process; else reading it here raises TypeError.
    """

    def __init__(self, namespace: Namespace[NamespaceSocket], described: dict[str, Any]) -> None:
        self.name_space = namespace
        self.namespace = namespace.name
        self.server = namespace.server
        self.id: str = described["id"]
        self.rooms: set[str] = set(described["rooms"])
        handshake = described["handshake"]
        time = datetime.fromisoformat(handshake["time"])
        self.handshake = Handshake(**{**handshake, "time": time})
        self._data: dict[str, Any] | None = described["data"]
        self._timeout: float | None = None

    def __repr__(self) -> str:
        return f"<RemoteSocket {self.id} in {self.namespace}>"

    @property
    def data(self) -> dict[str, Any]:
        if self._data is None:
            raise TypeError(f"{self!r}: its data is not JSON, and it belongs to another process")
        return self._data

    @done_when_called
    def emit(self, event: str, *args: Any) -> Done:
        """Send an event to this client."""
        return self.name_space.to(self.id).emit(event, *args)

    @done_when_called
    def send(self, *args: Any) -> Done:
        """Emit the event "message"."""
        return self.emit("message", *args)

    def timeout(self, seconds: float) -> RemoteSocket:
        """The timeout of emit_with_ack(), in seconds."""
        made = copy.copy(self)
        made._timeout = seconds
        return made

    def emit_with_ack(self, event: str, *args: Any, timeout: float | None = None) -> Awaitable[Any]:
        """Send an event to this client; awaiting the result gives its answer.

        Raises AckTimeout as NamespaceSocket.emit_with_ack() does.
        """
        seconds = self._timeout if timeout is None else timeout
        return self._only(self.name_space.to(self.id).emit_with_ack(event, *args, timeout=seconds))

    async def _only(self, answers: Awaitable[list[Any]]) -> Any:
        found = await answers
        if not found:
            raise AckTimeout(CLIENT_HAS_GONE)
        return found[0]

    @done_when_called
    def join(self, room: Room) -> Done:
        """Enter a room, or several. Raises as NamespaceSocket.join() does."""
        return self.name_space.to(self.id).sockets_join(room_names(room))

    @done_when_called
    def leave(self, room: Room) -> Done:
        """Leave a room, or several."""
        return self.name_space.to(self.id).sockets_leave(room_names(room))

    @done_when_called
    def disconnect(self, close: bool = False) -> Done:
        """Disconnect the client from the namespace or, with `close`, from the server."""
        return self.name_space.to(self.id).disconnect_sockets(close)


class SocketsOfProcesses(SocketList[Any]):
    """The sockets of this process; awaiting it adds those of the others."""

    __slots__ = ("_adapter", "_target")

    def __init__(
        self, sockets: Sequence[NamespaceSocket], adapter: ProcessAdapter, target: Target
    ) -> None:
        super().__init__(sockets)
        self._adapter = adapter
        self._target = target

    def __await__(self) -> Generator[Any, Any, SocketList[Any]]:
        return self._adapter.fetch_all(self, self._target).__await__()


class ProcessAdapter(LocalAdapter):
    """Made by SocketIOServer.adapter() in each process."""

    def __init__(self, namespace: Namespace[NamespaceSocket], processes: Processes) -> None:
        super().__init__(namespace)
        self._processes = processes

    def fetch_sockets(self, target: Target) -> SocketList[NamespaceSocket]:
        own = super().fetch_sockets(target)
        return own if target.local else SocketsOfProcesses(own, self, target)

    async def fetch_all(self, own: Sequence[Any], target: Target) -> SocketList[Any]:
        found: SocketList[Any] = SocketList(own)
        answers = await self._processes.ask("fetch", self._content(target), PATIENCE)
        for described in answers:
            found.extend(RemoteSocket(self.namespace, one) for one in described)
        return found

    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        super().broadcast(args, self._without_others(target) if target.local else target)

    def _without_others(self, target: Target) -> Target:
        """The same recipients, named by their ids, without those of other processes."""
        core = self.namespace.server.native
        if core is None or (target.rooms is not None and not target.rooms):
            return target
        numbers = core.sockets_in(self.namespace.name, target.rooms or (), target.except_rooms)
        own = filter(None, map(self.namespace.socket_numbered, numbers))
        rooms = frozenset(socket.id for socket in own)
        return target._replace(rooms=rooms, except_rooms=frozenset())

    def broadcast_with_ack(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> Awaitable[list[Any]]:
        own = super().broadcast_with_ack(args, target, timeout)
        if target.local:
            return own
        content = {**self._content(target), "args": args, "timeout": timeout}
        # The other processes say after the same time which answers are missing.
        patience = None if timeout is None else timeout + MARGIN
        others = self._processes.ask("emit_with_ack", content, patience)
        return collect_lists([own, self._answers_of(others)])

    def sockets_join(self, target: Target, rooms: Sequence[str]) -> Done:
        refused: TooManyRooms | ValueError | None = None
        joined: Done = DONE
        try:
            joined = super().sockets_join(target, rooms)
        except (TooManyRooms, ValueError) as error:  # the others join all the same
            refused = error
        core = self.namespace.server.native
        private = [
            room for room in rooms if self.namespace.server.is_private_room(self.namespace, room)
        ]
        rooms = [room for room in rooms if room not in private]
        for number in self._remote_numbers(target):
            assert core is not None
            if private:
                refused = ValueError(
                    f"a client of another process can't join room {private[0]!r}, the id of "
                    "another client (SIO_ALLOW_PRIVATE_ROOMS)"
                )
            for room in rooms:
                core.join(number, room)
            count, is_member = core.membership(number, rooms[-1]) if rooms else (0, True)
            if not is_member and core.max_rooms and count >= core.max_rooms:
                refused = TooManyRooms(
                    f"a client of another process can't join room {rooms[-1]!r}: it is in {count} "
                    "rooms, as many as --socketio-max-rooms allows"
                )
        self._tell_changes()
        if refused is not None:
            raise refused
        return joined

    def sockets_leave(self, target: Target, rooms: Sequence[str]) -> Done:
        remote = self._remote_numbers(target)  # before they leave
        super().sockets_leave(target, rooms)
        core = self.namespace.server.native
        for number in remote:
            assert core is not None
            for room in rooms:
                core.leave(number, room)
        self._tell_changes()
        return DONE

    def disconnect_sockets(self, target: Target, close: bool) -> Done:
        remote = self._remote_numbers(target)
        super().disconnect_sockets(target, close)
        core = self.namespace.server.native
        for number in remote:
            assert core is not None
            core.close_socket(number, close_session=close)
        return DONE

    def server_side_emit(self, event: str, args: Sequence[Any]) -> Done:
        content = {"namespace": self.namespace.name, "args": [event, *args]}
        self._processes.tell("server_side_emit", content)
        return DONE

    def server_side_emit_with_ack(
        self, event: str, args: Sequence[Any], timeout: float | None
    ) -> Awaitable[list[Any]]:
        content = {"namespace": self.namespace.name, "args": [event, *args]}
        return self._processes.ask("server_side_emit_with_ack", content, timeout)

    async def server_count(self) -> int:
        return 1 + len(self._processes.others())

    async def ask_processes(self, event: str, timeout: float) -> list[Any]:
        content = {"namespace": self.namespace.name, "args": [event]}
        try:
            return await self._processes.ask("server_side_emit_with_ack", content, timeout)
        except AckTimeout as error:
            return error.responses

    # --- for requests of the other processes ---

    def describe(self, target: Target) -> list[dict[str, Any]]:
        """The sockets of this process, for RemoteSocket."""
        return [_describe(socket) for socket in super().fetch_sockets(target)]

    async def answers(
        self, args: Sequence[Any], target: Target, timeout: float | None
    ) -> dict[str, Any]:
        """What the sockets of this process answer."""
        try:
            return {"answers": await super().broadcast_with_ack(args, target, timeout)}
        except AckTimeout as error:
            return {"answers": error.responses, "late": str(error)}

    def _content(self, target: Target) -> dict[str, Any]:
        return {
            "namespace": self.namespace.name,
            "rooms": None if target.rooms is None else sorted(target.rooms),
            "except_rooms": sorted(target.except_rooms),
            "volatile": target.volatile,
            "compress": target.compress,
        }

    @staticmethod
    async def _answers_of(others: Awaitable[list[Any]]) -> list[Any]:
        responses: list[Any] = []
        late = ""
        for answered in await others:
            if answered is not None:
                responses += answered["answers"]
                late = late or answered.get("late", "")
        if late:
            raise AckTimeout(late, responses)
        return responses

    def _remote_numbers(self, target: Target) -> list[int]:
        """The native server's numbers of the sockets of other processes."""
        core = self.namespace.server.native
        if core is None or target.local or (target.rooms is not None and not target.rooms):
            return []
        numbers = core.sockets_in(self.namespace.name, target.rooms or (), target.except_rooms)
        return [one for one in numbers if self.namespace.socket_numbered(one) is None]


async def handle_request(server: Any, what: str, content: dict[str, Any]) -> Any:
    """Answer the request of another process; `server` is the SocketIOServer."""
    namespace = server.find(content["namespace"])
    if namespace is None:  # a dynamic one, of which this process has no clients
        return None if what != "fetch" else []
    if what == "server_side_emit":
        event, *args = content["args"]
        return await namespace.receive_server_side_emit(event, args)
    if what == "server_side_emit_with_ack":
        return await acknowledged(namespace, *content["args"])
    target = Target(
        rooms=None if content["rooms"] is None else frozenset(content["rooms"]),
        except_rooms=frozenset(content["except_rooms"]),
        local=True,
        volatile=content["volatile"],
        compress=content["compress"],
    )
    if what == "fetch":
        return namespace.adapter.describe(target)
    return await namespace.adapter.answers(content["args"], target, content["timeout"])


async def acknowledged(namespace: Any, event: str, *args: Any) -> Any:
    """Pass an event to the receivers of server_side_emit(); the result is what they answer."""
    answer: concurrent.futures.Future[Any] = concurrent.futures.Future()

    @done_when_called
    def ack(*values: Any) -> Done:
        if not answer.done():
            answer.set_result(values[0] if len(values) == 1 else list(values) or None)
        return DONE

    await namespace.receive_server_side_emit(event, list(args), ack)
    return await asyncio.wrap_future(answer)


def _describe(socket: NamespaceSocket) -> dict[str, Any]:
    return {
        "id": socket.id,
        "rooms": sorted(socket.rooms),
        "handshake": socket.handshake.as_json(),
        "data": None if fault_of(socket.data, "data") else socket.data,
    }
