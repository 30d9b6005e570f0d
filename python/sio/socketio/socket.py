"""NamespaceSocket: one client in one namespace."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..answer import Answer
from ..awaitables import DONE, Done, all_done, done_when_called
from ..engine import EngineIOSession, EngineIOSocket
from ..exceptions import TooManyRooms
from ..handlers import Handler
from ..handshake import Handshake, make_handshake
from ..names import Room, check_event, room_names
from .broadcast import Broadcast
from .emitter import AckCallback, Emitter
from .flags import NO_FLAGS, Flags
from .interfaces import Namespace, Server
from .listeners import SocketListeners

if TYPE_CHECKING:
    from _sioserve import Server as NativeServer

logger = logging.getLogger("sio.socketio.socket")

CLIENT_HAS_GONE = "the client has gone without an answer"
NO_ANSWER = {  # as the native server says why
    "not sent": "the client could not take the volatile event",
    "forgotten": "the client owes too many answers (--socketio-max-pending-acks)",
    "unread": "too many events of the client wait before the answer (--socketio-max-read-ahead)",
}


class NamespaceSocket(SocketListeners):
    """What handlers know about a client.

    Everything that sends or changes rooms has done its work when the call returns, in the order of
    the calls; awaiting it is allowed. All methods may be called from any thread, and do nothing
    once the client has gone.

    * `id`: the socket's id, as the client sees it; unguessable, and no secret to the client.
    * `namespace`: the namespace's name; `name_space`: the Namespace itself. `server`: the
      SocketIOServer.
    * `state`, `data`: two dicts for the application.
    * `consumer`: the consumer's instance, or None in a namespace without one. `consumers`: of
      several, by their classes.
    * `accepted`: connect() has let the client in.
    * `recovered`: the client was cut off and has come back in time: `id`, `rooms` and what was in
      `data` are those that it had, and what it missed is sent when connect() has let it in.
    * `away`: the client was cut off and may come back. Until then, rooms can be changed and events
      are kept for it.
    * `reference_reason`: why the client has gone, in the words of the reference server ("transport
      close", "ping timeout", ...); None before.
    * `eio`: the Engine.IO connection, which all sockets of one client share.
    """

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
        self._callbacks: dict[int, AckCallback] = {}
        self._answers: dict[int, Answer] = {}  # to be awaited, by the number of their callback
        self._gone = False
        self._finished = False
        self._close_session: bool | None = None  # wanted by disconnect() during connect()
        self.server = name_space.server
        self.name_space = name_space
        self.namespace = name_space.name
        self.id = id
        self.state: dict[str, Any] = {}
        self.data: dict[str, Any] = {}
        self._joins = 0  # at least as many as the rooms it is in
        self.consumer: Any = None
        self.consumers: dict[type, Any] = {}
        self.middleware: list[Handler] = []
        self.accepted = False
        # The task of middleware and connect handlers, while they run.
        self.connecting: asyncio.Task[Any] | None = None
        self.recovered = False
        self.away = False
        self._signal_handlers: dict[str, list[Handler]] = {}
        self._successor: NamespaceSocket | None = None  # once its client has come back
        self.reference_reason: str | None = None

    def __repr__(self) -> str:
        return f"<NamespaceSocket {self.id} in {self.namespace}>"

    @property
    def connected(self) -> bool:
        """From the end of connect() until the client has gone or disconnect() was called."""
        return self.accepted and not self._gone

    @property
    def gone(self) -> bool:
        """Nothing can be sent any more: the client has left, or disconnect() was called."""
        return self._gone

    @property
    def namespace_match(self) -> re.Match[str] | None:
        """What the namespace's name has matched, where a regular expression admits namespaces:
        `socket.namespace_match["id"]`. None elsewhere.
        """
        return self.name_space.match

    @property
    def finished(self) -> bool:
        """All handlers of a client that has gone have run."""
        return self._finished

    @property
    def rooms(self) -> set[str]:
        """Names of the rooms that the socket is in; of a client that has gone, those that it was
        in, until its last handler has run.

        The native server is asked, which takes some ten microseconds each time.
        """
        if self._successor is not None:
            return self._successor.rooms
        return set() if self._finished else self._core.rooms_of(self._number)

    @property
    def transport(self) -> str:
        """How the client is reached: "polling" or "websocket". Changes with an upgrade; when the
        client has gone, what it was in the end.
        """
        return self._session.transport

    @property
    def latency(self) -> float | None:
        """Seconds from the latest ping of the server to the client's pong; None before the first,
        which comes `--socketio-ping-interval` after the connection.
        """
        return self._session.latency

    @property
    def eio(self) -> EngineIOSocket:
        """The Engine.IO connection, which all sockets of one client share."""
        return self._session.socket

    @property
    def scope(self) -> dict[str, Any]:
        """The ASGI scope of the client's handshake, as the middleware left it."""
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
        event loop's thread, so it may complete a future, and must not block. It is never called
        if the client goes away first; of more that wait than --socketio-max-pending-acks, the
        oldest is forgotten.

        Raises TypeError or ValueError for what can't be encoded (the message has the path to it)
        and ValueError for a reserved event name.
        """
        return self.send_event(event, args, callback, NO_FLAGS)

    def emit_with_ack(self, event: str, *args: Any, timeout: float | None = None) -> Answer:
        """Send an event to this client and return its answer, to be awaited.

        The answer is the argument of the acknowledgement; None if it has none, a list if it has
        several. Awaiting it raises sio.AckTimeout after `timeout` seconds (None: never), and as
        soon as it is known that no answer will come: the client has gone, it owes more than
        --socketio-max-pending-acks, or more than --socketio-max-read-ahead of its events have come
        before the answer while none was handled. A handler may await it: acknowledgements do not
        wait for handlers. Raises at the call as emit() does.
        """
        return self.ask(event, args, timeout, NO_FLAGS)

    @property
    def broadcast(self) -> Broadcast[NamespaceSocket]:
        """Everyone in the namespace but this client."""
        return Emitter(self).broadcast

    def to(self, room: Room | Iterable[Room]) -> Broadcast[NamespaceSocket]:
        """The clients in a room or in several, but not this one. Raises TypeError."""
        return Emitter(self).to(room)

    in_ = to

    def except_(self, room: Room | Iterable[Room]) -> Broadcast[NamespaceSocket]:
        """Everyone in the namespace but this client and those in a room or in several."""
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
        """With False, for events that are not to be compressed; see Broadcast.compress()."""
        return Emitter(self).compress(compress)

    def timeout(self, seconds: float) -> Emitter[NamespaceSocket]:
        """For emit_with_ack(): how long to wait for the answer."""
        return Emitter(self).timeout(seconds)

    @done_when_called
    def send(self, *args: Any) -> Done:
        """Emit the event "message"."""
        return self.emit("message", *args)

    @done_when_called
    def join(self, room: Room | Iterable[Room]) -> Done:
        """Enter a room, any str, or an int, which is the room of its decimal digits; or several.

        Raises TypeError for anything else, sio.TooManyRooms when the socket is in as many rooms as
        --socketio-max-rooms allows; of several, it has then entered those before.
        """
        names = room_names(room)
        return self._join(*names) if len(names) == 1 else all_done(self._join(n) for n in names)

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
        """Ask the native server, which refuses one too many, only where it may have refused."""
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
        """Leave a room, or several. Raises TypeError for what can't be a room."""
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

        What was emitted before still reaches it. The disconnect handler runs when the events that
        have arrived have been handled.
        """
        self._gone = True
        if self.accepted:
            self._core.close_socket(self._number, close)
        else:
            self._close_session = close
        return DONE

    @property
    def number(self) -> int:
        """What the native server calls this socket."""
        return self._number

    def send_event(
        self, event: str, args: tuple[Any, ...], callback: AckCallback | None, flags: Flags
    ) -> Done:
        """What emit() and its variants come down to."""
        if callback is not None and not callable(callback):
            raise TypeError(f"a callback is a function, not {type(callback).__name__}")
        number = None if callback is None else next(self._session.callback_numbers)
        self._emit(event, args, number, callback, flags)
        return self.server.pace()

    def ask(self, event: str, args: tuple[Any, ...], timeout: float | None, flags: Flags) -> Answer:
        """What emit_with_ack() and its variants come down to."""
        number = next(self._session.callback_numbers)

        def end() -> None:
            self._answers.pop(number, None)
            # A client that never answers must not fill the memory with those who have given up.
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
        """Raise RuntimeError where connect() would wait for what can only follow it."""
        if self.connecting is not None and asyncio.current_task() is self.connecting:
            raise RuntimeError(
                f"{self!r}: connect() awaits an answer of its own client, which gets the question "
                "when connect() has let it in; ask in a task, or in a function for "
                "register_connect_hook()"
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
        if number is not None and callback is not None:
            self._callbacks[number] = callback
        try:
            self._core.emit(self._number, (event, *args), number, flags.volatile, flags.compress)
        except BaseException:
            if number is not None:
                self._callbacks.pop(number, None)
            raise
        if self._any_outgoing and not self._gone:
            self.tell_outgoing((event, *args))

    def on_upgrade(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Call `f()`, `async def` or plain, once the client has changed from polling to a
        WebSocket; at once if it already has. One that connects with a WebSocket never upgrades.

        Also a decorator. It runs beside the socket's handlers.
        """
        return self._watch("upgrade", function)

    def on_drain(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Call `f()`, `async def` or plain, each time that nothing waits any more of what was sent
        to the client: the operating system, or the client's request, has taken all of it.

        For whoever sends much and wants to go on when there is room. Also a decorator. It runs
        beside the socket's handlers, for all namespaces of the client together.
        """
        return self._watch("drain", function)

    def _watch(self, signal: str, function: Callable[..., Any]) -> Callable[..., Any]:
        handlers = self._signal_handlers.setdefault(signal, [])
        handlers.append(Handler(function))
        if len(handlers) == 1:
            self._core.watch(self._number, signal)
        return function

    def take_signal_handlers(self, signal: str) -> list[Handler]:
        """Whom to call; an upgrade comes once."""
        if signal == "upgrade":
            return self._signal_handlers.pop(signal, [])
        return list(self._signal_handlers.get(signal, ()))

    def use(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Call `f(event, *args)`, `async def` or plain, before the handlers of each event.

        One that raises sio.EventRefused keeps the event from its handlers; the result does not
        matter. Also a decorator. They are called in the order of registration.
        """
        self.middleware.append(Handler(function))
        return function

    def add_consumer(self, consumer: Any) -> None:
        """The first one is `consumer`; all of them stand in `consumers` by their classes."""
        self.consumers[type(consumer)] = consumer
        if self.consumer is None:
            self.consumer = self.state["consumer"] = consumer

    def take_callback(self, number: int) -> AckCallback | None:
        """The callback that emit() gave this number, once."""
        return self._callbacks.pop(number, None)

    def lose_answers(self, numbers: Sequence[int], why: str) -> None:
        """The acknowledgements with these numbers won't come."""
        for number in numbers:
            self._callbacks.pop(number, None)
            answer = self._answers.get(number)
            if answer is not None:
                answer.fail(NO_ANSWER[why])

    def mark_accepted(self) -> None:
        """connect() has let the client in."""
        self.accepted = True
        relays = self.name_space.table.relays_for(self._session)
        if relays:
            self._core.accept_socket(self._number, self.server.native_relays(relays))
        else:
            self._core.accept_socket(self._number)
        if self._close_session is not None:
            self._core.close_socket(self._number, self._close_session)

    def take_over(self, former: NamespaceSocket) -> None:
        """This is the same client, come back. Handlers that still run for the former socket see
        and change the rooms of this one.
        """
        self.recovered = True
        self.data = former.data
        with self.name_space.rooms_lock:
            self._joins = former._joins
            former.away = False
            former._successor = self

    def mark_gone(self, reference_reason: str) -> None:
        """The native server has dropped the client."""
        self.reference_reason = reference_reason
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
        of events that arrived before the client left, and the disconnect handler, see what they
        expect.
        """
        with self.name_space.rooms_lock:
            self._gone = self._finished = True
            if self._successor is None:
                self.name_space.adapter.leave_all(self)  # of a client that was refused
                self._core.release_socket(self._number)
        self.drop_listeners()
        self._callbacks.clear()
