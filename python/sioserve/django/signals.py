"""`request_started` and `request_finished` of asynchronous requests."""

from __future__ import annotations

from typing import Any

from django import db
from django.core import cache, signals
from django.core.handlers import base
from django.core.handlers.asgi import ASGIHandler

from sioserve.django.threads import in_thread

# On the event loop's thread there are no connections: request_threads.begin_request() does this on
# the thread of the request.
_FOR_CONNECTIONS = (db.reset_queries, db.close_old_connections)
# These do not wait.
_DJANGOS_RECEIVERS = (*_FOR_CONNECTIONS, cache.close_caches, base.reset_urlconf)


async def send_request_started(scope: Any) -> None:
    if not _has_only(signals.request_started, _FOR_CONNECTIONS):
        await _send(signals.request_started, scope=scope)


async def send_request_finished() -> None:
    if _has_only(signals.request_finished, _DJANGOS_RECEIVERS):
        signals.request_finished.send(sender=ASGIHandler)
    else:
        await _send(signals.request_finished)


async def close_response(response: Any, request: Any | None) -> None:
    """Close it, which sends `request_finished`: on the thread of the request if that may block."""
    closes_nothing_else = request is None or (
        all(closer == request.close for closer in response._resource_closers)
        and "_files" not in request.__dict__  # uploads may be temporary files
    )
    if closes_nothing_else and _has_only(signals.request_finished, _DJANGOS_RECEIVERS):
        response.close()
    else:
        await in_thread(response.close)()


async def _send(signal: Any, **named: Any) -> None:
    if hasattr(signal, "asend"):  # Django 5.0 and newer
        await signal.asend(sender=ASGIHandler, **named)
    else:
        await in_thread(signal.send)(sender=ASGIHandler, **named)


def _has_only(signal: Any, receivers: tuple[Any, ...]) -> bool:
    found = signal._live_receivers(ASGIHandler)
    if isinstance(found, tuple):  # Django 5.0 and newer: synchronous and asynchronous ones
        found, asynchronous = found
        if asynchronous:
            return False
    return all(receiver in receivers for receiver in found)
