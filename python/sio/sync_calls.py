"""Synchronous calls on a thread of the pool, by the rules of asgiref's `sync_to_async()`.

The code in the thread sees the context variables and asgiref Locals of the caller, and the caller
sees what the code changes. `async_to_sync()` in the thread runs on the caller's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, NamedTuple

import asgiref.sync
from asgiref.sync import SyncToAsync

from .threads import Threads

# Locals are bound to a thread since asgiref 3.12; this binds the copies to the current thread.
_restore_context: Callable[[Any], None] = asgiref.sync._restore_context


# Before asgiref 3.8 Locals belong to tasks; a thread has those of the task that it works for.
_LOCALS_OF_TASKS = tuple(map(int, asgiref.__version__.split(".")[:2])) < (3, 8)


def locals_belong_to_tasks() -> bool:
    """Whether a SyncCall has to be made in a task, so that asgiref's Locals work."""
    return _LOCALS_OF_TASKS


class SyncCall:
    """What belongs to one call: made on the event loop's thread, run once on another one."""

    __slots__ = ("_context", "_loop", "_task", "tasks")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._context = copy_context()
        self._task = asyncio.current_task(loop) if _LOCALS_OF_TASKS else None
        # asgiref's list of tasks in which async_to_sync() runs, for cancel().
        self.tasks: list[asyncio.Task[Any]] = []

    def run(self, function: Callable[[], Any]) -> Any:
        """On the other thread."""
        local = SyncToAsync.threadlocal
        local.main_event_loop = self._loop
        local.main_event_loop_pid = os.getpid()
        local.task_context = self.tasks
        if self._task is None:
            return self._context.run(self._run_bound, function)
        thread: Any = threading.current_thread()
        launch_map: dict[Any, Any] = vars(SyncToAsync)["launch_map"]
        launch_map[thread] = self._task
        try:
            return self._context.run(self._run_bound, function)
        finally:
            del launch_map[thread]

    def _run_bound(self, function: Callable[[], Any]) -> Any:
        _restore_context(self._context)
        return function()

    def take_over_context(self) -> None:
        """On the event loop's thread: what the call has changed holds for the current task."""
        _restore_context(self._context)

    def cancel(self) -> None:
        """On the event loop's thread: cancel what the call awaits by async_to_sync()."""
        for task in list(self.tasks):
            task.cancel()


class Outcome(NamedTuple):
    """What a thread hands over to the event loop, with call_soon_threadsafe()."""

    result: Any = None
    error: BaseException | None = None


def for_future(error: BaseException, function: object) -> BaseException:
    """The exception to set on a future: a coroutine cannot be given StopIteration (PEP 479)."""
    if not isinstance(error, (StopIteration, GeneratorExit)):
        return error
    replaced = RuntimeError(f"{function!r} raised {type(error).__name__}")
    replaced.__cause__ = error
    return replaced


async def call_in_thread(threads: Threads, function: Callable[[], Any]) -> Any:
    """Run the function on a thread of the pool and return its result.

    If the task is cancelled, a call that waits for a thread does not run; one that runs goes on
    without the task, and what it awaits by async_to_sync() is cancelled.
    """
    loop = asyncio.get_running_loop()
    call = SyncCall(loop)
    ended: asyncio.Future[Any] = loop.create_future()

    def run() -> None:
        try:
            outcome = Outcome(call.run(function))
        except BaseException as error:
            outcome = Outcome(error=for_future(error, function))
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, ended, outcome)

    threads.run(run)
    try:
        return await ended
    except asyncio.CancelledError:
        if not threads.withdraw(run):
            call.cancel()
        raise
    finally:
        call.take_over_context()


def settle(ended: asyncio.Future[Any], outcome: Outcome) -> None:
    """On the event loop's thread. Nothing happens if the future was cancelled."""
    if ended.done():
        return
    if outcome.error is None:
        ended.set_result(outcome.result)
    else:
        ended.set_exception(outcome.error)
