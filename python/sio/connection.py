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
from types import TracebackType
from typing import TYPE_CHECKING, Any

from _sioserve import HandlerQueue

from .awaitables import DONE, Done
from .changed_event import ChangedEvent
from .database import DatabaseUse
from .django_support import django_ready
from .engine import EngineIOSession
from .exceptions import ConnectionRefused, EventRefused
from .failures import (
    clear_cancellation,
    end_task,
    is_closing,
    start_task,
    was_ended,
)
from .handlers import Handler, SimpleCall
from .socketio.namespace import Namespace
from .socketio.socket import NamespaceSocket
from .time_limit import HandlerTimes, TimeLimit

if TYPE_CHECKING:
    from _sioserve import Acknowledgement, Server

logger = logging.getLogger("sio.consumer")

# How long, in seconds, a recovered client waits for the handlers of its lost connection.
HANDLERS_BEFORE = 10.0

NOT_AUTHORIZED = "Not authorized"
INTERNAL_ERROR = "Internal server error"
TOOK_TOO_LONG = "Connection timed out"

_NOTHING: dict[str, SimpleCall] = {}


class Connection(HandlerQueue):
    """The running handlers of one socket. `on_finished` is called when nothing can follow,
    `on_accepting` just before the client is told that it is accepted, or goes on after a move.

    `before`: the lost connection of a recovered client, whose handlers still run.
    """

    __slots__ = (
        "_before",
        "_beside",
        "_callbacks",
        "_finished",
        "_namespace",
        "_on_accepting",
        "_on_finished",
        "_session",
        "_times",
        "_waiting",
        "socket",
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
        simple = namespace.table.simple_events if times.handler is None else _NOTHING
        super().__init__(core, number, socket.id, socket, simple, logger, django_ready())
        self._namespace = namespace
        self._session = session
        self._on_finished = on_finished
        self._on_accepting = on_accepting
        self._times = times
        self._before = before
        self._finished = False
        self._waiting: asyncio.Future[None] | None = None  # the connection that waits for this one
        # Running concurrent handlers, and callbacks of acknowledgements; None until there is one.
        self._beside: set[asyncio.Task[None]] | None = None
        self._callbacks: set[asyncio.Task[None]] | None = None
        self.socket = socket

    def tasks(self) -> set[asyncio.Task[None]]:
        """The tasks of the running handlers."""
        beside = self._beside or set()
        return beside if self.task is None else {self.task, *beside}

    def connect(self, auth: Any) -> None:
        """Let the namespace decide about the client. The first call."""
        self.add(partial(self._connect, auth))

    def resume(self, why: str) -> None:
        """The client comes from another Python process, which had accepted it. The first call."""
        self.add(partial(self._resume, why))

    @property
    def is_busy(self) -> bool:
        """Whether handlers, or callbacks of acknowledgements, run or are to run."""
        return self.is_running or bool(self._beside) or bool(self._callbacks)

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
        self._finished = True
        self.socket.let_go()
        self._session.discard(self.socket)
        self._namespace.remove_socket(self.socket)
        self._on_finished(self.number)

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
        self.add(partial(self._disconnect, reason))

    def end(self) -> None:
        """The timeout for handlers is over: cancel running ones, and start only those of
        disconnect.
        """
        calls, events = self.take_steps()
        for call in calls:
            if isinstance(call, partial) and call.func == self._disconnect:
                self.add(call)
        if events:
            logger.warning("%r: not handled, this process stops: %d events", self.socket, events)
        for task in self.tasks():
            end_task(task)

    def abandon(self) -> None:
        """In a child made by fork(): handle no more events."""
        self.take_steps()

    def run_waits(self, task: asyncio.Task[None]) -> None:
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        """Start again if there are steps: the task was cancelled before its first one."""
        if self.task is task and not self.has_begun and self.restart():
            logger.warning("%r: its task was cancelled and is started again", self.socket)

    def begin_database_use(self) -> DatabaseUse:
        return DatabaseUse.begin()

    def begin_event(self, args: list[Any], ack: Acknowledgement | None) -> Awaitable[None] | None:
        if type(args[0]) is not str:  # a client's event may have a number as its name
            args[0] = str(args[0])
        handlers = self._namespace.table.handlers(args[0], self.socket)
        for handler in handlers:
            if handler.is_concurrent:
                self._start_beside(partial(self._handle, args, ack, handlers, True))
                return None
        return self._handle(args, ack, handlers)

    def step_failed(self, call: Callable[[], Any], error: BaseException) -> bool:
        return survives(error, getattr(call, "func", call), self.socket)

    def event_failed(
        self, args: list[Any], ack: Acknowledgement | None, error: BaseException
    ) -> bool:
        return self._answer_failure(args[0], ack, error)

    async def between_steps(self, use: DatabaseUse | None, is_late: bool) -> None:
        if use is not None:
            await use.end()
        await clear_cancellation()
        if is_late:
            await self._yield_to_loop()

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
            for hook in hooks:
                self.add_part(partial(self._call, "connect hook", hook))
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
            self.core.give_up_session(self._session.number)
            return
        self._on_accepting(self._session, self.socket)
        self.socket.mark_accepted()
        logger.info("%r resumed after a %s", self.socket, why)
        hooks = self._namespace.server.resume_hooks
        for hook in hooks:
            self.add_part(partial(self._call, "resume hook", hook))

    def _add_consumers(self) -> None:
        for consumer_class in self._namespace.table.consumers_for(self._session):
            self.socket.add_consumer(consumer_class())

    def _tell_of_timeout(self) -> None:
        """Answer the client before the cancelled handler has ended."""
        self.socket.away = False
        self.core.refuse_socket(self.number, TOOK_TOO_LONG)

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
            self.core.refuse_socket(self.number, message, data)
        if guard.failed:
            self.core.refuse_socket(self.number, INTERNAL_ERROR)
        self._finish_refusal(message)

    def _finish_refusal(self, message: str) -> None:
        logger.info("%r refused: %s", self.socket, message)
        self._finish()

    async def _handle(
        self,
        args: list[Any],
        ack: Acknowledgement | None,
        handlers: Sequence[Handler],
        is_beside: bool = False,
    ) -> None:
        """`is_beside`: in a task of its own."""
        socket, event, args = self.socket, args[0], args[1:]
        if logger.isEnabledFor(logging.DEBUG):
            ack_id = None if ack is None else ack.ack_id
            logger.debug("%r: event %r, ack %s, handlers %r", socket, event, ack_id, handlers)
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
                with self._limit(handler):
                    await handler.handle(socket, event, args, ack)
        except BaseException as error:
            if not self._answer_failure(event, ack, error):
                raise
        else:
            answer = self._automatic_answer(args, handlers)
            if answer is not None:
                self._answer(event, ack, *answer)
        if is_beside:
            self.core.events_done(self.number, 1)

    def _answer_failure(
        self, event: str, ack: Acknowledgement | None, error: BaseException
    ) -> bool:
        """Answer the client; whether its next events are handled."""
        if isinstance(error, EventRefused):
            self._answer(event, ack, error.answer)
            return True
        if not survives(error, event, self.socket):
            return False
        self._answer(event, ack, {"error": INTERNAL_ERROR})
        return True

    def _answer(self, event: str, ack: Acknowledgement | None, *answer: Any) -> None:
        """Unless the client has an answer, or wants none."""
        if ack is None or ack.sent:
            return
        with Guard(event, self.socket) as guard:  # a refusal's data may not be JSON
            ack(*answer)
        if guard.failed:
            ack({"error": INTERNAL_ERROR})

    def acknowledged_twice(self) -> None:
        logger.warning("an event was acknowledged twice; the second is ignored")

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

    async def _disconnect(self, reason: str) -> None:
        socket = self.socket
        while self._beside:
            with contextlib.suppress(asyncio.CancelledError):  # of this task, not of a handler
                await asyncio.wait(self._beside)
            await clear_cancellation()
        if socket.accepted:
            logger.info("%r disconnected: %s", socket, reason)
            handlers = (
                *socket.own_handlers("disconnecting"),
                *self._namespace.table.handlers("disconnect", socket),
            )
            hooks = self._namespace.server.disconnect_hooks
            # In parts, so that each handler fails alone, even if this coroutine is closed.
            for handler in handlers:
                self.add_part(partial(self._call, "disconnect", handler, reason))
            for hook in hooks:
                self.add_part(partial(self._call, "disconnect hook", hook, reason))
            self.add_part(self._finish)
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
        self._session.discard(socket)
        if not socket.away:
            with Guard("leaving the rooms", socket):
                socket.forget()
            self._namespace.remove_socket(socket)
        self._on_finished(self.number)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
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
