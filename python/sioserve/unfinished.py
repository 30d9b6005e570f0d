"""Cancels and logs what still runs when the stop timeout is over."""

from __future__ import annotations

import asyncio
import logging
import sys
import sysconfig
import threading
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import Any

from sio.task_places import location, place
from sio.threads import WorkerThread

logger = logging.getLogger("sioserve")

CANCELLATION = 1.0  # seconds for a cancelled task to end

# Functions of the standard library in which the main thread waits for other threads at the end.
WAITING_FOR_THREADS = ("_shutdown", "_python_exit", "join", "_wait_for_tstate_lock")


async def cancel_and_name(
    running: Iterable[tuple[asyncio.Task[None], Mapping[str, Any]]], timeout: float
) -> None:
    """Let requests and WebSockets end by themselves for `timeout` seconds; cancel the rest.

    `running` pairs each task with the scope that it serves.
    """
    scopes = dict(running)
    if not scopes:
        return
    # A task that has just got its disconnect needs a short time even if the timeout is over.
    _, late = await asyncio.wait(scopes, timeout=max(timeout, 0.1))
    for task in late:
        logger.warning("Cancelled at shutdown: %s, %s", name(scopes[task]), place(task))
        task.cancel()
    if late:
        _, deaf = await asyncio.wait(late, timeout=CANCELLATION)
        for task in deaf:
            logger.error("Abandoned, ignores its cancellation: %s", name(scopes[task]))


def name(scope: Mapping[str, Any]) -> str:
    """A request's method and path, or a WebSocket's path.

    The path is not decoded: a decoded one could forge a log line.
    """
    kind = "WebSocket" if scope["type"] == "websocket" else scope["method"]
    path = scope["raw_path"].decode("ascii", "backslashreplace")
    client = scope.get("client")
    return f"{kind} {path}" + (f" of {client[0]}:{client[1]}" if client else "")


def busy_threads(kind: type[threading.Thread] = threading.Thread) -> list[str]:
    """A line for each other busy thread of the class that would delay the end of the process."""
    frames = sys._current_frames()
    lines = []
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        waits_for_work = frame is not None and frame.f_code.co_name == "_worker"
        if not isinstance(thread, kind):
            continue
        if isinstance(thread, WorkerThread):  # a daemon, whose jobs are waited for
            if not thread.is_busy:
                continue
        elif thread is threading.current_thread() or thread.daemon or waits_for_work:
            continue
        if frame is None:
            continue
        if thread is threading.main_thread() and frame.f_code.co_name in WAITING_FOR_THREADS:
            continue
        lines.append(f"thread {thread.name}, in {location(outside_library(frame))}")
    return lines


def outside_library(frame: FrameType) -> FrameType:
    """The innermost frame that is not the standard library's, or this one."""
    library, packages = (sysconfig.get_path(name) + "/" for name in ("stdlib", "purelib"))
    outer: FrameType | None = frame
    while outer is not None:
        file = outer.f_code.co_filename
        if not file.startswith(library) or file.startswith(packages):
            return outer
        outer = outer.f_back
    return frame
