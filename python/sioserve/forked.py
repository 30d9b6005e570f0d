"""Children made by os.fork() in the application: they end with the code that made them.

A child has one thread, a copy of the one that called fork(), in the middle of an iteration of the
event loop or of a call in a thread pool. It would continue as a second server without an I/O
thread: on the parent's epoll descriptor, where it takes the parent's signals, or in a pool that
waits for ever. So the loop is separated from the parent's descriptors, and the process ends

    in the event loop   after the current callback: at the next `await`, or when the handler returns
    in a thread pool    when the call has returned or raised

Exceptions are logged; sys.exit() sets the exit status. No atexit handlers run, as in children of
multiprocessing. Those end by themselves, as do children that call os._exit() or os.exec*().
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn, Protocol
from weakref import WeakKeyDictionary, WeakSet

from sio.sync_calls import Outcome

from sioserve.unfinished import place

logger = logging.getLogger("sioserve")


class Abandonable(Protocol):
    def abandon(self) -> None:
        """In the child: drop the work that would follow the current handler."""


class _Forking(threading.local):
    """The loop and task of the thread that calls fork(); in the child asyncio does not know
    them.
    """

    loop: asyncio.AbstractEventLoop | None = None
    task: asyncio.Task[Any] | None = None


_forking = _Forking()
_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, list[int]] = WeakKeyDictionary()
_abandonable: WeakSet[Abandonable] = WeakSet()


def new_loop_for_parents(
    make: Callable[[], asyncio.AbstractEventLoop],
) -> asyncio.AbstractEventLoop:
    """A new event loop that does not continue in forked children."""
    before = _epoll_descriptors()
    loop = make()
    _loops[loop] = [fd for fd in _epoll_descriptors() if fd not in before]
    return loop


def abandon_in_children(what: Abandonable) -> None:
    """Call its abandon() in each child."""
    _abandonable.add(what)


def leave(error: BaseException | None) -> NoReturn:
    """End a forked child, as the interpreter would end with this exception."""
    status = 0
    if isinstance(error, SystemExit):
        status = _exit_status(error)
    elif error is not None:
        logger.error("Exception in a forked child", exc_info=error)
        status = 1
    _end(status)


def _exit_status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _end(status: int) -> NoReturn:
    try:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
    finally:
        os._exit(status)


def _epoll_descriptors() -> list[int]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}") == "anon_inode:[eventpoll]":
                found.append(int(name))
    return found


def _before_fork() -> None:
    try:
        _forking.loop = asyncio.get_running_loop()
    except RuntimeError:
        _forking.loop = _forking.task = None
    else:
        _forking.task = asyncio.current_task()


def _in_child() -> None:
    for loop, epolls in list(_loops.items()):
        if loop.is_closed():
            continue
        _detach_loop(epolls)
        if loop is _forking.loop:
            _end_after_this_step(loop, _forking.task)
        else:
            loop.call_soon_threadsafe = _take_result  # type: ignore[method-assign,assignment]
    for what in list(_abandonable):
        what.abandon()
    _forking.loop = _forking.task = None


def _detach_loop(epolls: list[int]) -> None:
    """Keep the child from changing the parent's epoll set and from taking its events or signals."""
    with contextlib.suppress(OSError):
        for fd in epolls:
            with select.epoll() as empty:
                os.dup2(empty.fileno(), fd, inheritable=False)
    with contextlib.suppress(ValueError):  # this loop does not run in the main thread
        signal.set_wakeup_fd(-1)


def _end_after_this_step(
    loop: asyncio.AbstractEventLoop, current: asyncio.Task[Any] | None
) -> None:
    loop.call_soon(_leave_loop, current)
    loop.set_exception_handler(lambda loop, context: None)
    for task in asyncio.all_tasks(loop):
        # The method of the base class: the task does not run again, not even to handle its
        # cancellation.
        if task is not current and isinstance(task, asyncio.Future):
            asyncio.Future.cancel(task)


def _leave_loop(task: asyncio.Task[Any] | None) -> NoReturn:
    if task is None or (task.done() and task.cancelled()):
        leave(None)
    if task.done():
        leave(task.exception())
    logger.error(
        "A forked child ends: the event loop runs in its parent only (%s); end it with os._exit()",
        place(task),
    )
    _end(1)


def _take_result(callback: Any, *args: Any, context: Any = None) -> NoReturn:
    """Replaces the loop's call_soon_threadsafe() in a thread of the child."""
    for argument in args:
        # A call in a thread pool passes its future when it is done.
        if isinstance(argument, concurrent.futures.Future) and argument.done():
            leave(None if argument.cancelled() else argument.exception())
        if isinstance(argument, Outcome):
            leave(argument.error)
    raise RuntimeError("the event loop runs in the parent of this process only")


os.register_at_fork(before=_before_fork, after_in_child=_in_child)
