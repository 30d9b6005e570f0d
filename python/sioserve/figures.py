"""What a Python process reports of itself every second, for the metrics.

A thread of its own does it, so that a blocked event loop shows. If something keeps the GIL, no
report comes; the I/O thread shows the age of the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import time
from collections.abc import Callable

import _sioserve
from sio.threads import Threads

from sioserve.processes import rss_of

INTERVAL = 1.0  # seconds


class LoopDelay:
    """How long callbacks wait for the event loop. All methods belong to one thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float]) -> None:
        """`clock`: in seconds."""
        self._loop = loop
        self._clock = clock
        self._asked: float | None = None  # when; None: the answer has come
        self._answered: float | None = None

    def look(self) -> float:
        """Seconds: of the latest callback, or of the one that waits now. The next look gets a new
        one.
        """
        if self._asked is None:
            delay = 0.0
        elif self._answered is None:
            return self._clock() - self._asked
        else:
            delay = self._answered - self._asked
        self._answered = None
        self._asked = self._clock()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._answer)
        return delay

    def _answer(self) -> None:
        self._answered = self._clock()


class CollectorTime:
    """How long the garbage collector has run since this object was made, in `seconds`.

    The collector calls it, on whichever thread it runs; only one runs at a time.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began = 0.0
        gc.callbacks.append(self._note)

    def stop(self) -> None:
        gc.callbacks.remove(self._note)

    def _note(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        elif self._began:  # not within a collection that began earlier
            self.seconds += time.perf_counter() - self._began


class FigureReporter:
    """Reports until stop(). Make it on the event loop's thread."""

    def __init__(
        self, server: _sioserve.Server, threads: Threads, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._server = server
        self._threads = threads
        self._loop_delay = LoopDelay(loop, time.monotonic)
        self._collector = CollectorTime()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sioserve-figures", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No report follows."""
        self._ends.set()
        self._thread.join()
        self._collector.stop()

    def _run(self) -> None:
        gil_wait = 0.0
        while True:
            self._report(gil_wait)
            due = time.monotonic() + INTERVAL
            if self._ends.wait(INTERVAL):
                return
            # The wait has ended in time; then the thread had to get the GIL.
            gil_wait = max(time.monotonic() - due, 0.0)

    def _report(self, gil_wait: float) -> None:
        figures = self._threads.figures()
        with contextlib.suppress(RuntimeError):  # the server has gone
            self._server.report_figures(
                {
                    "resident_bytes": rss_of(os.getpid()),
                    "threads_limit": figures.limit,
                    "threads_busy": figures.busy,
                    "threads_borrowed": figures.borrowed,
                    "threads_queued": figures.queued,
                    "threads_refused": figures.refused,
                    "loop_delay_us": _microseconds(self._loop_delay.look()),
                    "gil_wait_us": _microseconds(gil_wait),
                    "cpu_time_us": _microseconds(time.process_time()),
                    "gc_time_us": _microseconds(self._collector.seconds),
                    "threads_oldest_wait_us": _microseconds(figures.oldest_wait),
                }
            )


def _microseconds(seconds: float) -> int:
    return max(round(seconds * 1e6), 0)
