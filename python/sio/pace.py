"""How many jobs of a pool run at a time, by the time that a thread waits for the GIL.

Jobs that wait for something, such as a database, want many threads. Jobs that compute do not: only
one of them has the GIL. The others have begun, or have been given to a thread, and wait for it: up
to 5 ms (`sys.getswitchinterval()`) for each thread before them. Each change of thread costs time,
too.

So while jobs overlap, a thread of its own wakes up every millisecond and looks how late it got the
GIL:

    early   The GIL is free, and jobs wait in the queue: one more may run.
    late    The jobs compete for the GIL: half of them may run, but at least two.

A job that has run for long no longer counts, as nobody knows when it ends: another one may run in
its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

INTERVAL = 0.001  # seconds between two looks
EARLY = 0.0005  # seconds that a thread waits for the GIL when it is free
LATE = 0.0015  # and when threads compete for it
FEWEST = 2  # jobs at a time
LONG = 0.01  # seconds of a job until it no longer counts
LONG_WHEN_LATE = 0.05  # the same while the job may wait for the GIL


class Worker(Protocol):
    """A thread, as Pace sees it."""

    job_number: int  # of the job that it runs; each job has another one


class _Seen(NamedTuple):
    job_number: int
    since: float


class Pace:
    """Of one pool; with its lock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._wanted = limit
        self._seen: dict[Worker, _Seen] = {}
        self._long: set[Worker] = set()

    def may_begin(self, running: int) -> bool:
        """Whether another job may begin beside those that run."""
        return running < self._limit and running - len(self._long) < self._wanted

    def job_has_ended(self, worker: Worker) -> None:
        self._long.discard(worker)

    def look(self, late: float, workers: Collection[Worker], *, jobs_wait: bool) -> None:
        """`late`: how many seconds the caller has waited for the GIL."""
        self._find_long(late, workers)
        if late > LATE:
            self._wanted = max(FEWEST, (len(workers) - len(self._long)) // 2)
        elif late < EARLY and jobs_wait:
            self._wanted = min(self._limit, self._wanted + 1)

    def _find_long(self, late: float, workers: Collection[Worker]) -> None:
        now = time.monotonic()
        seen, self._seen = self._seen, {}
        for worker in workers:
            before = seen.get(worker)
            if before is None or before.job_number != worker.job_number:
                before = _Seen(worker.job_number, now)
            elif now - before.since > (LONG_WHEN_LATE if late > LATE else LONG):
                self._long.add(worker)
            self._seen[worker] = before


class PaceThread:
    """Calls `look` with the time that it waited for the GIL, every INTERVAL after begin(), until
    `look` returns False. The thread is started with the first begin().
    """

    def __init__(self, look: Callable[[float], bool]) -> None:
        self._look = look
        self._wake = threading.Semaphore(0)
        self._ended = False
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """It must not be looking. Raises RuntimeError if no thread can be started."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="sioserve pace", daemon=True)
            thread.start()
            self._thread = thread
        self._wake.release()

    def end(self) -> None:
        self._ended = True
        self._wake.release()

    def _run(self) -> None:
        while self._wake.acquire() and not self._ended:
            while self._look_once():
                pass

    def _look_once(self) -> bool:
        due = time.monotonic() + INTERVAL
        time.sleep(INTERVAL)
        return self._look(time.monotonic() - due)
