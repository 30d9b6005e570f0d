"""Connection: runs the handlers of one socket, one after the other.

connect, then each event, then disconnect, in the order in which the dispatcher hears of them. A
task runs while there is something to do and ends when there is not, so an idle socket has none
and a busy one has one, and another one for each concurrent handler at work. Acknowledgements from
the client do not come through here.

A connection is connecting, then accepted or refused; an accepted one ends when its disconnect
handlers have run, even if the client left while connect() was still running.

Lives on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .awaitables import DONE, Done, done_when_called
from .exceptions import ConnectionRefused, EventRefused

if TYPE_CHECKING:
    from _sioserve import Server

    from .engineio.session import EngineIOSession
    from .handlers import Handler
    from .socketio.namespace import Namespace
    from .socketio.socket import NamespaceSocket

logger = logging.getLogger("sio.consumer")

# How long, in seconds, a client that has come back waits for the handlers of its lost connection.
HANDLERS_BEFORE = 10.0

NOT_AUTHORIZED = "Not authorized"
INTERNAL_ERROR = "Internal server error"
HANDLED_AT_ONCE = 16  # events of one socket that are reported together at most


class Connection:
    """The handlers of one socket at work. `on_finished` is called once nothing can follow.

    `before`: the connection that the client had and lost, whose handlers still run.
    """

    __slots__ = (
        "_before",
        "_beside",
        "_core",
        "_finished",
        "_handled",
        "_namespace",
        "_number",
        "_on_finished",
        "_session",
        "_steps",
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
        before: Connection | None = None,
    ) -> None:
        self._core = core
        self._number = number
        self._namespace = namespace
        self._session = session
        self._on_finished = on_finished
        self._steps: deque[tuple[Any, ...]] = deque()
        self._before = before
        self._finished = False
        self._waiting: asyncio.Future[None] | None = None  # the connection behind this one
        self._beside: set[asyncio.Task[None]] = set()  # concurrent handlers at work
        self._handled = 0  # events that the native server does not know of
        self.socket = socket
        self.task: asyncio.Task[None] | None = None

    def tasks(self) -> set[asyncio.Task[None]]:
        """The handlers at work."""
        return self._beside if self.task is None else {self.task, *self._beside}

    def connect(self, auth: Any) -> None:
        """Let the namespace decide about the client, before anything else."""
        self._add((self._connect, auth))

    def event(self, args: list[Any], ack_id: int | None) -> None:
        """Handle an event when those before it have been handled."""
        self._add((self._event, args, ack_id))

    def signal(self, signal: str) -> None:
        """Call what has asked for this, beside the handlers."""
        for handler in self.socket.take_signal_handlers(signal):
            task = asyncio.get_running_loop().create_task(self._signal(signal, handler))
            self._beside.add(task)
            task.add_done_callback(self._beside.discard)

    async def _signal(self, signal: str, handler: Handler) -> None:
        with Guard(signal, self.socket):
            await handler.call_with()

    def disconnect(self, reason: str, reference_reason: str) -> None:
        """The client has gone: end when all its events have been handled."""
        self.socket.mark_gone(reference_reason)
        self._add((self._disconnect, reason))

    def _add(self, step: tuple[Any, ...]) -> None:
        self._steps.append(step)
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        steps = self._steps
        try:
            while steps:
                step, *args = steps.popleft()
                await step(*args)
        finally:
            self.task = None

    async def _connect(self, auth: Any) -> None:
        accepted = False
        message, data = NOT_AUTHORIZED, None
        self.socket.connecting = asyncio.current_task()
        with Guard("connect", self.socket) as guard:
            try:
                accepted = await self._ask(auth)
            except ConnectionRefused as refused:
                message, data = refused.message, refused.data
        self.socket.connecting = None
        if guard.failed:
            message = INTERNAL_ERROR
        if accepted:
            self.socket.mark_accepted()
            logger.info("%r %s", self.socket, "recovered" if self.socket.recovered else "connected")
            for hook in self._namespace.server.connect_hooks:
                with Guard("connect hook", self.socket):
                    await hook.call(self.socket)
        else:
            self._refuse(message, data)

    async def _ask(self, auth: Any) -> bool:
        if self._before is not None:
            await self._before.finished()
            self._before = None
        await self._session.identify()
        namespace, socket = self._namespace, self.socket
        for consumer_class in namespace.table.consumers_for(self._session):
            socket.add_consumer(consumer_class())
        if not (socket.recovered and namespace.server.recovery_skips_middleware):
            for middleware in namespace.table.middleware:
                await middleware.call(socket, auth)
                if socket.reference_reason is not None and not socket.away:
                    raise ConnectionRefused("the client has gone")  # which nobody will hear
        for handler in namespace.table.handlers("connect", socket):
            accepts = await handler.call(socket, auth)
            if accepts is None:
                handler.warn_once(
                    "returned None, which refuses the client; return True to let it in"
                )
            if not accepts:
                return False
        return True

    def _refuse(self, message: str, data: Any) -> None:
        logger.info("%r refused: %s", self.socket, message)
        self.socket.away = False  # that its client may come back is over, too
        with Guard("refusing", self.socket) as guard:
            self._core.refuse_socket(self._number, message, data)
        if guard.failed:
            self._core.refuse_socket(self._number, INTERNAL_ERROR)
        self._finish()

    def _event(self, args: list[Any], ack_id: int | None) -> Awaitable[None]:
        args[0] = str(args[0])  # clients may call an event by a number
        handlers = self._namespace.table.handlers(args[0], self.socket)
        work = self._handle(args, ack_id, handlers)
        for handler in handlers:
            if handler.is_concurrent:
                task = asyncio.get_running_loop().create_task(work)
                self._beside.add(task)
                task.add_done_callback(self._beside.discard)
                return DONE
        return work

    async def _handle(self, args: list[Any], ack_id: int | None, handlers: list[Handler]) -> None:
        socket, event, args = self.socket, args[0], args[1:]
        reply = None if ack_id is None else Reply(self._core, self._number, ack_id)
        ack = None if reply is None else reply.send
        logger.debug("%r: event %r, ack %s, handlers %r", socket, event, ack_id, handlers)
        answer: tuple[Any, ...] | None = None
        try:
            for listener in socket.any_handlers:
                with Guard("on_any", socket):
                    await listener.call_with(event, *args)
            for middleware in socket.middleware:
                await middleware.call_with(event, *args)
            for handler in handlers:
                await handler.handle(socket, event, args, ack)
        except EventRefused as refused:
            answer = (refused.answer,)
        except BaseException as error:
            if not survives(error, event, socket):
                raise
            answer = ({"error": INTERNAL_ERROR},)
        else:
            if not handlers:
                answer = tuple(args)
            elif not (reply is None or reply.sent or any(h.takes_ack for h in handlers)):
                answer = ()
        if reply is not None and not reply.sent and answer is not None:
            with Guard(event, socket) as guard:  # a refusal's data may be no JSON
                reply.send(*answer)
            if guard.failed:
                reply.send({"error": INTERNAL_ERROR})
        self._handled += 1
        if not self._steps or self._handled >= HANDLED_AT_ONCE:
            self._report_handled()
        elif self._handled == 1:
            # Before the next one waits, perhaps for what can only be read then.
            asyncio.get_running_loop().call_soon(self._report_handled)

    def _report_handled(self) -> None:
        """Have more read from the client. Events handled together are reported together."""
        if self._handled:
            self._core.events_done(self._number, self._handled)
            self._handled = 0

    async def _disconnect(self, reason: str) -> None:
        socket = self.socket
        if self._beside:
            await asyncio.wait(self._beside)
        self._report_handled()
        if socket.accepted:
            logger.info("%r disconnected: %s", socket, reason)
            for handler in (
                *socket.own_handlers("disconnecting"),
                *self._namespace.table.handlers("disconnect", socket),
            ):
                with Guard("disconnect", socket):
                    await handler.call(socket, reason)
            for hook in self._namespace.server.disconnect_hooks:
                with Guard("disconnect hook", socket):
                    await hook.call(socket, reason)
        self._finish()

    async def finished(self) -> None:
        """Wait, but not for ever, until the last handler has run."""
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

    def _finish(self) -> None:
        socket = self.socket
        self._finished = True
        self._session.sockets.discard(socket)
        if not socket.away:
            socket.forget()
            self._namespace.remove_socket(socket)
        self._on_finished(self._number)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Reply:
    """Answers one event of a client, at most once. May be used from any thread."""

    __slots__ = ("_ack_id", "_core", "_number", "sent")

    def __init__(self, core: Server, number: int, ack_id: int) -> None:
        self._core = core
        self._number = number
        self._ack_id = ack_id
        self.sent = False

    @done_when_called
    def send(self, *args: Any) -> Done:
        """Acknowledge the event with these arguments; what handlers get as `ack`.

        Raises TypeError or ValueError for what can't be encoded. Later calls do nothing.
        """
        if self.sent:
            logger.warning("an event was acknowledged twice; the second is ignored")
        else:
            self._core.ack(self._number, self._ack_id, args)
            self.sent = True
        return DONE


class Guard:
    """Keeps a handler's exception from ending its connection: logs it and sets `failed`.

    A handler that awaited something cancelled, or called sys.exit(), has failed too; only the
    cancellation of the task itself passes.
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
    """Whether the connection goes on after what a handler raised: then it has been logged.

    See Guard.
    """
    if isinstance(error, asyncio.CancelledError):
        if _task_is_cancelled():
            return False
    elif not isinstance(error, Exception | SystemExit):
        return False
    logger.error("%r: %r failed", socket, what, exc_info=error)
    for hook in socket.server.failure_hooks:
        hook(error)
    return True


def _task_is_cancelled() -> bool:
    """Whether the current task is being cancelled.

    Python 3.10 can't tell; there the answer is always yes.
    """
    cancelling = getattr(asyncio.current_task(), "cancelling", None)
    return cancelling is None or cancelling() > 0
