"""Persistent threads for the synchronous code of requests to a Django project.

Django runs the synchronous parts of a request (middleware, views, the ORM) with asgiref's
`sync_to_async()`. asgiref starts a thread for each request and ends it with the request. That costs
time, and a database connection belongs to a thread: with `CONN_MAX_AGE` above 0 each request leaves
an open connection behind.

Here a request takes a thread from a pool with its first synchronous call. When the request has
ended, and all its calls have returned, the thread closes broken and old connections
(`close_old_connections`) and goes back to the pool. Calls of one request run in one thread, as
before. The number of threads in use is not limited; `max_idle` of them are kept.

How it works: asgiref looks up the executor of a request by its `ThreadSensitiveContext`. The
context is set around the application, and Django's own one, which is inside, then does nothing.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from sio.database import call_and_log

_T = TypeVar("_T")

# As many as ThreadPoolExecutor has by default.
MAX_IDLE_THREADS = min(32, (os.cpu_count() or 1) + 4)


class RequestThreads:
    """A pool of threads for the requests of one server."""

    def __init__(self, max_idle: int = MAX_IDLE_THREADS) -> None:
        self._max_idle = max_idle
        self._lock = threading.Lock()
        self._idle: list[ThreadPoolExecutor] = []  # the one used last at the end
        self._closed = False
        self._started = 0

    def serve(self, application: Any) -> Any:
        """The ASGI application, whose requests use these threads."""

        async def serve_request(scope: Any, receive: Any, send: Any) -> None:
            context_of_task = SyncToAsync.thread_sensitive_context
            if scope["type"] != "http" or context_of_task.get(None) is not None:
                return await application(scope, receive, send)
            context = ThreadSensitiveContext()
            thread = _BorrowedThread(self)
            token = context_of_task.set(context)
            SyncToAsync.context_to_thread_executor[context] = thread
            try:
                return await application(scope, receive, send)
            finally:
                SyncToAsync.context_to_thread_executor.pop(context, None)
                context_of_task.reset(token)
                thread.give_back()

        return serve_request

    def take(self) -> ThreadPoolExecutor:
        """An executor with one thread, for put() later. Any thread may call."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            self._started += 1
            name = f"sioserve-request-{self._started}"
        return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def put(self, thread: ThreadPoolExecutor) -> None:
        """In the thread itself: keep it for the next request, or end it."""
        from django.db import close_old_connections

        # As Django does at the end of a request, but also for requests that were cancelled.
        call_and_log(close_old_connections)
        with self._lock:
            if not self._closed and len(self._idle) < self._max_idle:
                self._idle.append(thread)
                return
        _end(thread)

    async def close(self, timeout: float) -> None:
        """End the idle threads, and each other thread when its request ends.

        Returns when the idle threads have closed their connections, or after `timeout` seconds.
        """
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        ended = [_submit(thread, _end, thread) for thread in idle]
        waiting = [asyncio.wrap_future(future) for future in ended if future is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=timeout)


class _BorrowedThread(Executor):
    """The thread of one request, taken from the pool with the first call."""

    def __init__(self, pool: RequestThreads) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None

    def submit(self, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        with self._lock:
            if self._thread is None:
                self._thread = self._pool.take()
            return self._thread.submit(function, *args, **kwargs)

    def give_back(self) -> None:
        """The request has ended; a call may still be running if the request was cancelled."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            _submit(thread, self._pool.put, thread)


def _submit(thread: ThreadPoolExecutor, function: Callable[..., None], *args: Any) -> Any:
    """A future; None if the interpreter is ending, and the process closes the connections."""
    try:
        return thread.submit(function, *args)
    except RuntimeError:
        return None


def _end(thread: ThreadPoolExecutor) -> None:
    """In the thread itself."""
    from django.db import connections

    call_and_log(connections.close_all)
    thread.shutdown(wait=False)
