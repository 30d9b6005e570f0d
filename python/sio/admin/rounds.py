"""Rounds: functions that run every two seconds, while an administrator is connected."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

INTERVAL = 2.0  # seconds; the Admin UI treats a server without data for ten seconds as lost

logger = logging.getLogger("sio.admin")


class Rounds:
    """Calls each function of `work` in turn. Lives on the event loop's thread."""

    def __init__(self, work: Sequence[Callable[[], None]]) -> None:
        self._work = work
        self._administrators = 0
        self._task: asyncio.Task[None] | None = None

    def administrator_connected(self) -> None:
        self._administrators += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def administrator_disconnected(self) -> None:
        self._administrators -= 1

    async def _run(self) -> None:
        while self._administrators > 0:
            for function in self._work:
                try:
                    function()
                except Exception:
                    logger.exception("updates for the Admin UI failed")
            await asyncio.sleep(INTERVAL)
