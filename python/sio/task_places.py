"""Where a task waits: a name for it in log lines."""

from __future__ import annotations

import asyncio
import linecache
import os
from types import FrameType
from typing import Any, Protocol

ASYNCIO = os.path.dirname(asyncio.__file__) + "/"


class PlaceKnown(Protocol):
    """A request that is used as a task, and runs elsewhere."""

    def place(self) -> str: ...


def place(task: asyncio.Task[Any] | PlaceKnown) -> str:
    """Where a suspended task waits: the innermost frame outside asyncio."""
    if not isinstance(task, asyncio.Future):
        return task.place()
    awaited: Any = task.get_coro()
    frame: FrameType | None = None
    while awaited is not None:
        inner = (
            getattr(awaited, "cr_frame", None)
            or getattr(awaited, "gi_frame", None)
            or getattr(awaited, "ag_frame", None)
        )
        if inner and not inner.f_code.co_filename.startswith(ASYNCIO):
            frame = inner
        awaited = (
            getattr(awaited, "cr_await", None)
            or getattr(awaited, "gi_yieldfrom", None)
            or getattr(awaited, "ag_await", None)
        )
    return "not started" if frame is None else f"waiting in {location(frame)}"


def location(frame: FrameType) -> str:
    """The frame's file, line, function and source."""
    source = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    where = f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}()"
    return f"{where}: {source}" if source else where
