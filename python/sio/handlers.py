"""How to call a handler: decided once, when it is registered.

A handler is `async def` or plain `def`. A plain one runs in a thread of its own for the time of
the call, with the rules that Django has for sync code (`sync_to_async(thread_sensitive=True)`).

A handler takes the acknowledgement if its signature has a parameter that is called `ack`;
`**kwargs` does not count. Then nothing is acknowledged for it: it gets `ack=` a function, or None
if the client asked for no acknowledgement. The client of any other handler gets an empty
acknowledgement when the handler has returned.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async

from .database import ThreadOfItsOwn, in_thread_of_caller
from .django_support import with_fresh_connections
from .names import RESERVED_EVENTS, check_decorated_event
from .types import Socket

logger = logging.getLogger("sio.consumer")

Ack = Callable[..., Awaitable[None]]

_F = TypeVar("_F", bound=Callable[..., Any])

_EVENT_NAMES = "_sio_event_names"
_EVENT_PREFIX = "event_"
_ANY_EVENT = "_sio_any_event"
_CONCURRENT = "_sio_concurrent"


class Handler:
    """A function to be called with a socket and what the client sent."""

    __slots__ = ("_function", "_has_warned", "_is_async", "is_concurrent", "takes_ack")

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._is_async = iscoroutinefunction(function)
        self._has_warned = False
        self.takes_ack = takes_ack(function)
        # Events behind this one need not wait until it has been handled.
        self.is_concurrent = bool(getattr(function, _CONCURRENT, False))

    @property
    def function(self) -> Callable[..., Any]:
        """What was registered."""
        return self._function

    def serves(self, socket: Socket) -> bool:
        """Whether this handler is there for this socket."""
        return True

    def target(self, socket: Socket) -> Callable[..., Any]:
        """The callable for this socket."""
        return self._function

    # These return what is to be awaited, once and at once: a coroutine less for each event.

    def call(self, socket: Socket, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Run the handler; awaiting it gives the result."""
        function = self.target(socket)
        if self._is_async:
            return cast("Awaitable[Any]", function(socket, *args, **kwargs))
        return run_in_thread(function, socket, *args, **kwargs)

    def call_with(self, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """The same for a function that is not given a socket."""
        if self._is_async:
            return cast("Awaitable[Any]", self._function(*args, **kwargs))
        return run_in_thread(self._function, *args, **kwargs)

    def handle(
        self, socket: Socket, event: str, args: list[Any], ack: Ack | None
    ) -> Awaitable[Any]:
        """Run the handler for an event. `ack` is None where nobody waits for an answer."""
        if self.takes_ack:
            return self.call(socket, *args, ack=ack)
        return self.call(socket, *args)

    def warn_once(self, message: str) -> None:
        """About this handler, at the first call."""
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
        return self._class in socket.consumers

    def target(self, socket: Socket) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(socket.consumers[self._class], self._name)
        return method


class AnyEventHandler(MethodHandler):
    """A consumer's method for any event: gets the event's name before its arguments."""

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
        self.takes_ack = True

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
    """Run sync code as Django does, and beside the sync code of other sockets."""
    async with nullcontext() if in_thread_of_caller.get() else ThreadOfItsOwn():
        result = await sync_to_async(_call, thread_sensitive=True)(function, *args, **kwargs)
    # A decorator may have wrapped an async handler in a plain function.
    return await result if inspect.isawaitable(result) else result


def _call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return with_fresh_connections(function, *args, **kwargs)
    except (StopIteration, GeneratorExit) as error:
        # No future may bring these to a coroutine: one would wait for ever, or be closed. (PEP 479)
        raise RuntimeError(f"{function!r} raised {type(error).__name__}") from error


def event(name: str) -> Callable[[_F], _F]:
    """Decorate a consumer's method as the handler of the event `name`, which may be any string.

    May be given several times for several events. Raises ValueError for names that Socket.IO
    keeps for itself, such as "connect", TypeError where it is no str.
    """
    check_decorated_event(name, "@sio.event")
    if name in RESERVED_EVENTS:
        raise ValueError(f"{name!r} is reserved by Socket.IO and can't be an event")

    def decorate(function: _F) -> _F:
        names = (*getattr(function, _EVENT_NAMES, ()), name)
        setattr(function, _EVENT_NAMES, names)
        return function

    return decorate


def any_event(function: _F) -> _F:
    """Decorate a consumer's method `f(self, socket, event, *args)` as the handler of every event
    that no other handler of the namespace takes. What is said of `ack` holds for it too.
    """
    setattr(function, _ANY_EVENT, True)
    return function


def concurrent(function: _F) -> _F:
    """Decorate a handler of events: the socket's later events do not wait for it.

    It runs in a task of its own, from the moment when its turn has come. The disconnect handler
    still waits for it.
    """
    setattr(function, _CONCURRENT, True)
    return function


def any_event_handlers(consumer_class: type) -> list[AnyEventHandler]:
    """The methods of a consumer class that @any_event decorates, inherited ones included."""
    return [
        AnyEventHandler(consumer_class, attribute)
        for attribute in dir(consumer_class)
        if getattr(getattr(consumer_class, attribute), _ANY_EVENT, False)
    ]


def event_handlers(consumer_class: type) -> dict[str, MethodHandler]:
    """The event handlers of a consumer class by event name, inherited ones included.

    `event_<name>` handles the event <name>; @event(...) names others. Raises ValueError where
    two methods claim one event.
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
