"""Waiting for conditions instead of sleeping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T], *, seconds: float = 30.0) -> T:
    """Calls `probe` until it returns a true value, and returns that value.

    Raises TimeoutError, with the last value, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {value!r} after {seconds} s")
        time.sleep(0.01)


async def eventually_async(probe: Callable[[], Awaitable[T]], *, seconds: float = 30.0) -> T:
    """The same for a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        value = await probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {value!r} after {seconds} s")
        await asyncio.sleep(0.01)
