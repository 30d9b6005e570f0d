"""A pytest plugin: asynchronous tests run with an eager task factory.

`pytest -p support.eager_tasks`, with "tests" on the path. Python 3.12 has such a factory
(asyncio.eager_task_factory); for earlier versions it is emulated on asyncio's own event loop.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest


def emulated_eager_task_factory(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, Any],
    *,
    context: contextvars.Context | None = None,
    **options: Any,
) -> asyncio.Task[Any]:
    """Creates an ordinary task and runs its first step immediately.

    As with the real factory, the new task is the current task during this step, the step runs in
    its own context, and the callbacks of a task that has ended wait for the event loop. The
    difference: a task that ends immediately has been in asyncio.all_tasks().
    """
    context = context or contextvars.copy_context()
    steps: list[tuple[Any, ...]] = []

    def keep(step: Any, *args: Any, context: Any = None) -> None:
        steps.append((step, *args))

    loop.call_soon = keep  # type: ignore[method-assign, assignment]
    try:
        if sys.version_info >= (3, 11):
            task = asyncio.Task(coroutine, loop=loop, context=context, **options)
        else:
            task = context.run(lambda: asyncio.Task(coroutine, loop=loop, **options))
    finally:
        del loop.call_soon
    ((step, *args),) = steps
    if not loop.is_running():
        loop.call_soon(step, *args, context=context)
        return task
    outer = asyncio.current_task(loop)
    if outer is not None:
        asyncio.tasks._leave_task(loop, outer)  # type: ignore[attr-defined]
    try:
        context.run(step, *args)
    finally:
        if outer is not None:
            asyncio.tasks._enter_task(loop, outer)  # type: ignore[attr-defined]
    return task


eager_task_factory = getattr(asyncio, "eager_task_factory", emulated_eager_task_factory)


@pytest.fixture(autouse=True)
async def _eager_tasks() -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(eager_task_factory)
    yield
    loop.set_task_factory(None)
