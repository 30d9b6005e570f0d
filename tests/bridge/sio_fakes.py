"""Replacements of the native server for tests of the package `sio`."""

from __future__ import annotations

import asyncio
import collections
import json
from collections.abc import Callable, Coroutine
from typing import Any

import sio.socketio.server
from fake_rooms import FakeRooms
from sio.dispatcher import Dispatcher
from sio.encoding import default
from sio.handover import ROUTED
from sio.time_limit import HandlerTimes

UNRECORDED = frozenset(
    {
        "release_socket",
        "watch_rooms",
        "unwatch_rooms",
        "rooms_of",
        "membership",
        "sockets_in",
        "namespace_rooms",
        "take_room_changes",
    }
)
# Commands that are recorded and change rooms, with the methods of FakeRooms that they call.
CHANGES = {
    "join": "join",
    "leave": "leave",
    "leave_all": "leave_all",
    "refuse_socket": "refuse",
}


class FakeServer:
    """Records every command as (method, *arguments); has rooms like the native server."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.status: tuple[str, float | None] = ("polling", None)
        self._called = asyncio.Event()
        self.rooms = FakeRooms()
        self.counted: collections.Counter[str] = collections.Counter()

    def __getattr__(self, method: str) -> Callable[..., None]:
        if method.startswith("_"):
            raise AttributeError(method)
        if method in UNRECORDED:
            known: Callable[..., None] = getattr(self.rooms, method)
            return known
        change = getattr(self.rooms, CHANGES[method]) if method in CHANGES else None

        def record(*args: Any) -> None:
            self.calls.append((method, *args))
            if change is not None:
                change(*args[:2] if method != "refuse_socket" else args[:1])
            self._called.set()

        return record

    @property
    def max_rooms(self) -> int:
        return self.rooms.max_rooms

    @max_rooms.setter
    def max_rooms(self, most: int) -> None:
        self.rooms.max_rooms = most

    def make_relays(self, relays: Any) -> Any:
        """The argument of accept_socket() is recorded unchanged."""
        self.calls.append(("make_relays", relays))
        return relays

    def start_task(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Its first step waits for the event loop, whatever the task factory. So a test can do
        several things before it, as when the native server can't run it at once.
        """
        return asyncio.Task(coroutine, loop=asyncio.get_running_loop(), name=name)

    def space(self) -> None:
        """The command queue always has space."""

    def counts(self) -> dict[str, int]:
        return collections.Counter(self.counted)

    def session_status(self, session: int) -> tuple[str, float | None]:
        return self.status

    def emit(
        self,
        socket: int,
        args: Any,
        callback_id: int | None = None,
        volatile: bool = False,
        compress: bool = True,
    ) -> None:
        self._check(args)
        flags = ["volatile"] * volatile + ["uncompressed"] * (not compress)
        self.calls.append(("emit", socket, list(args), callback_id, *flags))
        self._called.set()

    def ack(self, socket: int, ack_id: int, args: Any) -> None:
        self._check(args)
        self.calls.append(("ack", socket, ack_id, list(args)))
        self._called.set()

    def broadcast(
        self,
        namespace: str,
        args: Any,
        rooms: Any = (),
        except_rooms: Any = (),
        volatile: bool = False,
        compress: bool = True,
        local: bool = False,
    ) -> None:
        self._check(args)
        call = ("broadcast", namespace, list(args), sorted(rooms), sorted(except_rooms))
        more = {}
        if volatile:
            more["volatile"] = True
        if not compress:
            more["compress"] = False
        if local:
            more["local"] = True
        self.calls.append((*call, more) if more else call)
        self._called.set()

    @staticmethod
    def _check(args: Any) -> None:
        json.dumps(args, default=lambda v: "bytes" if isinstance(v, bytes) else default(v))

    def of(self, *methods: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] in methods]

    def events_done_of(self, socket: int) -> int:
        """The number of the socket's events that have been reported as handled."""
        return sum(count for _, number, count in self.of("events_done") if number == socket)

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for a call after which `condition` holds."""
        async with asyncio.timeout(5) if hasattr(asyncio, "timeout") else _NoTimeout():
            while not condition():
                self._called.clear()
                await self._called.wait()


class _NoTimeout:
    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *error: Any) -> None: ...


class NativeDispatcher(Dispatcher):
    """Passes the events of the native server, after FakeServer has applied them."""

    def __init__(self, rooms: FakeRooms, times: HandlerTimes | None) -> None:
        super().__init__(times=times)
        self._rooms = rooms

    def connect(
        self,
        socket: int,
        session: int,
        id: str,
        namespace: str,
        auth: Any,
        recovered: int | None = None,
    ) -> None:
        self._rooms.connect(socket, namespace, id, recovered)
        super().connect(socket, session, id, namespace, auth, recovered)

    def disconnect(
        self, socket: int, reason: str, reference_reason: str, may_return: bool = False
    ) -> None:
        if not may_return:
            self._rooms.depart(socket)
        super().disconnect(socket, reason, reference_reason, may_return)

    def forgotten(self, socket: int) -> None:
        self._rooms.depart(socket)
        super().forgotten(socket)


class World:
    """A dispatcher bound to a FakeServer, and clients that talk to it."""

    def __init__(self, times: HandlerTimes | None = None) -> None:
        self.core = FakeServer()
        self.dispatcher: Dispatcher = NativeDispatcher(self.core.rooms, times)
        self.dispatcher.bind(self.core)  # type: ignore[arg-type]
        self.server = sio.get_socketio_server()
        self._numbers = iter(range(1, 1000))

    def open_session(self, scope: dict[str, Any] | None = None, routed: bool = False) -> int:
        session = next(self._numbers)
        scope = {"type": "http", "headers": []} if scope is None else scope
        if routed:
            scope[ROUTED] = True
        self.dispatcher.session_opened(session, scope)
        return session

    def ask(self, namespace: str = "/", auth: Any = None, session: int | None = None) -> int:
        """A client asks for a namespace; returns the id of its socket."""
        if session is None:
            session = self.open_session(routed=True)
        socket = next(self._numbers)
        self.dispatcher.connect(
            socket, session, f"id{socket}", namespace, {} if auth is None else auth
        )
        return socket

    async def join(self, namespace: str = "/", auth: Any = None) -> int:
        """A client connects to a namespace and is accepted."""
        socket = self.ask(namespace, auth)
        await self.idle()
        assert ("accept_socket", socket) in self.core.calls
        return socket

    def send(self, socket: int, *args: Any, ack_id: int | None = None) -> None:
        self.dispatcher.event(socket, list(args), ack_id)

    def leave(self, socket: int, reason: str = "client_disconnect") -> None:
        self.dispatcher.disconnect(socket, reason, "client namespace disconnect")

    async def idle(self) -> None:
        """Wait until no handler runs."""
        while tasks := self.dispatcher._running():
            await asyncio.wait(tasks, timeout=5)
