"""Waits until a Python process is ready, or says why it could not start."""

from __future__ import annotations

import asyncio
import logging
import signal

from sioserve.workers.channel import Hello, Settings, StartFailure
from sioserve.workers.process import PythonProcess

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
        logger.error("%s; it is killed", why)
        process.send_signal(signal.SIGKILL)
        raise StartFailed(why) from None
    if isinstance(said, Hello):
        return said.settings
    if not (await asyncio.wait([process.ended], timeout=TIME_TO_END))[0]:
        process.kill_if_running()
        await asyncio.wait([process.ended])
    if isinstance(said, StartFailure):
        raise StartFailed(f"{process.name} could not start: {said.reason}")
    raise StartFailed(f"{process.name} has ended {process.describe_end()} before it was ready")
