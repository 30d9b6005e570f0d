"""The last response that was made for an asynchronous request, on its way through the middleware.

A request that is cancelled has to close it: nobody else knows of it. asgiref drops what a thread
returns if the cancellation comes while the thread works, or before the event loop has taken it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from asgiref.sync import AsyncToSync

from sioserve.django.threads import in_thread
from sioserve.request_threads import thread_of_request


class MadeResponse:
    """Of one request, which refers to it."""

    def __init__(self, request: Any) -> None:
        request._sioserve_made_response = self
        self.response: Any = None
        self.thread_may_work = False  # and may make another response

    async def wait(self) -> None:
        """Until no thread makes a response to the request, which has been cancelled.

        What is called in the thread from now on runs behind what it does now.
        """
        if thread_of_request() is not None:
            # asgiref has copied this from the context of the call that was cancelled. Where the
            # call waits in async_to_sync(), later ones would run within it, not behind it.
            with contextlib.suppress(AttributeError):
                del AsyncToSync.executors.current
        if self.thread_may_work:
            await in_thread(_nothing)()


def keep_response(request: Any, response: Any) -> None:
    """On any thread."""
    made = request.__dict__.get("_sioserve_made_response")
    if made is not None:
        made.response = response


def work_in_thread(function: Callable[..., Any], request: Any) -> Callable[..., Any]:
    """in_thread(), for a function that may call keep_response()."""
    made = request.__dict__.get("_sioserve_made_response")
    if made is not None:
        made.thread_may_work = True
    return in_thread(function)


def response_in_thread(function: Callable[..., Any], request: Any) -> Callable[..., Any]:
    """in_thread(), for a function that returns the response."""

    def call(*args: Any, **kwargs: Any) -> Any:
        response = function(*args, **kwargs)
        keep_response(request, response)
        return response

    return work_in_thread(call, request)


def _nothing() -> None:
    pass
