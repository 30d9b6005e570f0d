"""When a Python process is replaced because of itself: its memory, its age, its requests."""

from __future__ import annotations

import random
from typing import Any
from weakref import WeakKeyDictionary

from sioserve.options import Options
from sioserve.processes import rss_of
from sioserve.workers.process import PythonProcess

# Seconds without the limit of memory: one that is too low for any process must not cost all the
# time.
YOUNG = 10.0


class RecyclingLimits:
    """The limits of the options."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._max_requests: WeakKeyDictionary[PythonProcess, int] = WeakKeyDictionary()

    def exceeded(self, process: PythonProcess, status: dict[str, Any]) -> str | None:
        """Why the process is to be replaced, for the log; None if it is not.

        `status`: its row of process_status().
        """
        options = self._options
        if options.worker_max_age and process.age >= options.worker_max_age:
            return f"it is older than {options.worker_max_age:g} s (--worker-max-age)"
        # A WebSocket counts as a request, as without --workers.
        requests = status["requests_total"] + status["connections_total"]
        if options.limit_max_requests and requests >= self._requests(process):
            return f"it has had {requests} requests and WebSockets (--limit-max-requests)"
        if options.worker_max_rss and process.age >= YOUNG:
            rss = rss_of(process.pid)
            if rss > options.worker_max_rss:
                return f"it uses {megabytes(rss)} MB of memory (--worker-max-rss)"
        return None

    def _requests(self, process: PythonProcess) -> int:
        if process not in self._max_requests:
            jitter = random.randint(0, self._options.limit_max_requests_jitter)
            self._max_requests[process] = self._options.limit_max_requests + jitter
        return self._max_requests[process]


def megabytes(size: int) -> int:
    return round(size / 1_000_000)
