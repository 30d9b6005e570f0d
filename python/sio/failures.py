"""How handlers fail, and how their connection continues.

An exception, KeyboardInterrupt, or the cancellation of the task it runs in makes only this handler
fail. At shutdown the dispatcher cancels the running tasks with end_task(); after that, only the
disconnect handlers of their sockets are started.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

from .database import DatabaseUse

logger = logging.getLogger("sio.consumer")

Work = Callable[[], Coroutine[Any, Any, None]]

_abandoned = False
_ending: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()


def start_task(work: Work, tasks: set[asyncio.Task[None]]) -> asyncio.Task[None]:
    """Run `work()` in a task, which is in `tasks` while it runs.

    It runs even if the task is cancelled before its first step: then in another task. The event
    loop's task factory may run the first step immediately.
    """
    begun = False

    async def run() -> None:
        nonlocal begun
        begun = True
        use = DatabaseUse.begin()
        try:
            await work()
        except BaseException as error:
            if is_closing(error):
                raise
            if not was_ended(error):
                logger.exception("a handler's task failed")
        await use.close()

    def ended(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        if not begun and not is_ending(task):
            logger.warning("a task was cancelled before its first step; it is started again")
            start_task(work, tasks)

    task = asyncio.get_running_loop().create_task(run())
    if not task.done():
        tasks.add(task)
    task.add_done_callback(ended)
    return task


def end_task(task: asyncio.Task[Any]) -> None:
    """Cancel a task for good: is_ending() is true for it from now on."""
    _ending.add(task)
    task.cancel()


def is_ending(task: asyncio.Task[Any] | None = None) -> bool:
    """Whether end_task() was called for this task; without one, for the current task."""
    task = task or _current_task()
    return task is not None and task in _ending


def was_ended(error: BaseException) -> bool:
    """Whether the current code must stop because of end_task(), which is not a failure."""
    return isinstance(error, asyncio.CancelledError) and is_ending()


def is_closing(error: BaseException) -> bool:
    """Whether the current code must stop and let the exception propagate.

    Either the interpreter closes a coroutine that no task runs, which must not await anything, or a
    child made by fork() ends with sys.exit().
    """
    if isinstance(error, SystemExit):
        return _abandoned
    return isinstance(error, GeneratorExit) and _current_task() is None


def abandon_handlers() -> None:
    """In a child made by fork(): SystemExit ends the process from now on."""
    global _abandoned
    _abandoned = True


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no event loop runs
        return None


if sys.version_info >= (3, 11):
    # Whether cancel() was called on the task.
    is_cancelled: Callable[[asyncio.Task[Any]], int] = asyncio.Task.cancelling

else:

    def is_cancelled(task: asyncio.Task[Any]) -> int:
        """Whether cancel() was called on the task and CancelledError was not raised yet."""
        return bool(getattr(task, "_must_cancel", False))


async def clear_cancellation() -> None:
    """Clear the cancellation of the current task, so that it does not affect the next handler."""
    task = asyncio.current_task()
    assert task is not None
    if not is_cancelled(task):
        return
    try:
        await asyncio.sleep(0)  # a pending cancellation is raised here
    except asyncio.CancelledError:
        logger.warning("a handler's task was cancelled; it continues with the next event")
    if sys.version_info >= (3, 11):
        while task.cancelling():
            task.uncancel()
