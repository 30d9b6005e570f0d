"""NamespaceSocket: one client in one namespace."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..answer import Answer
from ..awaitables import DONE, Done, all_done, done_when_called
from ..disconnect_reasons import describe_disconnect
from ..engine import EngineIOSession, EngineIOSocket
from ..exceptions import TooManyRooms
from ..handlers import Handler
from ..handshake import Handshake, make_handshake
from ..lazy_attribute import LazyAttribute, empty_dict, empty_list
from ..log_lines import drops_emit
from ..names import Room, check_callback, check_event, room_names
from .broadcast import Broadcast
from .emitter import AckCallback, Emitter
from .flags import NO_FLAGS, Flags
from .interfaces import Namespace, Server
from .listeners import SocketListeners
from .pending_calls import PendingCalls

if TYPE_CHECKING:
    from _sioserve import Server as NativeServer

logger = logging.getLogger("sio.socketio.socket")

FROM_A_LOG_HANDLER = "a log handler asks for a log line about sending events"
OTHER_PROCESS = "the client has moved to another Python process"
CLIENT_HAS_GONE = "the client has disconnected without an answer"


def describe_client(id: str, namespace: str) -> str:
    """As log lines show it."""
    return f"<NamespaceSocket {id} in {namespace}>"


class NamespaceSocket(PendingCalls, SocketListeners):
    """A client in a namespace, as handlers get it.

    Calls that send events or change rooms are complete when they return, and take effect in the
    order of the calls; you may await them. All methods may be called from any thread, and do
    nothing after the client has disconnected.

    * `id`: the socket's id, as the client sees it; it can't be guessed.
    * `namespace`: the namespace's name; `name_space`: the Namespace itself. `server`: the
      SocketIOServer.
    * `state`, `data`: two dicts for the application.
    * `consumer`: the consumer's instance, or None in a namespace without one. `consumers`: if there
      are several, a dict by their classes.
    * `accepted`: connect() has accepted the client.
    * `recovered`: the client had lost its connection and has reconnected in time. It has its former
      `id`, `rooms` and `data`, and the missed events are sent when connect() has accepted it.
    * `away`: the client has lost its connection and may recover. Until then, its rooms can be
      changed and events are kept for it.
    * `reference_reason`: the reason of the disconnect, as the reference server names it ("transport
      close", "ping timeout", ...); None before.
    * `disconnect_description`: the reason as a sentence for people, for example for a log; None
      before.
    * `eio`: the Engine.IO connection, which all sockets of one client share.
    """

    # Less memory for each idle client. Other attributes have a __dict__ once one is set.
    __slots__ = (
        "_auth",
        "_close_session",
        "_consumers_made",
        "_core",
        "_created",
        "_data_made",
        "_finished",
        "_gone",
        "_handshake",
        "_joins",
        "_middleware_made",
        "_number",
        "_session",
        "_signal_handlers_made",
        "_state_made",
        "_successor",
        "accepted",
        "away",
        "connecting",
        "consumer",
        "disconnect_description",
        "id",
        "name_space",
        "namespace",
        "recovered",
        "reference_reason",
        "server",
    )

    _signal_handlers = LazyAttribute[dict[str, list[Handler]]]("_signal_handlers_made", empty_dict)
    consumers = LazyAttribute[dict[type, Any]](
        "_consumers_made",
        lambda socket: {} if socket.consumer is None else {type(socket.consumer): socket.consumer},
    )
    data = LazyAttribute[dict[str, Any]]("_data_made", empty_dict)
    middleware = LazyAttribute[list[Handler]]("_middleware_made", empty_list)
    state = LazyAttribute[dict[str, Any]](
        "_state_made",
        lambda socket: {} if socket.consumer is None else {"consumer": socket.consumer},
    )

    name_space: Namespace[NamespaceSocket]
    server: Server[NamespaceSocket]

    def __init__(
        self,
        core: NativeServer,
        number: int,
        name_space: Namespace[NamespaceSocket],
        session: EngineIOSession,
        id: str,
        auth: Any,
    ) -> None:
        self._core = core
        self._number = number
        self._session = session
        self._auth = auth
        self._created = time.time()
        self._handshake: Handshake | None = None
        self._callbacks_made: dict[int, AckCallback] | None = None
        self._calls_over: asyncio.Future[None] | None = None  # see callbacks_over()
        self._answers_made: dict[int, Answer] | None = None  # awaited ones
        self._gone = False
        self._finished = False
        self._close_session: bool | None = None  # requested by disconnect() during connect()
        self.server = name_space.server
        self.name_space = name_space
        self.namespace = name_space.name
        self.id = id
        self._state_made: dict[str, Any] | None = None
        self._data_made: dict[str, Any] | None = None
        self._joins = 0  # at least as many as the rooms it is in
        self.consumer: Any = None
        self._consumers_made: dict[type, Any] | None = None
        self._middleware_made: list[Handler] | None = None
        self.accepted = False
        # The task of middleware and connect handlers, while they run.
        self.connecting: asyncio.Task[Any] | None = None
        self.recovered = False
        self.away = False
        self._signal_handlers_made: dict[str, list[Handler]] | None = None
        self._successor: NamespaceSocket | None = None  # after its client has recovered
        self.reference_reason: str | None = None
        self.disconnect_description: str | None = None

    def __repr__(self) -> str:
        return describe_client(self.id, self.namespace)

    @property
    def connected(self) -> bool:
        """True from the end of connect() until the client disconnects or disconnect() is called."""
        return self.accepted and not self._gone

    @property
    def gone(self) -> bool:
        """Nothing can be sent any more: the client has disconnected, or disconnect() was called."""
        return self._gone

    @property
    def namespace_match(self) -> re.Match[str] | None:
        """The match of a dynamic namespace's name with its regular expression:
        `socket.namespace_match["id"]`. None in other namespaces.
        """
        return self.name_space.match

    @property
    def finished(self) -> bool:
        """The client has disconnected and all its handlers have run."""
        return self._finished

    @property
    def rooms(self) -> set[str]:
        """Names of the rooms that the socket is in. After a disconnect, the rooms that it was in,
        until its last handler has run.

        Each access queries the native server, which takes about ten microseconds.
        """
        if self._successor is not None:
            return self._successor.rooms
        return set() if self._finished else self._core.rooms_of(self._number)

    @property
    def transport(self) -> str:
        """The current transport: "polling" or "websocket". An upgrade changes it. After a
        disconnect, the last transport.
        """
        return self._session.transport

    @property
    def latency(self) -> float | None:
        """Seconds from the server's latest ping to the client's pong. None before the first ping,
        which is sent `--socketio-ping-interval` after the connection.
        """
        return self._session.latency

    @property
    def eio(self) -> EngineIOSocket:
        """The Engine.IO connection, which all sockets of one client share."""
        return self._session.socket

    @property
    def scope(self) -> dict[str, Any]:
        """The ASGI scope of the client's handshake, with the changes of the middleware."""
        return self._session.scope

    @property
    def user(self) -> Any:
        """Django's user of the handshake (AnonymousUser without a valid session), resolved before
        connect() runs; None without django.contrib.auth.
        """
        return self._session.scope.get("user")

    @property
    def session(self) -> Any:
        """Django's session of the handshake, loaded; None without django.contrib.sessions."""
        return self._session.scope.get("session")

    @property
    def handshake(self) -> Handshake:
        """How the client connected."""
        if self._handshake is None:
            self._handshake = make_handshake(self.scope, self._auth, self._created)
        return self._handshake

    @done_when_called
    def emit(self, event: str, *args: Any, callback: AckCallback | None = None) -> Done:
        """Send an event to this client.

        `callback`, `async def` or plain, is called with the arguments of the client's
        acknowledgement, without waiting for handlers that are running. A plain one runs on the
        event loop's thread, so it may complete a future, and must not block. It is not called if
        the client disconnects first. If there are more pending acknowledgements than
        --socketio-max-pending-acks, the oldest callback is dropped.

        Raises TypeError or ValueError for a value that can't be encoded (the message has the path
        to it), and ValueError for a reserved event name.
        """
        return self.send_event(event, args, callback, NO_FLAGS)

    def emit_with_ack(self, event: str, *args: Any, timeout: float | None = None) -> Answer:
        """Send an event to this client and return an awaitable for its answer.

        The answer is the argument of the acknowledgement; None if it has none, a list if it has
        several. Awaiting it raises sio.AckTimeout after `timeout` seconds (None: no timeout), and
        as soon as it is clear that no answer will come: the client has disconnected, it has more
        pending acknowledgements than --socketio-max-pending-acks, or more of its events than
        --socketio-max-read-ahead arrived before the answer while none was handled. A handler may
        await it, because acknowledgements do not wait for handlers. The call raises as emit() does.
        """
        return self.ask(event, args, timeout, NO_FLAGS)

    @property
    def broadcast(self) -> Broadcast[NamespaceSocket]:
        """All clients in the namespace except this one."""
        return Emitter(self).broadcast

    def to(self, room: Room | Iterable[Room]) -> Broadcast[NamespaceSocket]:
        """The clients in a room or in several, but not this one. Raises TypeError."""
        return Emitter(self).to(room)

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast[NamespaceSocket]:
        """All clients in the namespace except this one and those in a room or in several."""
        return Emitter(self).except_(room)

    @property
    def local(self) -> Broadcast[NamespaceSocket]:
        """The other clients of this process."""
        return Emitter(self).local

    @property
    def volatile(self) -> Emitter[NamespaceSocket]:
        """For events that are dropped if the client cannot take them now."""
        return Emitter(self).volatile

    def compress(self, compress: bool) -> Emitter[NamespaceSocket]:
        """With False, events are sent uncompressed; see Broadcast.compress()."""
        return Emitter(self).compress(compress)

    def timeout(self, seconds: float) -> Emitter[NamespaceSocket]:
        """The timeout of emit_with_ack(), in seconds."""
        return Emitter(self).timeout(seconds)

    @done_when_called
    def send(self, *args: Any) -> Done:
        """Emit the event "message"."""
        return self.emit("message", *args)

    @done_when_called
    def join(self, room: Room | Iterable[Room]) -> Done:
        """Enter a room, or several. A room is any str, or an int, which is the room of its digits.

        Raises TypeError for anything else; ValueError for the id of another client, unless
        SocketIOServer.allow_private_rooms is set; sio.TooManyRooms if the socket is already in
        --socketio-max-rooms rooms. Of several rooms, it has then entered the first ones.
        """
        names = room_names(room)
        for name in names:
            self._check_private(name)
        return self._join(*names) if len(names) == 1 else all_done(self._join(n) for n in names)

    def _check_private(self, room: str) -> None:
        if room != self.id and self.server.is_private_room(self.name_space, room):
            raise ValueError(
                f"{self!r} can't join room {room!r}, the id of another client: it would receive "
                "what is sent to that one (SIO_ALLOW_PRIVATE_ROOMS)"
            )

    def _join(self, name: str) -> Done:
        with self.name_space.rooms_lock:
            if self._successor is not None:
                return self._successor.join(name)
            if self._finished:
                return DONE
            self._core.join(self._number, name)
            self._joins += 1
            self._check_joined(name)
            logger.debug("%r joined room %r", self, name)
            if self._gone and not self.away:
                return DONE
            return self.name_space.adapter.join(self, name)

    def _check_joined(self, room: str) -> None:
        """Ask the native server whether it refused a room, only if the limit may be reached."""
        most = self._core.max_rooms
        if not most or self._joins <= most:
            return
        self._joins, is_member = self._core.membership(self._number, room)
        if self._joins >= most and not is_member:
            raise TooManyRooms(
                f"{self!r} can't join room {room!r}: it is in {most} rooms, as many as "
                "--socketio-max-rooms allows"
            )

    @done_when_called
    def leave(self, room: Room | Iterable[Room]) -> Done:
        """Leave a room, or several. Raises TypeError for an invalid room."""
        names = room_names(room)
        with self.name_space.rooms_lock:
            if self._successor is not None:
                return self._successor.leave(names)
            for name in names:
                self._core.leave(self._number, name)
                self.name_space.adapter.leave(self, name)
                logger.debug("%r left room %r", self, name)
        return DONE

    @done_when_called
    def leave_all(self) -> Done:
        """Leave all rooms."""
        with self.name_space.rooms_lock:
            if self._successor is not None:
                return self._successor.leave_all()
            self._core.leave_all(self._number)
            self.name_space.adapter.leave_all(self)
            logger.debug("%r left all rooms", self)
        return DONE

    @done_when_called
    def disconnect(self, close: bool = False) -> Done:
        """Disconnect the client from the namespace or, with `close`, from the server.

        Events that were emitted before are still sent. The disconnect handler runs after the
        handlers of the events that have arrived.
        """
        self._gone = True
        if self.accepted:
            self._core.close_socket(self._number, close)
        else:
            self._close_session = close
        return DONE

    @property
    def number(self) -> int:
        """The number of this socket in the native server."""
        return self._number

    def send_event(
        self, event: str, args: tuple[Any, ...], callback: AckCallback | None, flags: Flags
    ) -> Done:
        """The implementation of emit() and its variants."""
        if callback is not None:
            check_callback(callback)
        number = None if callback is None else next(self._session.callback_numbers)
        self._emit(event, args, number, callback, flags)
        return self.server.pace()

    def ask(self, event: str, args: tuple[Any, ...], timeout: float | None, flags: Flags) -> Answer:
        """The implementation of emit_with_ack() and its variants."""
        number = next(self._session.callback_numbers)

        def end() -> None:
            self._answers.pop(number, None)
            # A client that never answers must not fill the memory with answers that are no longer
            # awaited.
            self._callbacks.pop(number, None)

        answer = Answer(timeout, end, self._check_answerable)
        if self._gone:
            answer.fail(CLIENT_HAS_GONE)
            return answer
        self._answers[number] = answer
        try:
            self._emit(event, args, number, answer.arrive, flags)
        except BaseException:
            end()
            raise
        if self._gone:  # meanwhile, from another thread
            answer.fail(CLIENT_HAS_GONE)
        return answer

    def _check_answerable(self) -> None:
        """Raise RuntimeError if connect() waits for an answer, which can only come after it."""
        if self.connecting is not None and asyncio.current_task() is self.connecting:
            raise RuntimeError(
                f"{self!r}: connect() awaits an answer of its own client, which gets it only "
                "when connect() has accepted it; ask in a task, or in a function for "
                "register_connect_hook() (docs/socketio.md#answers)"
            )

    def _emit(
        self,
        event: str,
        args: tuple[Any, ...],
        number: int | None,
        callback: AckCallback | None,
        flags: Flags,
    ) -> None:
        check_event(event)
        if drops_emit(event):
            if number in self._answers:
                self._answers[number].fail(FROM_A_LOG_HANDLER)
            return
        if number is not None and callback is not None:
            self._callbacks[number] = callback
        try:
            self._core.emit(self._number, (event, *args), number, flags.volatile, flags.compress)
        except BaseException:
            if number is not None:
                self._callbacks.pop(number, None)
            raise
        if self._any_outgoing and not self._gone:
            self.call_outgoing_listeners((event, *args))

    def on_upgrade(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Call `f()`, `async def` or plain, when the client has changed from polling to a
        WebSocket; immediately if it already has. A client that connects with a WebSocket never
        upgrades.

        Also a decorator. It runs concurrently with the socket's handlers.
        """
        return self._watch("upgrade", function)

    def on_drain(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Call `f()`, `async def` or plain, each time the client's send queue becomes empty: the
        kernel, or the client's polling request, has taken everything.

        Use it to send much data in parts. Also a decorator. It runs concurrently with the socket's
        handlers. The queue is that of all namespaces of the client.
        """
        return self._watch("drain", function)

    def _watch(self, signal: str, function: Callable[..., Any]) -> Callable[..., Any]:
        handlers = self._signal_handlers.setdefault(signal, [])
        handlers.append(Handler(function))
        if len(handlers) == 1:
            self._core.watch(self._number, signal)
        return function

    def take_signal_handlers(self, signal: str) -> list[Handler]:
        """The functions to call; an upgrade happens once."""
        if signal == "upgrade":
            return self._signal_handlers.pop(signal, [])
        return list(self._signal_handlers.get(signal, ()))

    def use(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Call `f(event, *args)`, `async def` or plain, before the handlers of each event.

        If it raises sio.EventRefused, the handlers are not called. If it returns a
        sio.ChangedEvent, that event is handled instead; any other result is ignored. Also a
        decorator. Functions are called in the order of registration.
        """
        self.middleware.append(Handler(function))
        self.intercepts_events = True
        return function

    def add_consumer(self, consumer: Any) -> None:
        """The first one is `consumer`; all of them are in `consumers` by their classes."""
        if self.consumer is not None:
            self.consumers[type(consumer)] = consumer
            return
        self.consumer = consumer
        # If something has read these before there was one:
        if self._consumers_made is not None:
            self._consumers_made[type(consumer)] = consumer
        if self._state_made is not None:
            self._state_made["consumer"] = consumer

    def consumer_of(self, kind: type) -> Any:
        """The instance of this class among `consumers`, or None."""
        if type(self.consumer) is kind:
            return self.consumer
        made = self._consumers_made
        return None if made is None else made.get(kind)

    def mark_accepted(self) -> None:
        """connect() has accepted the client."""
        self.accepted = True
        relays = self.name_space.table.relays_for(self._session)
        if relays:
            self._core.accept_socket(self._number, self.server.native_relays(relays))
        else:
            self._core.accept_socket(self._number)
        if self._close_session is not None:
            self._core.close_socket(self._number, self._close_session)

    def describe(self) -> dict[str, Any]:
        """What restore() needs, in another Python process."""
        return {
            "id": self.id,
            "namespace": self.namespace,
            "auth": self._auth,
            "created": self._created,
            "data": self.data,
        }

    def restore(self, described: dict[str, Any]) -> None:
        """The client comes from another Python process, which had accepted it."""
        self._created = described["created"]
        self.data = described["data"]
        self._joins = self._core.max_rooms  # so that the native server is asked
        self.accepted = True

    def wake(self, created: float) -> None:
        """The client was accepted at that time, and has been dormant."""
        self._created = created
        self._joins = self._core.max_rooms  # so that the native server is asked
        self.accepted = True

    def recover(self, described: dict[str, Any]) -> None:
        """The client has recovered; this is what another process has kept of its former socket."""
        self.recovered = True
        self.data = described["data"]
        self._joins = self._core.max_rooms

    def let_go(self) -> None:
        """The client moves to another Python process."""
        self.drop_listeners()
        self._callbacks.clear()
        for answer in tuple(self._answers.values()):
            answer.fail(OTHER_PROCESS)

    def take_over(self, former: NamespaceSocket) -> None:
        """The same client has recovered. Handlers that still run for the former socket see and
        change the rooms of this one.
        """
        self.recovered = True
        self.data = former.data
        with self.name_space.rooms_lock:
            self._joins = former._joins
            former.away = False
            former._successor = self

    def mark_disconnected(self, reason: str, reference_reason: str) -> None:
        """The native server has ended the client's connection."""
        self.reference_reason = reference_reason
        self.disconnect_description = describe_disconnect(reason, reference_reason)
        try:
            with self.name_space.rooms_lock:
                self._gone = True
                if not self.away:
                    self.name_space.adapter.leave_all(self)
        finally:  # a project's own adapter may raise
            for answer in tuple(self._answers.values()):
                answer.fail(CLIENT_HAS_GONE)

    def forget(self) -> None:
        """The last handler has run. Until then the native server keeps the rooms, so that handlers
        of earlier events, and the disconnect handler, still see them.
        """
        with self.name_space.rooms_lock:
            self._gone = self._finished = True
            if self._successor is None:
                self.name_space.adapter.leave_all(self)  # of a client that was refused
                self._core.release_socket(self._number)
        self.drop_listeners()
        self._callbacks.clear()
