"""The natively served namespaces, and the decorators that register them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from .consumer import SocketIOConsumer
from .handlers import (
    AckMode,
    AnyEventFunction,
    Handler,
    is_explicit,
    mark_any_event,
    mark_explicit_ack,
)
from .names import DEFAULT_NAMESPACE, RESERVED_EVENTS, Room, check_decorated_event
from .relays import Rooms
from .socketio.server import get_socketio_server
from .types import NamespacePattern

_C = TypeVar("_C", bound=type[SocketIOConsumer])
_F = TypeVar("_F", bound=Callable[..., Any])


def register(consumer_class: _C) -> _C:
    """Serve a consumer natively at its `namespace`. Also a class decorator.

    Registering one class again changes nothing. A namespace may have several consumers. Raises
    ValueError when a function handles one of the events already, TypeError for anything else than
    a subclass of SocketIOConsumer.
    """
    if not isinstance(consumer_class, type) or not issubclass(consumer_class, SocketIOConsumer):
        raise TypeError(
            f"register() takes a subclass of SocketIOConsumer, not {consumer_class!r}; "
            "a function is registered with @sio.on(event, namespace)"
        )
    namespace = get_socketio_server().of(consumer_class.namespace)
    namespace.use_consumer(consumer_class)
    namespace.serve_natively(consumer_class)
    return consumer_class


def on(
    event: str,
    namespace: str | NamespacePattern = DEFAULT_NAMESPACE,
    *,
    ack: AckMode = "automatic",
) -> Callable[[_F], _F]:
    """Serve a namespace natively and handle one of its events with a function.

    The function is `async def f(socket, *args)` or a plain `def`. Events, acknowledgements and
    exceptions work as in SocketIOConsumer, `ack` as in sio.event(). Two names are special:

    * "connect": `f(socket, auth)`; a falsy result refuses the client, so return True.
    * "disconnect": `f(socket, reason)`.

    Raises ValueError for other reserved names, and if the event already has a handler; TypeError
    for an invalid name, and for a consumer's method.
    """
    check_decorated_event(event, "@sio.on")
    if event in RESERVED_EVENTS and event not in ("connect", "disconnect"):
        raise ValueError(f"{event!r} is reserved by Socket.IO and can't be an event")
    explicit = is_explicit(ack)

    def decorate(function: _F) -> _F:
        if _is_method(function):
            raise TypeError(
                f"@sio.on is for functions; {function.__qualname__} is a method: "
                f"@sio.event({event!r}), and the consumer's `namespace`"
            )
        target = get_socketio_server().of(namespace)
        handler = Handler(function)
        handler.acks_itself |= explicit
        target.add_handler(event, handler)
        target.serve_natively()
        return function

    return decorate


@overload
def any_event(function: _F, /) -> _F: ...
@overload
def any_event(
    *, namespace: str | NamespacePattern | None = None, ack: AckMode = "automatic"
) -> Callable[[_F], _F]: ...
def any_event(
    function: Callable[..., Any] | None = None,
    /,
    *,
    namespace: str | NamespacePattern | None = None,
    ack: AckMode = "automatic",
) -> Any:
    """Decorate a consumer's method `f(self, socket, event, *args)` as the handler of every event
    that has no other handler in the namespace. `ack` works as in other handlers.

    `@sio.any_event(namespace="/chat")` decorates a function `f(socket, event, *args)`, and serves
    the namespace natively, as sio.on() does. With ack="explicit", the server does not acknowledge
    these events when the method or function returns.

    Raises ValueError if the namespace has such a function already, TypeError for a method with
    `namespace`.
    """
    explicit = is_explicit(ack)

    def decorate(function: _F) -> _F:
        if namespace is None:
            mark_any_event(function)
            if explicit:
                mark_explicit_ack(function)
            return function
        if _is_method(function):
            raise TypeError(
                f"{function.__qualname__} is a method: its namespace is the consumer's `namespace`"
            )
        handler = AnyEventFunction(function)
        handler.acks_itself |= explicit
        target = get_socketio_server().of(namespace)
        target.add_any_event(handler)
        target.serve_natively()
        return function

    return decorate if function is None else decorate(function)


def _is_method(function: Callable[..., Any]) -> bool:
    """Whether it is defined in a class, as a method of its instances."""
    where = getattr(function, "__qualname__", "").rpartition(".")[0]
    if not where or where.endswith("<locals>"):
        return False
    return next(iter(inspect.signature(function).parameters), None) == "self"


def relay_on(
    event: str,
    namespace: str | NamespacePattern = DEFAULT_NAMESPACE,
    *,
    to: Rooms | Room | Iterable[Room] = Rooms.OWN,
    volatile: bool = False,
    max_bytes: int | None = None,
    rate: int | None = None,
    include_sender: bool = False,
) -> None:
    """Serve a namespace natively and forward one of its events without running Python.

    The same as sio.relay() in a consumer class, for handlers that are functions.
    """
    target = get_socketio_server().of(namespace)
    target.relay(
        event,
        to=to,
        volatile=volatile,
        max_bytes=max_bytes,
        rate=rate,
        include_sender=include_sender,
    )
    target.serve_natively()


def namespaces() -> list[str]:
    """All namespaces, native and routed ones, without dynamic ones. "/" is always included."""
    return [namespace.name for namespace in get_socketio_server().named_namespaces()]


def native_namespaces() -> list[str]:
    """The namespaces served on the native Socket.IO path, which is off if there are none.

    For dynamic namespaces, their patterns.
    """
    server = get_socketio_server()
    registered = [*server.named_namespaces(), *server.parent_namespaces()]
    return [n.name for n in registered if n.table.is_native and n.table.opens_path]
