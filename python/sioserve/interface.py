"""Which version of ASGI an application speaks."""

from __future__ import annotations

import inspect
from typing import Any

from asgiref.compatibility import guarantee_single_callable


def single_callable(application: Any) -> Any:
    """The application as ASGI 3 has it: called once, with scope, receive and send.

    asgiref takes whatever is no coroutine function for ASGI 2, a plain function that returns an
    awaitable too. What can take these three arguments is ASGI 3, but for a class that is content
    with the scope alone.
    """
    marked = hasattr(application, "_asgi_single_callable") or hasattr(
        application, "_asgi_double_callable"
    )
    of_scope = inspect.isclass(application) and _takes(application, 1)
    if not marked and not of_scope and _takes(application, 3):
        return application
    return guarantee_single_callable(application)


def _takes(application: Any, count: int) -> bool:
    try:
        inspect.signature(application).bind(*[None] * count)
    except (TypeError, ValueError):  # not every callable can tell
        return False
    return True
