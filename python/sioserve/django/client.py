"""Notices that the client of a request leaves, for as long as somebody wants to know."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any


class ClientWatch:
    """Calls `left` on the event loop when the client has disconnected. It does not cost a task
    before start().
    """

    __slots__ = ("_ended", "_left", "_receive", "_task")

    def __init__(self, receive: Any, left: Callable[[], None]) -> None:
        """`receive` is the one of the request, whose body has been received."""
        self._receive: Any = receive
        self._left: Callable[[], None] | None = left
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    def start(self) -> None:
        """On the event loop; further calls do nothing."""
        if self._task is None and not self._ended:
            self._task = asyncio.get_running_loop().create_task(self._wait())

    @property
    def has_started(self) -> bool:
        return self._task is not None

    def end(self) -> None:
        """`left` is not called any more, and no longer part of a reference cycle."""
        self._ended = True
        self._receive = self._left = None
        if self._task is not None:
            self._task.cancel()

    async def _wait(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect" and self._left is not None:
            self._left()


class WatchedTasks(list[asyncio.Task[Any]]):
    """asgiref's `task_context`: the tasks that a thread waits for in async_to_sync().

    asgiref adds them on the event loop; from the first one on, the client is watched.
    """

    __slots__ = ("_watch",)

    def __init__(self, watch: ClientWatch) -> None:
        super().__init__()
        self._watch = watch

    def append(self, task: asyncio.Task[Any]) -> None:
        super().append(task)
        self._watch.start()


async def cancel_if_client_leaves(coroutine: Coroutine[Any, Any, None], receive: Any) -> bool:
    """Await the coroutine in the current task; it is cancelled when the client leaves.

    Returns when it has ended: whether the client has left. A coroutine that never waits costs
    nothing more.
    """
    task = asyncio.current_task()
    assert task is not None
    has_left = False

    def left() -> None:
        nonlocal has_left
        has_left = True
        task.cancel()

    watch = ClientWatch(receive, left)
    try:
        await _started_at_first_wait(coroutine, watch)
    except asyncio.CancelledError:
        if not has_left:
            raise
    finally:
        watch.end()
        if has_left and hasattr(task, "uncancel"):  # Python 3.11 and newer
            task.uncancel()
    return has_left


@types.coroutine
def _started_at_first_wait(
    coroutine: Coroutine[Any, Any, None], watch: ClientWatch
) -> Generator[Any, Any, None]:
    """Drive the coroutine as `await` does; start the watch when it waits for the first time."""
    try:
        waited_for = coroutine.send(None)
        watch.start()
        while True:
            try:
                result = yield waited_for
            except BaseException as error:
                waited_for = coroutine.throw(error)
            else:
                waited_for = coroutine.send(result)
    except StopIteration:
        return
