"""Keeper: keeps one Python process running.

A process that has ended is started again, after a time that grows while processes end soon after
their start.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Protocol

from sioserve.workers.process import PythonProcess
from sioserve.workers.starting import StartFailed

logger = logging.getLogger("sioserve")

FIRST_DELAY = 0.1  # seconds until a process that has ended is started again
LONGEST_DELAY = 30.0
STEADY_AFTER = 10.0  # seconds of life after which the delay begins at FIRST_DELAY again


class Starter(Protocol):
    """How a Keeper starts a process."""

    def start_process(self, number: int) -> PythonProcess:
        """Raises OSError."""

    async def admit_when_ready(self, process: PythonProcess) -> None:
        """Let it work as soon as it is ready. Raises StartFailed."""


class Keeper:
    """Keeps the process with this number, from its creation until release().

    Attributes:
        process: the current one; None between two.
    """

    def __init__(self, starter: Starter, number: int, process: PythonProcess | None = None) -> None:
        """`process` is ready already; without it, one is started."""
        self.number = number
        self.process = process
        self._starter = starter
        self._task = asyncio.get_running_loop().create_task(self._keep())

    def release(self) -> PythonProcess | None:
        """Keep it no longer; it runs on."""
        self._task.cancel()
        released, self.process = self.process, None
        return released

    async def _keep(self) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                if self.process is None:
                    self.process = self._starter.start_process(self.number)
                    await self._admit(self.process)
                await asyncio.wait([self.process.ended])
            except OSError as error:
                logger.error("Python process %d can't be started: %s", self.number, error)
            except Exception:
                logger.exception("Python process %d can't be started", self.number)
            except asyncio.CancelledError:
                if self.process is not None:  # released by a signal while it was being created
                    self.process.send_signal(signal.SIGKILL)
                raise
            else:
                ended, self.process = self.process, None
                if ended.age > STEADY_AFTER:
                    delay = FIRST_DELAY
                logger.error(
                    "%s has ended %s; it starts again (docs/workers.md#when-a-process-dies)",
                    ended.name,
                    ended.describe_end(),
                )
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)

    async def _admit(self, process: PythonProcess) -> None:
        try:
            await self._starter.admit_when_ready(process)
        except StartFailed:
            pass  # it has said why
        except OSError as error:  # it has just ended, or no descriptors are left
            logger.error("%s can't be used: %s", process.name, error)
            process.send_signal(signal.SIGKILL)
        except Exception:  # nothing else ends or uses the process
            logger.exception("%s can't be used; it is killed", process.name)
            process.send_signal(signal.SIGKILL)
