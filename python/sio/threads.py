"""A bounded pool of persistent threads for synchronous code.

A database connection belongs to a thread, so threads are kept. There are three ways to use one:

    run(job)    The job runs on a thread of the pool. At most `limit` jobs run at a time, fewer if
                they compete for the GIL (pace.py); the others wait in a queue, in order.
    run_on()    A job that belongs behind an earlier one, on the same thread if it still runs.
    borrow()    A thread for several calls that belong together, with waiting in between: the
                synchronous parts of an asynchronous request. Such a request may wait for anything,
                also for jobs of the queue. So calls on borrowed threads are not counted in `limit`.

The thread that worked last is used first: the number of threads, and with it the number of
connections, follows the load. Threads that borrow() has started beyond `limit` are spare ones when
they are idle, and end after some seconds: a thread with its connections is expensive to start.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

from .pace import Pace, PaceThread

Job = Callable[[], None]

logger = logging.getLogger("sioserve")

SPARE_SECONDS = 5.0  # that a spare thread waits for another use
QUIET_LOOKS = 5  # at jobs that do not overlap, until the pace's thread sleeps


class TooManyWaitingError(Exception):
    """The queue of the pool is full."""


class Figures(NamedTuple):
    """The state of a pool at one moment."""

    limit: int
    busy: int  # threads that run a job
    borrowed: int
    idle: int
    queued: int
    oldest_wait: float  # seconds; 0 if no job waits
    refused: int  # in all


class WorkerThread(threading.Thread):
    """A thread of a pool. It does not delay the end of the process, as daemon threads do."""

    def __init__(self, pool: Threads, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._pool = pool
        # Jobs, each with what to call behind it; None to end.
        self._inbox: SimpleQueue[tuple[Job, Job | None] | None] = SimpleQueue()
        self.is_busy = False
        self.job_number = 0
        self.is_ended = False  # end() was called; with the pool's lock

    def submit(self, job: Job, behind: Job | None = None) -> None:
        """Run the job on this thread, behind those that it has, and then `behind`.

        Any thread may call.
        """
        self._inbox.put((job, behind))

    def submit_last(self, job: Job) -> None:
        """The same, of a borrowed thread; then it returns to the pool."""
        self._inbox.put((job, self._give_back))

    def end(self) -> None:
        """End behind the jobs that it has. With the pool's lock."""
        self.is_ended = True
        self._inbox.put(None)

    def run(self) -> None:
        while (entry := self._next()) is not None:
            job, behind = entry
            self.job_number += 1
            self.is_busy = True
            _run(job)
            self.is_busy = False
            if behind is not None:
                behind()
            del entry, job, behind  # what they belong to does not stay until the next one
        _run(self._pool._at_end)

    def _next(self) -> tuple[Job, Job | None] | None:
        timeout: float | None = SPARE_SECONDS
        while True:
            try:
                return self._inbox.get(timeout=timeout)
            except Empty:
                timeout = None if self._pool._keeps(self) else SPARE_SECONDS

    def _give_back(self) -> None:
        self._pool.take_back(self)


