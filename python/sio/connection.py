"""Connection: runs the handlers of one socket, one after the other.

The order is connect, each event, disconnect, as the dispatcher reports them. An idle socket has no
task; a socket with handlers to run has one, and one more for each running concurrent handler.
Acknowledgements from the client are not handled here.

A connection is connecting, then accepted or refused. An accepted connection ends when its
disconnect handlers have run, even if the client disconnected during connect().

Lives on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .awaitables import DONE, Done, done_when_called
from .changed_event import ChangedEvent
from .database import DatabaseUse
from .engine import EngineIOSession
from .exceptions import ConnectionRefused, EventRefused
from .failures import (
    clear_cancellation,
    end_task,
    is_cancelled,
    is_closing,
    start_task,
    was_ended,
)
from .handlers import Handler
from .socketio.namespace import Namespace
from .socketio.socket import NamespaceSocket
from .time_limit import HandlerTimes, TimeLimit

if TYPE_CHECKING:
    from _sioserve import Server

logger = logging.getLogger("sio.consumer")

# How long, in seconds, a recovered client waits for the handlers of its lost connection.
HANDLERS_BEFORE = 10.0

NOT_AUTHORIZED = "Not authorized"
INTERNAL_ERROR = "Internal server error"
TOOK_TOO_LONG = "Connection timed out"
HANDLED_AT_ONCE = 16  # the most events of one socket that are reported together
LONGEST_RUN = 0.002  # seconds of handlers without an await; then the loop's other callbacks


# What is to be done next: an event, as its arguments, beginning with its name, and the number of
# its acknowledgement; or a call that gives an awaitable.
_Step = tuple[list[Any], int | None] | Callable[[], Awaitable[None]]


class Connection:
    """The running handlers of one socket. `on_finished` is called when nothing can follow,
    `on_accepting` just before the client is told that it is accepted, or goes on after a move.

    `before`: the lost connection of a recovered client, whose handlers still run.
    """

    __slots__ = (
        "_before",
        "_beside",
        "_callbacks",
        "_core",
        "_finished",
        "_handled",
        "_namespace",
        "_number",
        "_on_accepting",
        "_on_finished",
        "_parts",
        "_running",
        "_session",
        "_steps",
        "_times",
        "_waiting",
        "socket",
        "task",
    )

    def __init__(
        self,
        core: Server,
        number: int,
        namespace: Namespace,
        session: EngineIOSession,
        socket: NamespaceSocket,
        on_finished: Callable[[int], None],
        on_accepting: Callable[[EngineIOSession, NamespaceSocket], None],
        times: HandlerTimes,
        before: Connection | None = None,
    ) -> None:
        self._core = core
        self._number = number
        self._namespace = namespace
        self._session = session
        self._on_finished = on_finished
        self._on_accepting = on_accepting
        self._times = times
        # Lists, because an empty deque takes 760 bytes.
        self._steps: list[_Step] = []
        self._parts: list[_Step] = []  # the rest of the running step
        self._before = before
        self._finished = False
        self._waiting: asyncio.Future[None] | None = None  # the connection that waits for this one
        # Running concurrent handlers, and callbacks of acknowledgements; None until there is one.
        self._beside: set[asyncio.Task[None]] | None = None
        self._callbacks: set[asyncio.Task[None]] | None = None
        self._handled = 0  # handled events that are not reported to the native server yet
        self.socket = socket
        self._running = False
        self.task: asyncio.Task[None] | None = None  # while _running, once it waits

    def tasks(self) -> set[asyncio.Task[None]]:
        """The tasks of the running handlers."""
        beside = self._beside or set()
        return beside if self.task is None else {self.task, *beside}

    def connect(self, auth: Any) -> None:
        """Let the namespace decide about the client. The first call."""
        self._add(partial(self._connect, auth))

    def resume(self, why: str) -> None:
        """The client comes from another Python process, which had accepted it. The first call."""
        self._add(partial(self._resume, why))

    @property
    def is_busy(self) -> bool:
        """Whether handlers, or callbacks of acknowledgements, run or are to run."""
        return self._running or bool(self._beside) or bool(self._callbacks)

    async def idle(self) -> None:
        """Return when no handler and no callback runs any more."""
        while self.is_busy:
            if tasks := self.tasks() | (self._callbacks or set()):
                await asyncio.wait(tasks)
            else:
                await self._yield_to_loop()

    def add_callback(self, task: asyncio.Task[None]) -> None:
        """The callback of an acknowledgement runs in this task."""
        if self._callbacks is None:
            self._callbacks = set()
        self._callbacks.add(task)
        task.add_done_callback(self._callbacks.discard)

    def let_go(self) -> None:
        """The client moves to another Python process; call it when no handler runs."""
        self._report_handled()
        self._finished = True
        self.socket.let_go()
        self._session.sockets.discard(self.socket)
        self._namespace.remove_socket(self.socket)
        self._on_finished(self._number)

    def event(self, args: list[Any], ack_id: int | None) -> None:
        """Handle an event after the events before it."""
        self._steps.append((args, ack_id))
        if not self._running:
            self._start()

    def events(self, events: list[tuple[list[Any], int | None]]) -> None:
        """The same for several that have come together, in order."""
        self._steps += events
        if not self._running:
            self._start()

    def signal(self, signal: str) -> None:
        """Call the functions for this signal, concurrently with the handlers."""
        for handler in self.socket.take_signal_handlers(signal):
            self._start_beside(partial(self._signal, signal, handler))

    def _start_beside(self, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._beside is None:
            self._beside = set()
        start_task(call, self._beside)

    async def _signal(self, signal: str, handler: Handler) -> None:
        with Guard(signal, self.socket), self._limit(handler):
            await handler.call_with()

    def disconnect(self, reason: str, reference_reason: str) -> None:
        """The client has disconnected: end when all its events have been handled."""
        with Guard("leaving the rooms", self.socket):
            self.socket.mark_disconnected(reason, reference_reason)
        self._add(partial(self._disconnect, reason))

    def end(self) -> None:
        """The timeout for handlers is over: cancel running ones, and start only those of
        disconnect.
        """
        events = sum(isinstance(step, tuple) for step in self._steps)
        last = [
            step
            for step in self._steps
            if isinstance(step, partial) and step.func == self._disconnect
        ]
        self._steps.clear()
        self._steps.extend(last)
        if events:
            logger.warning("%r: not handled, this process stops: %d events", self.socket, events)
        for task in self.tasks():
            end_task(task)

    def abandon(self) -> None:
        """In a child made by fork(): handle no more events."""
        self._steps.clear()

    def _add(self, step: _Step) -> None:
        self._steps.append(step)
        if not self._running:
            self._start()

    def _start(self) -> None:
        self._running = True
        task = self._core.start_task(self._run(), self.socket.id)
        # Usually it has begun, possibly ended: then it can't be cancelled before its first step.
        if self._running and self.task is None:
            self.task = task
            task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        """Start again if there are steps: the task was cancelled before its first one."""
        if self.task is not task:
            return
        self._running, self.task = False, None
        if self._steps:
            logger.warning("%r: its task was cancelled and is started again", self.socket)
            self._start()

    async def _run(self) -> None:
        steps, parts = self._steps, self._parts
        use = DatabaseUse.begin()
        task = asyncio.current_task()
        assert task is not None
        if self.task is None:
            self.task = task
        else:  # it has begun now, so _task_ended() has nothing to do
            task.remove_done_callback(self._task_ended)
        since = perf_counter()
        while parts or steps:
            step = (parts or steps).pop(0)
            try:  # as Guard
                if isinstance(step, tuple):
                    await self._event(*step)
                else:
                    await step()
            except BaseException as error:
                what = step[0][0] if isinstance(step, tuple) else getattr(step, "func", step)
                if not survives(error, what, self.socket):
                    raise
            if use.used and not parts:
                await use.end()
            if is_cancelled(task):
                await clear_cancellation()
            if steps and not parts and perf_counter() - since > LONGEST_RUN:
                await self._yield_to_loop()
                since = perf_counter()
        use.closed = True
        self._running, self.task = False, None

    @staticmethod
    async def _yield_to_loop() -> None:
        """Let the event loop's other callbacks run."""
        with contextlib.suppress(asyncio.CancelledError):  # no handler is running
            await asyncio.sleep(0)
        await clear_cancellation()

    async def _call(self, what: str, handler: Handler, *args: Any) -> None:
        with Guard(what, self.socket), self._limit(handler):
            await handler.call(self.socket, *args)

    def _limit(self, handler: Handler) -> TimeLimit:
        return handler.limit(self._times.handler)

    async def _connect(self, auth: Any) -> None:
        accepted = False
        message, data = NOT_AUTHORIZED, None
        self.socket.connecting = asyncio.current_task()
        limit = TimeLimit(self._times.connect, "connect", self._tell_of_timeout)
        with Guard("connect", self.socket) as guard, limit:
            try:
                accepted = await self._ask(auth, limit)
            except ConnectionRefused as refused:
                message, data = refused.message, refused.data
        self.socket.connecting = None
        if guard.failed:
            message = INTERNAL_ERROR
        if limit.expired:
            self._finish_refusal(TOOK_TOO_LONG)
        elif accepted:
            self._on_accepting(self._session, self.socket)
            self.socket.mark_accepted()
            logger.info("%r %s", self.socket, "recovered" if self.socket.recovered else "connected")
            hooks = self._namespace.server.connect_hooks
            self._parts.extend(partial(self._call, "connect hook", hook) for hook in hooks)
        else:
            self._refuse(message, data)

    async def _resume(self, why: str) -> None:
        limit = TimeLimit(self._times.connect, "resume")
        with Guard("resume", self.socket) as guard, limit:
            await self._session.identify()
            self._add_consumers()
            for handler in self._namespace.table.resume_handlers(self.socket):
                limit.what = handler
                with handler.limit():
                    await handler.call(self.socket, why)
        if guard.failed:
            self._core.give_up_session(self._session.number)
            return
        self._on_accepting(self._session, self.socket)
        self.socket.mark_accepted()
        logger.info("%r resumed after a %s", self.socket, why)
        hooks = self._namespace.server.resume_hooks
        self._parts.extend(partial(self._call, "resume hook", hook) for hook in hooks)

    def _add_consumers(self) -> None:
        for consumer_class in self._namespace.table.consumers_for(self._session):
            self.socket.add_consumer(consumer_class())

    def _tell_of_timeout(self) -> None:
        """Answer the client before the cancelled handler has ended."""
        self.socket.away = False
        self._core.refuse_socket(self._number, TOOK_TOO_LONG)

    async def _ask(self, auth: Any, limit: TimeLimit) -> bool:
        if self._before is not None:
            await self._before.finished()
            self._before = None
        await self._session.identify()
        self._add_consumers()
        namespace, socket = self._namespace, self.socket
        if not (socket.recovered and namespace.server.recovery_skips_middleware):
            for middleware in namespace.table.middleware:
                limit.what = middleware
                with middleware.limit():
                    await middleware.call(socket, auth)
                if socket.reference_reason is not None and not socket.away:
                    raise ConnectionRefused("the client has gone")
        for handler in namespace.table.handlers("connect", socket):
            limit.what = handler
            with handler.limit():
                accepts = await handler.call(socket, auth)
            if accepts is None:
                handler.warn_once(
                    "returned None, which refuses the client; return True to let it in "
                    "(docs/socketio.md#a-consumer)"
                )
            if not accepts:
                return False
        return True

    def _refuse(self, message: str, data: Any) -> None:
        self.socket.away = False  # its client can't be recovered any more
        with Guard("refusing", self.socket) as guard:
            self._core.refuse_socket(self._number, message, data)
        if guard.failed:
            self._core.refuse_socket(self._number, INTERNAL_ERROR)
        self._finish_refusal(message)

    def _finish_refusal(self, message: str) -> None:
        logger.info("%r refused: %s", self.socket, message)
        self._finish()

    def _event(self, args: list[Any], ack_id: int | None) -> Awaitable[None]:
        if type(args[0]) is not str:  # a client's event may have a number as its name
            args[0] = str(args[0])
        handlers = self._namespace.table.handlers(args[0], self.socket)
        for handler in handlers:
            if handler.is_concurrent:
                self._start_beside(partial(self._handle, args, ack_id, handlers))
                return DONE
        return self._handle(args, ack_id, handlers)

    async def _handle(
        self, args: list[Any], ack_id: int | None, handlers: Sequence[Handler]
    ) -> None:
        socket, event, args = self.socket, args[0], args[1:]
        reply = None if ack_id is None else Reply(self._core, self._number, ack_id)
        ack = None if reply is None else reply.send
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%r: event %r, ack %s, handlers %r", socket, event, ack_id, handlers)
        answer: tuple[Any, ...] | None = None
        try:
            for listener in socket.any_handlers:
                with Guard("on_any", socket), self._limit(listener):
                    await listener.call_with(event, *args)
                await clear_cancellation()
            for middleware in socket.middleware:
                with self._limit(middleware):
                    changed = await middleware.call_with(event, *args)
                if isinstance(changed, ChangedEvent):
                    event, args = changed.event, list(changed.args)
                    handlers = self._namespace.table.handlers(event, socket)
            for handler in handlers:
                if handler.timeout is None and self._times.handler is None:
                    await handler.handle(socket, event, args, ack)
                else:
                    with self._limit(handler):
                        await handler.handle(socket, event, args, ack)
        except EventRefused as refused:
            answer = (refused.answer,)
        except BaseException as error:
            if not survives(error, event, socket):
                raise
            answer = ({"error": INTERNAL_ERROR},)
        else:
            if reply is not None and not reply.sent:
                answer = self._automatic_answer(args, handlers)
        if reply is not None and not reply.sent and answer is not None:
            with Guard(event, socket) as guard:  # a refusal's data may not be JSON
                reply.send(*answer)
            if guard.failed:
                reply.send({"error": INTERNAL_ERROR})
        self._handled += 1
        if not self._steps or self._handled >= HANDLED_AT_ONCE:
            self._core.events_done(self._number, self._handled)
            self._handled = 0
        elif self._handled == 1:
            # Before the next handler waits, possibly for input that is read only then.
            asyncio.get_running_loop().call_soon(self._report_handled)

    def _automatic_answer(
        self, args: list[Any], handlers: Sequence[Handler]
    ) -> tuple[Any, ...] | None:
        """The arguments of an acknowledgement that no handler has given; None: there is none."""
        for handler in handlers:
            if handler.acks_itself:
                return None
        if handlers:
            return ()
        return tuple(args) if self._namespace.server.ack_unknown_events else None

    def _report_handled(self) -> None:
        """Let the client be read further. Events handled together are reported together."""
        if self._handled:
            self._core.events_done(self._number, self._handled)
            self._handled = 0

    async def _disconnect(self, reason: str) -> None:
        socket = self.socket
        while self._beside:
            with contextlib.suppress(asyncio.CancelledError):  # of this task, not of a handler
                await asyncio.wait(self._beside)
            await clear_cancellation()
        self._report_handled()
        if socket.accepted:
            logger.info("%r disconnected: %s", socket, reason)
            handlers = (
                *socket.own_handlers("disconnecting"),
                *self._namespace.table.handlers("disconnect", socket),
            )
            hooks = self._namespace.server.disconnect_hooks
            # In parts, so that each handler fails alone, even if this coroutine is closed.
            parts = self._parts
            call = self._call
            parts.extend(partial(call, "disconnect", handler, reason) for handler in handlers)
            parts.extend(partial(call, "disconnect hook", hook, reason) for hook in hooks)
            parts.append(self._finish)
        else:
            self._finish()

    async def finished(self) -> None:
        """Wait, but not forever, until the last handler has run."""
        if self._finished:
            return
        self._waiting = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait((self._waiting,), timeout=HANDLERS_BEFORE)
        if not done:
            logger.warning(
                "%r: its client has come back; handlers of the lost connection still run, and "
                "are not waited for any longer",
                self.socket,
            )

    def _finish(self) -> Done:
        socket = self.socket
        if self._finished:  # refused while its client disconnected
            return DONE
        self._finished = True
        self._session.sockets.discard(socket)
        if not socket.away:
            with Guard("leaving the rooms", socket):
                socket.forget()
            self._namespace.remove_socket(socket)
        self._on_finished(self._number)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        return DONE


