"""Tells WSGI applications from ASGI ones, without calling them.

A signature decides: WSGI gives `environ` and `start_response`, ASGI one or three arguments.
Decorators with `*args` take any number. Then the callable that they wrap decides, if
functools.wraps() or a similar tool has recorded it. What stays unknown is taken for ASGI.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterator
from typing import Any

# Their instances are WSGI applications, also if a subclass has a `__call__` with `*args`. Not here:
# classes from which ASGI applications derive, such as Falcon's.
WSGI_CLASSES = (
    ("django.core.handlers.wsgi", "WSGIHandler"),
    ("flask.app", "Flask"),
    ("bottle", "Bottle"),
    ("pyramid.router", "Router"),
    ("webob.dec", "wsgify"),
)


def is_wsgi(application: Any) -> bool:
    """Whether it is certainly no ASGI application, because it is a WSGI one."""
    if hasattr(application, "_asgi_single_callable"):  # asgiref's mark
        return False
    for layer in _layers(application):
        if _is_asynchronous(layer):
            return False
        counts, names = _arguments(layer)
        if 2 in counts and (counts == [2] or names[1:2] == ["start_response"]):
            return True
        if not {2, 3} <= {*counts}:
            return False
        if _has_wsgi_class(layer):
            return True
    return False


def _layers(application: Any) -> Iterator[Any]:
    """The application, what it wraps, what that wraps, and so on."""
    seen: set[int] = set()
    while application is not None and id(application) not in seen:
        seen.add(id(application))
        yield application
        application = _wrapped_by(application)


def _wrapped_by(layer: Any) -> Any:
    """What a decorator has wrapped; None if there is none, or it is not known."""
    if inspect.ismethod(layer):
        return _bound(layer.__func__, layer.__self__)
    wrapped = getattr(layer, "__wrapped__", None)
    return wrapped if callable(wrapped) else _bound(type(layer).__call__, layer)


def _bound(function: Any, instance: Any) -> Any:
    wrapped = getattr(function, "__wrapped__", None)
    return types.MethodType(wrapped, instance) if callable(wrapped) else None


def _is_asynchronous(layer: Any) -> bool:
    return inspect.iscoroutinefunction(layer) or inspect.iscoroutinefunction(type(layer).__call__)


def _arguments(layer: Any) -> tuple[list[int], list[str]]:
    """Which of one, two and three arguments it takes, and the names of its parameters."""
    try:
        signature = inspect.signature(layer, follow_wrapped=False)
    except (TypeError, ValueError):  # not every callable has a signature
        return [1, 2, 3], []
    return [count for count in (1, 2, 3) if _binds(signature, count)], [*signature.parameters]


def _binds(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _has_wsgi_class(layer: Any) -> bool:
    for module, name in WSGI_CLASSES:
        known = getattr(sys.modules.get(module), name, None)
        if inspect.isclass(known) and isinstance(layer, known):
            return True
    return False