class Threads:
    """A pool. All methods may be called by any thread."""

    def __init__(
        self,
        limit: int,
        max_queued: int,
        *,
        name: str = "sioserve",
        at_end: Job | None = None,
    ) -> None:
        """`at_end` runs on each thread as its last job: it closes the thread's connections."""
        self._limit = limit
        self._max_queued = max_queued
        self._name = name
        self._at_end: Job = at_end or _nothing
        self._lock = threading.Lock()
        self._idle: list[WorkerThread] = []  # the one that worked last at the end
        self._all: weakref.WeakSet[WorkerThread] = weakref.WeakSet()
        # When it came, and the borrowed thread that it needs.
        self._queue: deque[tuple[float, Job, WorkerThread | None]] = deque()
        self._busy = 0
        self._working: set[WorkerThread] = set()  # with the jobs that `_busy` counts
        self._pace = Pace(limit)
        self._pace_thread = PaceThread(self._look)
        self._is_watched = False  # by _pace_thread
        self._quiet_looks = 0
        self._borrowed: set[WorkerThread] = set()
        self._started = 0
        self._refused = 0
        self._closed = False
        self._process = os.getpid()
        _open.add(self)

    def run(
        self, job: Job, *, on: WorkerThread | None = None, may_be_refused: bool = False
    ) -> bool:
        """Run the job on the next free thread, or `on` a borrowed one. False if it has to wait.

        Raises TooManyWaitingError if it `may_be_refused` and the queue is full, RuntimeError if no
        thread can be started.
        """
        with self._lock:
            if not self._queue and self._pace.may_begin(self._busy):
                self._begin(job, on)
                return True
            if may_be_refused and self._busy + len(self._queue) >= self._limit + self._max_queued:
                self._refused += 1
                raise TooManyWaitingError
            self._queue.append((time.monotonic(), job, on))
            self._begin_next()
            self._watch()
            return False

    def run_on(self, thread: WorkerThread, job: Job) -> None:
        """Run the job on this thread of the pool behind the job that it has, before those that
        wait; on another thread if this one has ended.
        """
        with self._lock:
            if thread in self._idle:
                self._idle.remove(thread)
            elif thread.is_ended:
                thread = self._free_thread()
            else:
                thread.submit(job)
                return
            self._borrowed.add(thread)
        thread.submit_last(job)

    def withdraw(self, job: Job) -> bool:
        """Whether the job was still in the queue; it will not run then."""
        with self._lock:
            for entry in self._queue:
                if entry[1] == job:
                    self._queue.remove(entry)
                    return True
        return False

    def borrow(self) -> WorkerThread:
        """A thread of one's own until submit_last() or take_back()."""
        with self._lock:
            thread = self._free_thread()
            self._borrowed.add(thread)
        return thread

    def take_back(self, thread: WorkerThread) -> None:
        """A borrowed thread that has no job any more. With another job, use submit_last()."""
        with self._lock:
            self._borrowed.discard(thread)
            self._keep(thread)

    def figures(self) -> Figures:
        with self._lock:
            oldest = time.monotonic() - self._queue[0][0] if self._queue else 0.0
            return Figures(
                self._limit,
                self._busy,
                len(self._borrowed),
                len(self._idle),
                len(self._queue),
                oldest,
                self._refused,
            )

    def close(self) -> None:
        """End the idle threads, and each other thread when its work ends; see join()."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for thread in idle:
                thread.end()
        self._pace_thread.end()

    def join(self, timeout: float) -> bool:
        """Wait until the threads have ended after close(). False if the time is over."""
        deadline = time.monotonic() + timeout
        for thread in list(self._all):
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in list(self._all))

    def end_with_process(self) -> None:
        """The interpreter ends: wait for the jobs that run."""
        if os.getpid() != self._process:
            return  # a child made by fork() has none of the threads
        self.close()
        for thread in list(self._all):
            if thread.is_busy:
                thread.join()

    # With the lock:

    def _begin(self, job: Job, on: WorkerThread | None) -> None:
        """Raises RuntimeError if no thread can be started."""
        thread = on or self._free_thread()
        self._busy += 1
        self._working.add(thread)
        if self._busy > 1:
            self._watch()
        thread.submit(job, lambda: self._has_ended(thread, is_borrowed=on is not None))

    def _free_thread(self) -> WorkerThread:
        """Raises RuntimeError if no thread can be started."""
        if self._idle:
            return self._idle.pop()
        thread = WorkerThread(self, f"{self._name}-{self._started + 1}")
        thread.start()
        self._started += 1
        self._all.add(thread)
        return thread

    def _keep(self, thread: WorkerThread) -> None:
        """The thread is free: for the next job in the queue, or to wait."""
        self._idle.append(thread)
        self._begin_next()
        while self._idle and self._closed:
            self._idle.pop().end()

    def _begin_next(self) -> None:
        while self._queue and self._pace.may_begin(self._busy):
            _, job, on = self._queue[0]
            try:
                self._begin(job, on)
            except RuntimeError:  # no thread can be started: the job waits for one that gets free
                return
            self._queue.popleft()

    def _watch(self) -> None:
        if self._is_watched or self._closed:
            return
        try:
            self._pace_thread.begin()
        except RuntimeError:  # no thread can be started
            return
        self._is_watched = True
        self._quiet_looks = 0

    # On the threads:

    def _has_ended(self, thread: WorkerThread, *, is_borrowed: bool) -> None:
        """A job has."""
        with self._lock:
            self._busy -= 1
            self._working.discard(thread)
            self._pace.job_has_ended(thread)
            if is_borrowed:
                self._begin_next()
            else:
                self._keep(thread)

    def _look(self, late: float) -> bool:
        """On the pace's thread."""
        with self._lock:
            if self._busy > 1 or self._queue:
                self._quiet_looks = 0
                self._pace.look(late, self._working, jobs_wait=bool(self._queue))
                self._begin_next()
                return True
            self._quiet_looks += 1
            if self._quiet_looks < QUIET_LOOKS:
                return True
            self._is_watched = False
            return False

    def _keeps(self, thread: WorkerThread) -> bool:
        """Whether the thread is idle and stays so. A spare one ends."""
        with self._lock:
            if thread not in self._idle:  # it is borrowed
                return False
            if len(self._idle) <= self._limit:
                return True
            self._idle.remove(thread)
            thread.end()
            return False


def _run(job: Job) -> None:
    try:
        job()
    except BaseException:  # the thread and its connections stay
        logger.exception("a job of a thread has failed")


def _nothing() -> None:
    pass


_open: weakref.WeakSet[Threads] = weakref.WeakSet()
_pools: weakref.WeakKeyDictionary[AbstractEventLoop, Threads] = weakref.WeakKeyDictionary()


def set_threads(loop: AbstractEventLoop, pool: Threads | None) -> None:
    """The threads for the synchronous code of what runs on the loop."""
    if pool is None:
        _pools.pop(loop, None)
    else:
        _pools[loop] = pool


def threads_of(loop: AbstractEventLoop) -> Threads | None:
    """None where no server runs on the loop, as in most tests."""
    return _pools.get(loop)


@atexit.register
def _end_with_process() -> None:
    for pool in list(_open):
        pool.end_with_process()