class Connections(dict[int, Connection]):
    """The connections, by the numbers of their sockets in the native server."""

    def event(self, socket: int, args: list[Any], ack_id: int | None) -> None:
        """Handle an event of this socket, if it has not gone."""
        connection = self.get(socket)
        if connection is not None:
            connection.event(args, ack_id)

    def events(self, socket: int, events: list[tuple[list[Any], int | None]]) -> None:
        """Handle these events of this socket, if it has not gone."""
        connection = self.get(socket)
        if connection is not None:
            connection.events(events)


class Reply:
    """Acknowledges one event of a client, at most once. May be used from any thread."""

    __slots__ = ("_ack_id", "_core", "_number", "sent")

    def __init__(self, core: Server, number: int, ack_id: int) -> None:
        self._core = core
        self._number = number
        self._ack_id = ack_id
        self.sent = False

    @done_when_called
    def send(self, *args: Any) -> Done:
        """Acknowledge the event with these arguments; handlers get this function as `ack`.

        Raises TypeError or ValueError for a value that can't be encoded. Later calls do nothing.
        """
        if self.sent:
            logger.warning("an event was acknowledged twice; the second is ignored")
        else:
            self._core.ack(self._number, self._ack_id, args)
            self.sent = True
        return DONE


class Guard:
    """Keeps a handler's exception from ending its connection: logs it and sets `failed`.

    A handler has also failed if it awaited something cancelled, was cancelled itself, or called
    sys.exit().
    """

    __slots__ = ("_socket", "_what", "failed")

    def __init__(self, what: Any, socket: NamespaceSocket) -> None:
        self._what = what
        self._socket = socket
        self.failed = False

    def __enter__(self) -> Guard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self.failed = error is not None and survives(error, self._what, self._socket)
        return self.failed


def survives(error: BaseException, what: Any, socket: NamespaceSocket) -> bool:
    """Whether the connection continues after this exception of a handler, which is then logged.

    See Guard.
    """
    if is_closing(error):
        return False
    if was_ended(error):
        logger.warning("%r: %r was cancelled, this process stops", socket, what)
        return True
    logger.error("%r: %r failed", socket, what, exc_info=error)
    for hook in socket.server.failure_hooks:
        try:
            hook(error)
        except BaseException:
            logger.exception("%r failed", hook)
    return True
