"""Which version of ASGI an application supports."""

from __future__ import annotations

import inspect
from typing import Any

from asgiref.compatibility import guarantee_single_callable


def single_callable(application: Any) -> Any:
    """The application as an ASGI 3 callable: called once, with scope, receive and send.

    asgiref treats every callable that is not a coroutine function as ASGI 2, also a plain function
    that returns an awaitable. Here a callable that can take these three arguments is ASGI 3, except
    for a class that can also be called with only the scope.
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
    except (TypeError, ValueError):  # not every callable has a signature
        return False
    return True
