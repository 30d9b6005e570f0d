"""Persistent threads for the synchronous code of requests to a Django project.

Django runs the synchronous parts of an asynchronous request (middleware, the ORM) with asgiref's
`sync_to_async()`. asgiref starts a thread for each request and ends it with the request. That costs
time, and a database connection belongs to a thread: with `CONN_MAX_AGE` above 0 each request leaves
an open connection behind.

Here a request takes a thread from a pool (sio.threads) with its first synchronous call. When the
request has ended, and all its calls have returned, the thread closes broken and old connections
(`close_old_connections`) and goes back to the pool. If the last call has found nothing to close,
the thread goes back without another change of threads. Calls of one request run in one thread, as
before.

How it works: asgiref looks up the executor of a request by its `ThreadSensitiveContext`. The
context is set around the application, and Django's own one, which is inside, then does nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from sio.database import DatabaseUse, call_and_log
from sio.sync_calls import Outcome, for_future, settle
from sio.threads import Threads, WorkerThread

from sioserve.connections import close_old_connections, reset_queries
from sioserve.thread_watch import ThreadWatch
from sioserve.transactions import end_transactions, leaves_something


class RequestThread(Executor):
    """The thread of one request, taken from the pool with the first call."""

    def __init__(self, threads: Threads, watch: ThreadWatch) -> None:
        self.threads = threads
        self.watch = watch
        self._lock = threading.Lock()
        self._thread: WorkerThread | None = None
        self._calls = 0  # that have not returned
        self._is_shared = False  # with other jobs than calls
        self._has_to_end = False  # the thread, by end_request()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """On an event loop. The future is one of the loop, so `run_in_executor()` returns it as it
        is. With one of concurrent.futures, a call would need two futures and more callbacks.

        Raises RuntimeError if no thread can be started.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def run() -> None:
            outcome = Outcome()
            if not future.cancelled():
                try:
                    outcome = Outcome(function(*args, **kwargs))
                except BaseException as error:
                    outcome = Outcome(error=for_future(error, function))
            self._call_has_returned()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(settle, future, outcome)

        with self._lock:
            if self._thread is None:
                self._thread = self.threads.borrow()
                self._thread.submit(begin_request)
            self._calls += 1
            self._thread.submit(run)
        return future

    def _call_has_returned(self) -> None:
        """On the thread, before anybody learns the result."""
        with self._lock:
            self._calls -= 1
            if self._calls == 0 and not self._is_shared:
                self._has_to_end = leaves_something()

    def share(self) -> WorkerThread | None:
        """The thread for other jobs of the request; None if there has been no synchronous call."""
        with self._lock:
            self._is_shared = self._has_to_end = self._thread is not None
            return self._thread

    def give_back(self) -> None:
        """The request has ended; a call may still be running if the request was cancelled."""
        with self._lock:
            thread, self._thread = self._thread, None
            has_to_end = self._has_to_end or self._calls > 0
        if thread is None:
            return
        if has_to_end:
            thread.submit_last(end_request)
        else:
            self.threads.take_back(thread)


def serve_with_threads(application: Any, threads: Threads) -> Any:
    """The ASGI application, whose requests use these threads."""
    watch = ThreadWatch(threads)

    async def serve_request(scope: Any, receive: Any, send: Any) -> None:
        context_of_task = SyncToAsync.thread_sensitive_context
        if scope["type"] == "websocket":
            return await _serve_websocket(application, scope, receive, send)
        if scope["type"] != "http" or context_of_task.get(None) is not None:
            return await application(scope, receive, send)
        context = ThreadSensitiveContext()
        thread = RequestThread(threads, watch)
        token = context_of_task.set(context)
        SyncToAsync.context_to_thread_executor[context] = thread
        try:
            return await application(scope, receive, send)
        finally:
            SyncToAsync.context_to_thread_executor.pop(context, None)
            context_of_task.reset(token)
            thread.give_back()

    return serve_request


async def _serve_websocket(application: Any, scope: Any, receive: Any, send: Any) -> None:
    """The connections of asgiref's thread for code outside requests are checked."""
    use = DatabaseUse.begin(has_no_ends=True)
    try:
        await application(scope, receive, send)
    finally:
        await use.close()


def thread_of_request() -> RequestThread | None:
    """Of the request that the current task serves; None where serve_with_threads() is not used."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.get(context) if context else None
    return executor if isinstance(executor, RequestThread) else None


def begin_request() -> None:
    """On the thread of a request, before its first call: what Django does with `request_started`,
    which an asynchronous request sends on another thread.
    """
    call_and_log(reset_queries)
    call_and_log(close_old_connections)


def end_request() -> None:
    """On the thread of a request, behind its last call.

    Django closes connections with `request_finished`; requests that are cancelled do not send it.
    """
    end_transactions()
    call_and_log(close_old_connections)


def end_thread() -> None:
    """The last job of a thread."""
    from django.db import connections

    call_and_log(connections.close_all)
