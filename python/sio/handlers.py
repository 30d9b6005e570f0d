"""How to call a handler: determined once, when it is registered.

A handler is `async def` or plain `def`. A plain one runs on a thread of the server for the time of
the call, by the rules of Django for sync code (`sync_to_async(thread_sensitive=True)`).

If the signature of a handler has a parameter `ack` (`**kwargs` does not count), the handler
acknowledges itself: `ack` is a function, or None if the client asked for no acknowledgement. For
any other handler the server sends an empty acknowledgement when it has returned, unless the handler
is registered with ack="explicit".
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async

from .database import SeparateThread, in_thread_of_caller
from .django_support import with_fresh_connections
from .names import RESERVED_EVENTS, check_decorated_event, check_timeout
from .sync_calls import call_in_thread
from .threads import threads_of
from .time_limit import TimeLimit
from .types import Socket

logger = logging.getLogger("sio.consumer")

Ack = Callable[..., Awaitable[None]]
# Whether the server acknowledges when a handler without a parameter `ack` has returned.
AckMode = Literal["automatic", "explicit"]

# The consumer's class and the name of its method, or None and a function; takes_ack; acks_itself.
SimpleCall = tuple[type | None, str | Callable[..., Awaitable[Any]], bool, bool]

_F = TypeVar("_F", bound=Callable[..., Any])

_EVENT_NAMES = "_sio_event_names"
_EVENT_PREFIX = "event_"
_ANY_EVENT = "_sio_any_event"
_CONCURRENT = "_sio_concurrent"
_TIMEOUT = "_sio_timeout"
_EXPLICIT_ACK = "_sio_explicit_ack"


class Handler:
    """A function that is called with a socket and the arguments of an event."""

    __slots__ = (
        "_function",
        "_has_warned",
        "_is_async",
        "acks_itself",
        "is_concurrent",
        "takes_ack",
        "timeout",
    )

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._is_async = iscoroutinefunction(function)
        self._has_warned = False
        self.takes_ack = takes_ack(function)
        # The server does not acknowledge when it has returned.
        self.acks_itself = self.takes_ack or bool(getattr(function, _EXPLICIT_ACK, False))
        # Later events need not wait until this one is handled.
        self.is_concurrent = bool(getattr(function, _CONCURRENT, False))
        # Seconds until it is cancelled.
        self.timeout: float | None = getattr(function, _TIMEOUT, None)

    @property
    def simple_call(self) -> SimpleCall | None:
        """How the native server calls it; None if that needs call() or handle()."""
        if type(self) is not Handler or not self._is_simple:
            return None
        return None, self._function, self.takes_ack, self.acks_itself

    @property
    def _is_simple(self) -> bool:
        return self._is_async and not self.is_concurrent and self.timeout is None

    @property
    def function(self) -> Callable[..., Any]:
        """The registered function."""
        return self._function

    def serves(self, socket: Socket) -> bool:
        """Whether this handler serves this socket."""
        return True

    def target(self, socket: Socket) -> Callable[..., Any]:
        """The callable for this socket."""
        return self._function

    def limit(self, seconds: float | None = None) -> TimeLimit:
        """For a call of the handler: its own limit, or `seconds` if it has none."""
        return TimeLimit(seconds if self.timeout is None else self.timeout, self)

    # These return an awaitable, to be awaited once and immediately: one coroutine less per event.

    def call(self, socket: Socket, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Run the handler; awaiting it gives the result."""
        function = self.target(socket)
        if self._is_async:
            awaitable: Awaitable[Any] = function(socket, *args, **kwargs)
            return awaitable
        return run_in_thread(function, socket, *args, **kwargs)

    def call_with(self, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """The same for a function that is not given a socket."""
        if self._is_async:
            awaitable: Awaitable[Any] = self._function(*args, **kwargs)
            return awaitable
        return run_in_thread(self._function, *args, **kwargs)

    def handle(
        self, socket: Socket, event: str, args: list[Any], ack: Ack | None
    ) -> Awaitable[Any]:
        """Run the handler for an event. `ack` is None if the client asked for no
        acknowledgement.
        """
        if self.takes_ack:
            return self.call(socket, *args, ack=ack)
        return self.call(socket, *args)

    def warn_once(self, message: str) -> None:
        """Log a warning about this handler, at the first call only."""
        if not self._has_warned:
            self._has_warned = True
            logger.warning("%r: %s", self, message)

    def __repr__(self) -> str:
        return f"{self._function.__module__}.{self._function.__qualname__}"


class MethodHandler(Handler):
    """A method of one of the consumers that belong to the socket."""

    __slots__ = ("_class", "_name")

    def __init__(self, consumer_class: type, name: str) -> None:
        super().__init__(getattr(consumer_class, name))
        self._class = consumer_class
        self._name = name

    def serves(self, socket: Socket) -> bool:
        return socket.consumer_of(self._class) is not None

    def target(self, socket: Socket) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(socket.consumer_of(self._class), self._name)
        return method

    @property
    def simple_call(self) -> SimpleCall | None:
        if type(self) is not MethodHandler or not self._is_simple:
            return None
        return self._class, self._name, self.takes_ack, self.acks_itself


class AnyEventMethod(MethodHandler):
    """A consumer's method for any event: gets the event's name before its arguments."""

    __slots__ = ()

    def handle(
        self, socket: Socket, event: str, args: list[Any], ack: Ack | None
    ) -> Awaitable[Any]:
        return super().handle(socket, event, [event, *args], ack)


class AnyEventFunction(Handler):
    """The same for a function."""

    __slots__ = ()

    def handle(
        self, socket: Socket, event: str, args: list[Any], ack: Ack | None
    ) -> Awaitable[Any]:
        return super().handle(socket, event, [event, *args], ack)


class ListenerHandler(Handler):
    """A function for Namespace.on(): gets the arguments as one list, and always `ack`."""

    __slots__ = ()

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self.takes_ack = self.acks_itself = True

    def handle(
        self, socket: Socket, event: str, args: list[Any], ack: Ack | None
    ) -> Awaitable[Any]:
        return self.call(socket, args, ack)


def takes_ack(function: Callable[..., Any]) -> bool:
    """Whether a handler's signature has a parameter `ack` that can be passed by name."""
    try:
        parameter = inspect.signature(function).parameters.get("ack")
    except ValueError:  # some callables written in C have no signature
        return False
    return parameter is not None and parameter.kind in (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    )


async def run_in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run sync code as Django does, concurrently with the sync code of other sockets: on the
    threads of the server, if there is one.
    """
    call = functools.partial(_call, function, *args, **kwargs)
    threads = threads_of(asyncio.get_running_loop())
    if in_thread_of_caller.get():
        result = await sync_to_async(call, thread_sensitive=True)()
    elif threads is not None:
        result = await call_in_thread(threads, call)
    else:
        async with SeparateThread():
            result = await sync_to_async(call, thread_sensitive=True)()
    # A decorator may have wrapped an async handler in a plain function.
    return await result if inspect.isawaitable(result) else result


def _call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return with_fresh_connections(function, *args, **kwargs)
    except (StopIteration, GeneratorExit) as error:
        # A future can't pass these exceptions to a coroutine: it would hang, or be closed. (PEP
        # 479)
        raise RuntimeError(f"{function!r} raised {type(error).__name__}") from error


def event(name: str | None = None, *, ack: AckMode = "automatic") -> Callable[[_F], _F]:
    """Decorate a consumer's method as the handler of the event `name`, which may be any string.

    Without a name, the event has the name of the method, without `event_` in front. You may use it
    several times for several events. With ack="explicit", the server does not acknowledge the
    method's events when it returns: only the method itself does, if it has a parameter `ack`.

    Raises ValueError for names that Socket.IO reserves, such as "connect", TypeError if the name is
    not a str.
    """
    if name is not None:
        check_decorated_event(name, "@sio.event")
        _check_not_reserved(name)
    explicit = is_explicit(ack)

    def decorate(function: _F) -> _F:
        event = function.__name__.removeprefix(_EVENT_PREFIX) if name is None else name
        _check_not_reserved(event)
        names = (*getattr(function, _EVENT_NAMES, ()), event)
        setattr(function, _EVENT_NAMES, names)
        if explicit:
            mark_explicit_ack(function)
        return function

    return decorate


def _check_not_reserved(event: str) -> None:
    if event in RESERVED_EVENTS:
        raise ValueError(f"{event!r} is reserved by Socket.IO and can't be an event")


def is_explicit(ack: AckMode) -> bool:
    """Whether it is "explicit". Raises ValueError if it is no AckMode."""
    if ack not in ("automatic", "explicit"):
        raise ValueError(f'ack is "automatic" or "explicit", not {ack!r}')
    return ack == "explicit"


def mark_explicit_ack(function: Callable[..., Any]) -> None:
    setattr(function, _EXPLICIT_ACK, True)


def mark_any_event(method: Callable[..., Any]) -> None:
    """A consumer's method handles every event that has no other handler."""
    setattr(method, _ANY_EVENT, True)


def concurrent(function: _F) -> _F:
    """Decorate a handler of events: the socket's later events do not wait for it.

    It runs in its own task, which starts after the handlers of earlier events. The disconnect
    handler waits for it.
    """
    setattr(function, _CONCURRENT, True)
    return function


def timeout(seconds: float) -> Callable[[_F], _F]:
    """Decorate a handler that may run for this time: then it is cancelled and has failed.

    It overrides --socketio-handler-timeout; `connect` is bound by --socketio-connect-timeout too. A
    plain `def` can't be cancelled in its thread: it has failed at once, but keeps the thread
    until it returns. Raises TypeError or ValueError for what is no number of seconds above 0.
    """
    if not check_timeout(seconds):
        raise ValueError("a handler's limit is a number of seconds above 0")

    def decorate(function: _F) -> _F:
        setattr(function, _TIMEOUT, seconds)
        return function

    return decorate


def limit_of(function: Callable[..., Any], seconds: float | None) -> TimeLimit:
    """For a call of a function that is no Handler: its own limit, or `seconds` if it has none."""
    own = getattr(function, _TIMEOUT, None)
    return TimeLimit(seconds if own is None else own, function)


def any_event_handlers(consumer_class: type) -> list[AnyEventMethod]:
    """The methods of a consumer class that @any_event decorates, inherited ones included."""
    return [
        AnyEventMethod(consumer_class, attribute)
        for attribute in dir(consumer_class)
        if getattr(getattr(consumer_class, attribute), _ANY_EVENT, False)
    ]


def event_handlers(consumer_class: type) -> dict[str, MethodHandler]:
    """The event handlers of a consumer class by event name, inherited ones included.

    `event_<name>` handles the event <name>; @event(...) sets other names. Raises ValueError if two
    methods handle one event.
    """
    found: dict[str, MethodHandler] = {}
    for attribute in dir(consumer_class):
        function = getattr(consumer_class, attribute)
        if not callable(function):
            continue
        names = getattr(function, _EVENT_NAMES, ())
        if not names and attribute.startswith(_EVENT_PREFIX):
            names = (attribute[len(_EVENT_PREFIX) :],)
        for name in names:
            if name in RESERVED_EVENTS:  # an event_connect(), which no client can call
                continue
            if name in found:
                raise ValueError(
                    f"{consumer_class.__qualname__} has two handlers for the event {name!r}: "
                    f"{found[name]!r} and {function.__qualname__}"
                )
            found[name] = MethodHandler(consumer_class, attribute)
    return found
