"""Database connections of `async def` handlers, checked as Django checks those of a request.

Django's asynchronous ORM runs its queries by `sync_to_async(thread_sensitive=True)`: the queries of
all handlers run in one thread, which asgiref keeps for code outside requests, and use that thread's
connections. asgiref does not know when a handler begins or ends. So the calls of handlers go
through an executor that passes them to the same thread, and

* before the first call of a handler, and when a handler that made calls has ended, closes the
  connections that are broken or older than CONN_MAX_AGE (`close_old_connections`);
* while another handler is between two of its calls, closes only broken connections: that handler
  may be reading from a cursor.

An ASGI WebSocket is like a handler that ends with its connection: its only coroutine does not say
where a message ends. So broken connections are also closed before each of its calls.

A handler without such calls has no overhead. Plain `def` handlers have their own thread
(`handlers.run_in_thread`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import ContextVar
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext

from .django_support import django_ready

_T = TypeVar("_T")

logger = logging.getLogger("sio.consumer")

# Set by tests: sync code runs in the thread of the test, within its database transaction.
in_thread_of_caller: ContextVar[bool] = ContextVar("in_thread_of_caller", default=False)

_current: ContextVar[DatabaseUse | None] = ContextVar("sio_database_use", default=None)


class DatabaseUse:
    """The calls of the handlers of one task, one handler after the other. Event loop's thread."""

    __slots__ = ("__weakref__", "closed", "has_no_ends", "used")

    def __init__(self, has_no_ends: bool = False) -> None:
        self.used = False  # since the last end()
        self.closed = False
        self.has_no_ends = has_no_ends

    @classmethod
    def begin(cls, *, has_no_ends: bool = False) -> DatabaseUse:
        """Applies to the current task, and to the tasks that its handlers start.

        `has_no_ends`: nobody calls end() between two handlers. Such a task may enter a
        ThreadSensitiveContext of its own.
        """
        if not (django_ready() and _would_use_shared_thread()):
            return _UNUSED
        use = cls(has_no_ends)
        if has_no_ends:
            _CheckedThread.install()
        else:
            SyncToAsync.thread_sensitive_context.set(_shared_context)
        _current.set(use)
        return use

    async def end(self) -> None:
        """A handler has ended. Never raises."""
        if not self.used:
            return
        self.used = False
        checked = asyncio.wrap_future(_shared_thread.after(self))
        with contextlib.suppress(asyncio.CancelledError):  # of the whole task: see failures.py
            await asyncio.wait((checked,))  # does not cancel it

    async def close(self) -> None:
        """The last handler has ended; tasks that it has started may still run."""
        await self.end()
        self.closed = True


# Of all tasks that do not use the shared thread.
_UNUSED = DatabaseUse()


def _would_use_shared_thread() -> bool:
    """Whether asgiref would run the current task's sync code in its shared thread."""
    return (
        SyncToAsync.thread_sensitive_context.get(None) in (None, _shared_context)
        and not in_thread_of_caller.get()
        and getattr(AsyncToSync.executors, "current", None) is None
        and asyncio.get_running_loop() not in AsyncToSync.loop_thread_executors
    )


class _SharedThread(Executor):
    """asgiref's thread for code outside requests, with checks. Any thread may submit."""

    def __init__(self) -> None:
        self._users: weakref.WeakSet[DatabaseUse] = weakref.WeakSet()  # between two calls
        self._ident: int | None = None

    def submit(self, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        if threading.get_ident() == self._ident:
            raise RuntimeError("Single thread executor already being used, would deadlock")
        use = _current.get()
        if use is not None and not use.closed:
            use.used = True
        call = functools.partial(self.call, use, function, *args, **kwargs)
        return SyncToAsync.single_thread_executor.submit(call)

    def after(self, use: DatabaseUse) -> Future[None]:
        """Run the check after the earlier calls."""
        return SyncToAsync.single_thread_executor.submit(self._leave, use)

    # Called in the thread:

    def call(
        self, use: DatabaseUse | None, function: Callable[..., _T], *args: Any, **kwargs: Any
    ) -> _T:
        self._ident = threading.get_ident()
        if use is None or use not in self._users:
            self._check()
            if use is not None and not use.closed:
                self._users.add(use)
        elif use.has_no_ends:
            call_and_log(close_broken_connections)
        return function(*args, **kwargs)

    def _leave(self, use: DatabaseUse) -> None:
        self._users.discard(use)
        self._check()

    def _check(self) -> None:
        from django.db import close_old_connections

        call_and_log(close_broken_connections if self._users else close_old_connections)


class _CheckedThread(Executor):
    """asgiref's own executor for code outside requests, with the checks for tasks that use it
    without _shared_context. Any thread may submit.
    """

    def __init__(self, thread: Executor) -> None:
        self._thread = thread

    @classmethod
    def install(cls) -> None:
        """Where asgiref looks for it; further calls do nothing."""
        if not isinstance(SyncToAsync.single_thread_executor, cls):
            replacement: Any = cls(SyncToAsync.single_thread_executor)
            SyncToAsync.single_thread_executor = replacement

    def submit(self, function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        use = _current.get()
        if use is None or not use.has_no_ends:
            return self._thread.submit(function, *args, **kwargs)
        use.used = not use.closed
        return self._thread.submit(_shared_thread.call, use, function, *args, **kwargs)


def call_and_log(close: Callable[[], None]) -> None:
    """Close connections of this thread with `close`; log its exceptions."""
    try:
        close()
    except Exception:
        logger.exception("a database connection can't be closed")


def close_broken_connections() -> None:
    """Like close_old_connections(), but connections that are only old stay open."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            continue
        connection.health_check_done = False
        if connection.errors_occurred:
            if connection.is_usable():
                connection.errors_occurred = False
            else:
                connection.close()


class SeparateThread:
    """ThreadSensitiveContext(), also if handlers use the shared thread."""

    def __init__(self) -> None:
        self._context: Any = ThreadSensitiveContext()  # asgiref's methods have no types

    async def __aenter__(self) -> None:
        if SyncToAsync.thread_sensitive_context.get(None) is _shared_context:
            self._context.token = SyncToAsync.thread_sensitive_context.set(self._context)
        else:
            await self._context.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        # It restores the variable with its token.
        await self._context.__aexit__(*error)


_shared_thread = _SharedThread()
_shared_context = ThreadSensitiveContext()
SyncToAsync.context_to_thread_executor[_shared_context] = _shared_thread
