"""TimeLimit: how long a handler may run until it is cancelled.

Lives on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

from .failures import is_ending

logger = logging.getLogger("sio.consumer")


class HandlerTimes(NamedTuple):
    """Time limits in seconds; None means no limit.

    `connect` is for the middleware and connect handlers of one client together, and for the
    functions that decide about its namespace. `handshake` is for the functions that decide about
    one handshake together, and for each report of a refused request. `handler` is for each other
    handler without a limit of its own.
    """

    connect: float | None = None
    handler: float | None = None
    handshake: float | None = None


class TimeLimit:
    """Cancels the current task if it is still in the `with` block after `seconds`.

    The block then raises TimeoutError, unless the code in it ignored the cancellation. `on_expired`
    is called when the task is cancelled. `what` is named in the log and may be changed meanwhile.
    """

    __slots__ = ("_on_expired", "_seconds", "_task", "_timer", "expired", "what")

    def __init__(
        self, seconds: float | None, what: Any, on_expired: Callable[[], None] | None = None
    ) -> None:
        self._seconds = seconds
        self._on_expired = on_expired
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.expired = False
        self.what = what

    def __enter__(self) -> TimeLimit:
        if self._seconds is not None:
            self._task = asyncio.current_task()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, self._expire)
        return self

    def _expire(self) -> None:
        assert self._task is not None
        if is_ending(self._task):
            return
        self.expired = True
        logger.warning("%r has run for %g s and is cancelled", self.what, self._seconds)
        self._task.cancel()
        if self._on_expired is not None:
            self._on_expired()

    def has_cut(self, error: BaseException) -> bool:
        """Whether the code in the block raises this exception because the time is over."""
        return self.expired and isinstance(error, asyncio.CancelledError)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.expired:
            return
        assert self._task is not None
        if sys.version_info >= (3, 11):
            self._task.uncancel()
        if isinstance(error, asyncio.CancelledError) and not is_ending(self._task):
            raise TimeoutError(f"{self.what!r} has run for {self._seconds:g} s") from error
