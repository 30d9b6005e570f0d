"""What may end a handler, and how its connection goes on.

Whatever a handler raises has failed that handler only: an exception, KeyboardInterrupt, or the
cancellation of the task that it runs in. At shutdown the dispatcher cancels what still runs by
end_task(); then nothing new is begun for a socket but its disconnect handlers.
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

    It runs even if somebody cancels the task before its first step: then in another task. The
    event loop may have a task factory that runs the first step at once.
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
    """Cancel a task for good: is_ending() holds for it from now on."""
    _ending.add(task)
    task.cancel()


def is_ending(task: asyncio.Task[Any] | None = None) -> bool:
    """Whether end_task() was called for this task; without one, for the current task."""
    task = task or _current_task()
    return task is not None and task in _ending


def is_closing(error: BaseException) -> bool:
    """Whether what runs is not to go on: let the exception pass.

    The interpreter is throwing away a coroutine that no task runs any more, which must not await
    anything; or a child made by fork() ends with sys.exit().
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

    def is_cancelled(task: asyncio.Task[Any]) -> bool:
        """Whether somebody has asked for the task's cancellation."""
        return task.cancelling() > 0

else:

    def is_cancelled(task: asyncio.Task[Any]) -> bool:
        """Whether a cancellation of the task has been asked for and not arrived."""
        return bool(getattr(task, "_must_cancel", False))


async def shed_cancellation() -> None:
    """Forget that the current task was cancelled, so that what runs next in it is not."""
    task = asyncio.current_task()
    assert task is not None
    if not is_cancelled(task):
        return
    try:
        await asyncio.sleep(0)  # where a cancellation arrives that has not yet
    except asyncio.CancelledError:
        logger.warning("a handler's task was cancelled; it goes on with what comes next")
    if sys.version_info >= (3, 11):
        while task.cancelling():
            task.uncancel()
