"""`request_started` and `request_finished` of asynchronous requests."""

from __future__ import annotations

from typing import Any

from django.core import signals
from django.core.handlers.asgi import ASGIHandler

from sioserve.django.receivers import FINISHED, FOR_CONNECTIONS, STARTED
from sioserve.django.threads import in_thread


async def send_request_started(scope: Any) -> None:
    # On the event loop's thread there are no connections: request_threads.begin_request() does what
    # these receivers do on the thread of the request.
    jobs = STARTED.jobs()
    if jobs is None or not FOR_CONNECTIONS.issuperset(jobs):
        await _send(signals.request_started, scope=scope)


async def send_request_finished() -> None:
    if FINISHED.jobs() is not None:  # Django's receivers do not wait
        signals.request_finished.send(sender=ASGIHandler)
    else:
        await _send(signals.request_finished)


async def close_response(response: Any, request: Any | None) -> None:
    """Close it, which sends `request_finished`: on the thread of the request if that may block."""
    closes_nothing_else = request is None or (
        all(closer == request.close for closer in response._resource_closers)
        and "_files" not in request.__dict__  # uploads may be temporary files
    )
    if closes_nothing_else and FINISHED.jobs() is not None:
        response.close()
    else:
        await in_thread(response.close)()


async def _send(signal: Any, **named: Any) -> None:
    if hasattr(signal, "asend"):  # Django 5.0 and newer
        await signal.asend(sender=ASGIHandler, **named)
    else:
        await in_thread(signal.send)(sender=ASGIHandler, **named)
