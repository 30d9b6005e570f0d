"""Calls of synchronous code from asynchronous requests."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from sio.sync_calls import for_future


def in_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a coroutine function that runs it on the thread of the request."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (StopIteration, GeneratorExit) as error:
            raise for_future(error, function) from error

    return sync_to_async(call, thread_sensitive=True)
