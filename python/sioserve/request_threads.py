"""Persistent threads for the synchronous code of requests to a Django project.

Django runs the synchronous parts of an asynchronous request (middleware, the ORM) with asgiref's
`sync_to_async()`. asgiref starts a thread for each request and ends it with the request. That costs
time, and a database connection belongs to a thread: with `CONN_MAX_AGE` above 0 each request leaves
an open connection behind.

Here a request takes a thread from a pool (sio.threads) with its first synchronous call. When the
request has ended, and all its calls have returned, the thread closes broken and old connections
(`close_old_connections`) and goes back to the pool. Calls of one request run in one thread, as
before.

How it works: asgiref looks up the executor of a request by its `ThreadSensitiveContext`. The
context is set around the application, and Django's own one, which is inside, then does nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from sio.database import call_and_log
from sio.threads import Threads, WorkerThread

from sioserve.thread_watch import ThreadWatch
from sioserve.transactions import end_transactions

_T = TypeVar("_T")


class RequestThread(Executor):
    """The thread of one request, taken from the pool with the first call."""

    def __init__(self, threads: Threads, watch: ThreadWatch) -> None:
        self.threads = threads
        self.watch = watch
        self._lock = threading.Lock()
        self._thread: WorkerThread | None = None

    def submit(self, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Raises RuntimeError if no thread can be started."""
        future: Future[_T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(function(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        with self._lock:
            if self._thread is None:
                self._thread = self.threads.borrow()
                self._thread.submit(begin_request)
            self._thread.submit(run)
        return future

    @property
    def taken(self) -> WorkerThread | None:
        """The thread, if the request has had a synchronous call."""
        return self._thread

    def give_back(self) -> None:
        """The request has ended; a call may still be running if the request was cancelled."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.submit_last(end_request)


def serve_with_threads(application: Any, threads: Threads) -> Any:
    """The ASGI application, whose requests use these threads."""
    watch = ThreadWatch(threads)

    async def serve_request(scope: Any, receive: Any, send: Any) -> None:
        context_of_task = SyncToAsync.thread_sensitive_context
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


def thread_of_request() -> RequestThread | None:
    """Of the request that the current task serves; None where serve_with_threads() is not used."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.get(context) if context else None
    return executor if isinstance(executor, RequestThread) else None


def begin_request() -> None:
    """On the thread of a request, before its first call: what Django does with `request_started`,
    which an asynchronous request sends on another thread.
    """
    from django.db import close_old_connections, reset_queries

    call_and_log(reset_queries)
    call_and_log(close_old_connections)


def end_request() -> None:
    """On the thread of a request, behind its last call.

    Django closes connections with `request_finished`; requests that are cancelled do not send it.
    """
    from django.db import close_old_connections

    end_transactions()
    call_and_log(close_old_connections)


def end_thread() -> None:
    """The last job of a thread."""
    from django.db import connections

    call_and_log(connections.close_all)
