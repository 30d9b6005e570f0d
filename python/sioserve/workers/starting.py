"""Waits until a Python process is ready, or says why it could not start."""

from __future__ import annotations

import asyncio
import logging
import signal

from sioserve.workers.channel import BadHello, Hello, StartFailure
from sioserve.workers.process import PythonProcess
from sioserve.workers.told_settings import Settings

logger = logging.getLogger("sioserve")

TIME_TO_END = 10.0  # seconds for a process that has failed, or has lost its connection


class StartFailed(Exception):
    """A Python process could not start; the message is a sentence with its name."""


async def settings_of(process: PythonProcess, timeout: float) -> Settings:
    """The settings that the process says when it is ready. After `timeout` seconds (0: never) it
    is killed.

    Raises StartFailed.
    """
    try:
        said = await asyncio.wait_for(process.hello(), timeout or None)
    except asyncio.TimeoutError:
        why = f"{process.name} was not ready after {timeout:g} s (--worker-start-timeout)"
        raise _killed(process, why) from None
    if isinstance(said, Hello):
        return said.settings
    if isinstance(said, BadHello):
        raise bad_hello(process, said)
    if not (await asyncio.wait([process.ended], timeout=TIME_TO_END))[0]:
        process.kill_if_running()
        await asyncio.wait([process.ended])
    if isinstance(said, StartFailure):
        raise StartFailed(f"{process.name} could not start: {said.reason}")
    raise StartFailed(f"{process.name} has ended {process.describe_end()} before it was ready")


def bad_hello(process: PythonProcess, said: BadHello) -> StartFailed:
    """The process, which would wait for work, is killed."""
    return _killed(process, f"{process.name} can't be used: {said.reason}")


def _killed(process: PythonProcess, why: str) -> StartFailed:
    logger.error("%s; it is killed", why)
    process.send_signal(signal.SIGKILL)
    return StartFailed(why)
