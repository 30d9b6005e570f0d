"""The threads of one server, for synchronous views and handlers."""

from __future__ import annotations

import os

from sio.django_support import django_ready
from sio.threads import Threads

from sioserve.errors import StartupError
from sioserve.options import Options

THREADS_PER_CORE = 8
MOST_THREADS = 64


def make_threads(options: Options) -> Threads:
    """Starts no thread yet. Raises StartupError for an unusable ASGI_THREADS."""
    at_end = None
    if django_ready():
        from sioserve.request_threads import end_thread

        at_end = end_thread
    return Threads(
        options.threads or asgi_threads() or default_threads(),
        options.thread_queue,
        at_end=at_end,
    )


def default_threads() -> int:
    """Enough for views that wait for a database; Python runs one of them at a time."""
    cores = len(os.sched_getaffinity(0))
    return min(THREADS_PER_CORE * (cores + 1), MOST_THREADS)


def asgi_threads() -> int | None:
    """The environment variable ASGI_THREADS, which daphne has too. Raises StartupError."""
    threads = os.environ.get("ASGI_THREADS")
    if threads is None:
        return None
    if not threads.isdigit() or int(threads) == 0:
        raise StartupError(f'ASGI_THREADS must be a positive number, not "{threads}".')
    return int(threads)
