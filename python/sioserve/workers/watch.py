"""Watch: looks at the Python processes every second: kills those that hang, has those replaced that
exceed a limit, and reaps processes that they have left behind.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from typing import Any, Protocol

from sioserve.options import Options
from sioserve.workers.orphans import reap_orphans
from sioserve.workers.process import PythonProcess
from sioserve.workers.recycling import RecyclingLimits
from sioserve.workers.replacing import Replacer
from sioserve.workers.supervisor import Supervisor

logger = logging.getLogger("sioserve")

INTERVAL = 1.0  # seconds
PAUSE = 30.0  # seconds after a replacement that has failed until the next one


ProcessStatus = dict[str, Any]  # a row of process_status()


class StatusSource(Protocol):
    """What a Watch uses of `_sioserve.Server`."""

    def process_status(self) -> list[ProcessStatus]: ...


class Watch:
    def __init__(
        self, pool: StatusSource, supervisor: Supervisor, replacer: Replacer, options: Options
    ) -> None:
        self._pool = pool
        self._supervisor = supervisor
        self._replacer = replacer
        self._limits = RecyclingLimits(options)
        self._hang_timeout = options.worker_hang_timeout
        self._pause_until = 0.0  # on time.monotonic()'s clock

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                self.look()
            except Exception:
                logger.exception("Exception while looking at the Python processes")

    def look(self) -> None:
        rows = {row["number"]: row for row in self._pool.process_status()}
        members = self._supervisor.members
        statuses = {process: rows[number] for number, process in members.items() if number in rows}
        for process, status in statuses.items():
            if self._hang_timeout and status["silent_ms"] >= self._hang_timeout * 1000:
                self._kill(process, status["silent_ms"] / 1000)
        for kept in self._supervisor.kept.values():
            if kept in statuses and self._recycle(kept, statuses[kept]):
                break
        reap_orphans({process.pid for process in self._supervisor.running})

    def _kill(self, process: PythonProcess, seconds: float) -> None:
        if process.hung:
            return
        process.hung = True
        logger.error(
            "%s hangs: its event loop has been blocked for %.0f s (--worker-hang-timeout); "
            "it is killed",
            process.name,
            seconds,
        )
        process.send_signal(signal.SIGKILL)

    def _recycle(self, process: PythonProcess, status: ProcessStatus) -> bool:
        """Whether its replacement has begun."""
        if process.hung or self._replacer.is_busy or time.monotonic() < self._pause_until:
            return False
        why = self._limits.exceeded(process, status)
        task = self._replacer.recycle(process.number, f"{process.name}: {why}") if why else None
        if task is not None:
            task.add_done_callback(self._recycled)
        return task is not None

    def _recycled(self, task: asyncio.Task[bool]) -> None:
        if not task.cancelled() and not task.result():
            self._pause_until = time.monotonic() + PAUSE
