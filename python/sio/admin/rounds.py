"""Rounds: functions that run every two seconds, while an administrator is connected."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any

INTERVAL = 2.0  # seconds; the Admin UI treats a server without data for ten seconds as lost

logger = logging.getLogger("sio.admin")


class Rounds:
    """Calls each function of `work` in turn, while `wanted()`; they may be coroutine functions.
    Lives on the event loop's thread.
    """

    def __init__(self, work: Sequence[Callable[[], Any]], wanted: Callable[[], bool]) -> None:
        self._work = work
        self._wanted = wanted
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """There is an administrator now."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._wanted():
            for function in self._work:
                try:
                    result = function()
                    if inspect.isawaitable(result):
                        await result
                except Exception:
                    logger.exception("updates for the Admin UI failed")
            await asyncio.sleep(INTERVAL)
