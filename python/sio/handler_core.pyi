"""The native part of connections, which handles their events: asgi-bridge/handler_queue.cc,
event_calls.cc and acknowledgement.cc. Part of _sioserve; this module exists for type checkers only.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, Protocol, final

from _sioserve import Server

from .awaitables import Done
from .database import DatabaseUse
from .handlers import SimpleCall
from .socketio.socket import NamespaceSocket

class HandlerCore(Protocol):
    """What HandlerQueue needs of a server; see Server."""

    def ack(self, socket: int, ack_id: int, args: Sequence[Any], /) -> None: ...
    def events_done(self, socket: int, count: int, /) -> None: ...
    def start_task(
        self, coroutine: Coroutine[Any, Any, None], name: str, /
    ) -> asyncio.Task[None]: ...

class HandlerQueue(Coroutine[Any, Any, None]):
    """The base of a Socket.IO connection: handles its events, and does what else it has to do, one
    step after the other. Event loop's thread.

    While there are steps, it is the coroutine of a task. Events are reported with events_done()
    when they have been handled: at the latest when a step waits, when none is left, or after 16.
    The methods from run_waits() on are those of the derived class, which the task calls.
    """

    def __init__(
        self,
        core: HandlerCore,
        number: int,
        name: str,
        socket: NamespaceSocket,
        simple_events: dict[str, SimpleCall],
        logger: logging.Logger,
        uses_database: bool,
        /,
    ) -> None:
        """`number`: of the socket. `name`: of the tasks.

        `simple_events`, by the names of events: how to call the handler without begin_event(), if
        `logger` does not log debug lines, and the socket has nothing else for its events.
        `uses_database`: call begin_database_use().
        """
    @property
    def core(self) -> Server: ...
    @property
    def number(self) -> int: ...
    @property
    def is_running(self) -> bool:
        """There are steps."""
    @property
    def task(self) -> asyncio.Task[None] | None:
        """That of the running steps, once it has begun, or waits for its first step."""
    @property
    def has_begun(self) -> bool:
        """The task has begun."""
    def add(self, call: Callable[[], Awaitable[Any]], /) -> None:
        """What it returns is awaited after all other steps."""
    def add_part(self, call: Callable[[], Awaitable[Any]], /) -> None:
        """The same, before the steps that wait. While a step runs."""
    def take_steps(self) -> tuple[list[Callable[[], Awaitable[Any]]], int]:
        """Remove the steps that wait: the calls, and how many events there were."""
    def restart(self) -> bool:
        """The task was cancelled before its first step: start again if there are steps. Whether
        there are.
        """
    def send(self, value: Any, /) -> Any: ...
    def throw(self, *error: Any) -> Any: ...
    def close(self) -> None: ...
    def __await__(self) -> Generator[Any, Any]: ...
    def run_waits(self, task: asyncio.Task[None], /) -> None:
        """The first step of the task waits for the event loop."""
    def begin_database_use(self) -> DatabaseUse:
        """The task begins. `used` of the result is read after each step, and `closed` is set at the
        end.
        """
    def begin_event(self, args: list[Any], ack: Acknowledgement | None, /) -> Awaitable[Any] | None:
        """Handle an event, which is not simple: its name and arguments. `ack` is None if the client
        wants no acknowledgement. None: another task handles it, and calls events_done().
        """
    def event_failed(
        self, args: list[Any], ack: Acknowledgement | None, error: BaseException, /
    ) -> bool:
        """Handling an event has raised `error`. True: the next step follows; False: the task raises
        the error too.
        """
    def step_failed(self, call: Callable[[], Awaitable[Any]], error: BaseException, /) -> bool:
        """The same for another step."""
    async def between_steps(self, use: DatabaseUse | None, is_late: bool, /) -> None:
        """Awaited after a step if it has used database connections (`use`), the task has been
        cancelled, or the event loop's other callbacks have waited for 2 ms (`is_late`).
        """
    def acknowledged_twice(self) -> None:
        """A handler has called its `ack` once more, which has no effect."""

@final
class EventCalls:
    """`event` and `events` of a dispatcher: they pass events on to their connections, by the
    numbers of the sockets. For another number, `wake` gives the connection, or None: then its
    events are ignored.
    """

    def __init__(
        self,
        connections: Mapping[int, HandlerQueue],
        wake: Callable[[int], HandlerQueue | None] | None = None,
        /,
    ) -> None: ...
    def event(self, socket: int, args: list[Any], ack_id: int | None, /) -> None: ...
    def events(self, socket: int, events: list[tuple[list[Any], int | None]], /) -> None: ...

@final
class Acknowledgement:
    """`ack`, as handlers get it: acknowledges an event, at most once. Any thread."""

    @property
    def sent(self) -> bool:
        """Whether the event has been acknowledged."""
    @property
    def ack_id(self) -> int:
        """The number that the client gave the acknowledgement."""
    def __call__(self, *args: Any) -> Done:
        """Acknowledge the event with these arguments; complete when it returns.

        Raises TypeError or ValueError for a value that can't be encoded.
        """
