"""The receivers of `request_started` and `request_finished`.

Django's own ones look at each database and cache, also at those that nobody has used, and
Signal.send() collects the receivers anew for each request. With the middleware of startproject,
that is a sixth of the instructions of a short request. If a signal has no other receivers, their
work is done here, for what has been used. Otherwise, and if a tool observes signals, Signal.send()
is called.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django import db
from django.core import cache, signals
from django.core.handlers import base
from django.core.handlers.asgi import ASGIHandler
from django.dispatch import Signal, dispatcher
from django.http import response as response_module
from django.http.response import HttpResponseBase

from sioserve.connections import close_old_connections, reset_queries

Job = Callable[[], object]

_SEND, _LIVE_RECEIVERS = Signal.send, Signal._live_receivers
_CLOSE: Any = HttpResponseBase.close


def _is_of(function: Any, module: Any) -> bool:
    """Whether no tool has replaced it before. functools.wraps() copies names, but not the code."""
    return getattr(getattr(function, "__code__", None), "co_filename", None) == module.__file__


_IS_DJANGOS = _is_of(_SEND, dispatcher) and _is_of(_LIVE_RECEIVERS, dispatcher)
_CLOSE_IS_DJANGOS = _is_of(_CLOSE, response_module)


def close_caches() -> None:
    """As django.core.cache.close_caches()."""
    # asgiref keeps the caches that are in use in a context variable.
    used = getattr(getattr(cache.caches._connections, "_storage", None), "_data", None)
    if not isinstance(used, ContextVar) or used.get(None) is not None:
        cache.close_caches()


_OWN: dict[Any, Job] = {
    db.reset_queries: reset_queries,
    db.close_old_connections: close_old_connections,
    cache.close_caches: close_caches,
    base.reset_urlconf: lambda: base.reset_urlconf(sender=ASGIHandler),
}


FOR_CONNECTIONS = frozenset({reset_queries, close_old_connections})


class Receivers:
    """Of one signal, sent by ASGIHandler."""

    def __init__(self, signal: Any) -> None:
        self._signal = signal
        # The signal's list as it was, and the jobs that belong to it.
        self._known: tuple[list[Any], tuple[Job, ...] | None] = ([], ())

    def jobs(self) -> tuple[Job, ...] | None:
        """What the receivers do, in their order; None if Signal.send() must be called."""
        if (
            not _IS_DJANGOS
            or Signal.send is not _SEND
            or Signal._live_receivers is not _LIVE_RECEIVERS
            or "send" in self._signal.__dict__
        ):
            return None
        receivers, jobs = self._known
        # The same entries, or others: quick, because lists compare identical entries as equal.
        if receivers != self._signal.receivers:
            receivers = list(self._signal.receivers)
            jobs = self._find()
            self._known = (receivers, jobs)
        return jobs

    def _find(self) -> tuple[Job, ...] | None:
        found = self._signal._live_receivers(ASGIHandler)
        if isinstance(found, tuple):  # Django 5.0 and newer: synchronous and asynchronous ones
            found, asynchronous = found
            if asynchronous:
                return None
        jobs = tuple(_OWN[receiver] for receiver in found if receiver in _OWN)
        return jobs if len(jobs) == len(found) else None


STARTED = Receivers(signals.request_started)
FINISHED = Receivers(signals.request_finished)


def send_started(scope: Any) -> None:
    """`request_started`, on the thread of the request."""
    jobs = STARTED.jobs()
    if jobs is None:
        signals.request_started.send(sender=ASGIHandler, scope=scope)
        return
    for job in jobs:
        job()


def close(response: Any) -> None:
    """`response.close()`, which sends `request_finished`; on the thread of the request."""
    jobs = FINISHED.jobs()
    if (
        jobs is None
        or not _CLOSE_IS_DJANGOS
        or getattr(response.close, "__func__", None) is not _CLOSE
        or response._handler_class is not ASGIHandler
    ):
        response.close()
        return
    for closer in response._resource_closers:
        with contextlib.suppress(Exception):  # as Django does
            closer()
    response._resource_closers.clear()
    response.closed = True
    for job in jobs:
        job()
