"""Retirement: the last part of the life of a Python process that others have replaced.

It gets nothing new. When it has nothing left, or when the grace is over, the I/O side ends its
channel, so that it shuts down in order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Literal, Protocol

from sioserve.workers.process import PythonProcess

logger = logging.getLogger("sioserve")

# Why a process is replaced: new code, or the process itself (its memory, its age, its number).
Why = Literal["reload", "recycling"]


class RetiringPool(Protocol):
    """What a retirement uses of `_sioserve.Server`."""

    def retire_processes(self, numbers: Iterable[int], why: str, /) -> None: ...

    def end_process(self, number: int, /) -> None: ...


async def retire(
    pool: RetiringPool, number: int, process: PythonProcess, why: Why, grace: float
) -> None:
    """Return when the process has ended. pool.retire_processes() has been called for it; `number`
    is its number in the pool.
    """
    logger.info("%s gets no new work (%s), and ends when it has none left", process.name, why)
    done, _ = await asyncio.wait([process.ended], timeout=grace)
    if not done:
        logger.warning(
            "%s has not finished its work within %g s (--reload-grace): the rest is ended",
            process.name,
            grace,
        )
        pool.end_process(number)
        await asyncio.wait([process.ended])
    level = logging.WARNING if process.ended.result() else logging.INFO
    logger.log(level, "%s, which was replaced, has ended %s", process.name, process.describe_end())
