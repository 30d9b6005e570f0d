"""Cancels and logs requests that continue for too long after their client disconnected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from sioserve.unfinished import name, place

logger = logging.getLogger("sioserve")


class CloseTimeout:
    """Gives an application `timeout` seconds to end after a disconnect; 0 means no timeout.

    One timer serves all tasks, as each has the same time. Belongs to the event loop's thread.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        # In the order of their deadlines; tasks that end are removed.
        self._left: dict[asyncio.Task[None], tuple[float, Mapping[str, Any]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def client_gone(self, task: asyncio.Task[None], scope: Mapping[str, Any]) -> None:
        """The client of the request or WebSocket that `task` serves has disconnected."""
        if self._timeout <= 0:
            return
        loop = asyncio.get_running_loop()
        self._left[task] = (loop.time() + self._timeout, scope)
        task.add_done_callback(self._ended)
        if self._timer is None:
            self._timer = loop.call_later(self._timeout, self._cancel_late)

    def close(self) -> None:
        """Stop cancelling tasks."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._left.clear()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._left.pop(task, None)
        if not self._left:
            self.close()

    def _cancel_late(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for task, (deadline, scope) in list(self._left.items()):
            if deadline > loop.time():
                self._timer = loop.call_at(deadline, self._cancel_late)
                return
            del self._left[task]
            logger.warning(
                "Cancelled %g s after its client had left: %s, %s "
                "(docs/asgi.md#when-a-client-leaves)",
                self._timeout,
                name(scope),
                place(task),
            )
            task.cancel()
