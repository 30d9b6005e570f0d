"""Watch: looks at the Python processes every second: kills those that hang, has those replaced that
exceed a limit, and reaps processes that they have left behind.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Mapping, Set
from typing import Any, Protocol

from sioserve.options import Options
from sioserve.workers.orphans import gets_orphans, reap_orphans
from sioserve.workers.process import PythonProcess
from sioserve.workers.recycling import RecyclingLimits

logger = logging.getLogger("sioserve")

INTERVAL = 1.0  # seconds
PAUSED = 3 * INTERVAL  # after such a time without a look, this process has been paused
PAUSE = 30.0  # seconds after a replacement that has failed until the next one


ProcessStatus = dict[str, Any]  # a row of process_status()


class StatusSource(Protocol):
    """What a Watch uses of `_sioserve.Server`."""

    def process_status(self) -> list[ProcessStatus]: ...


class Watched(Protocol):
    """What a Watch uses of a Supervisor."""

    @property
    def kept(self) -> Mapping[int, PythonProcess | None]: ...

    @property
    def members(self) -> Mapping[int, PythonProcess]: ...

    @property
    def running(self) -> Set[PythonProcess]: ...


class Recycler(Protocol):
    """What a Watch uses of a Replacer."""

    @property
    def is_busy(self) -> bool: ...

    def recycle(self, process: PythonProcess, why: str, /) -> asyncio.Task[bool] | None: ...


class Watch:
    def __init__(
        self,
        pool: StatusSource,
        supervisor: Watched,
        replacer: Recycler,
        options: Options,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: in seconds."""
        self._pool = pool
        self._supervisor = supervisor
        self._replacer = replacer
        self._limits = RecyclingLimits(options)
        self._hang_timeout = options.worker_hang_timeout
        self._clock = clock
        self._latest_look = clock()
        self._pause_until = self._latest_look
        self._gets_orphans = gets_orphans()

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
        self._kill_hung(statuses)
        kept = [process for process in self._supervisor.kept.values() if process in statuses]
        # The oldest first, so that each has its turn if they exceed the limit of age again soon.
        for process in sorted(kept, key=lambda process: -process.age):
            if self._recycle(process, statuses[process]):
                break
        if self._gets_orphans:
            reap_orphans({process.pid for process in self._supervisor.running})

    def _kill_hung(self, statuses: Mapping[PythonProcess, ProcessStatus]) -> None:
        now = self._clock()
        since, self._latest_look = now - self._latest_look, now
        if since > PAUSED or not self._hang_timeout:
            return  # after a pause of the container the others have had no time to answer yet
        for process, status in statuses.items():
            if status["silent_ms"] >= self._hang_timeout * 1000 and not process.hung:
                self._kill(process, status["silent_ms"] / 1000)

    def _kill(self, process: PythonProcess, seconds: float) -> None:
        process.hung = True
        logger.error(
            "%s hangs: its event loop has been blocked for %.0f s (--worker-hang-timeout); "
            "it is killed (docs/workers.md#when-a-process-dies)",
            process.name,
            seconds,
        )
        process.send_signal(signal.SIGKILL)

    def _recycle(self, process: PythonProcess, status: ProcessStatus) -> bool:
        """Whether its replacement has begun."""
        if process.hung or self._replacer.is_busy or self._clock() < self._pause_until:
            return False
        why = self._limits.exceeded(process, status)
        task = self._replacer.recycle(process, why) if why else None
        if task is not None:
            task.add_done_callback(self._recycled)
        return task is not None

    def _recycled(self, task: asyncio.Task[bool]) -> None:
        if not task.cancelled() and not task.result():
            self._pause_until = self._clock() + PAUSE
