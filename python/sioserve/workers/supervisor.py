"""Supervisor: keeps the Python processes running.

The first one starts alone: if the application can't start, its error is shown once. A process that
has ended is started again, after a time that grows while processes end soon after their start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Sequence
from typing import Any, Protocol

from sioserve.workers.process import PythonProcess, describe_end

logger = logging.getLogger("sioserve")

FIRST_DELAY = 0.1  # seconds until a process that has ended is started again
LONGEST_DELAY = 30.0
TIME_TO_END = 10.0  # seconds for a process that has lost its connection
STEADY_AFTER = 10.0  # seconds of life after which the delay begins at FIRST_DELAY again


class Pool(Protocol):
    """What a Supervisor uses of `_sioserve.Server`."""

    def add_process(self, fd: int, name: str, /) -> int: ...


class FirstProcessEnded(Exception):
    """The first Python process has ended before it was ready; `code` as subprocess.Popen's."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Supervisor:
    """Runs `count` processes; all calls on the event loop of start_first()."""

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = command
        self._count = count
        self._pool: Pool | None = None
        self._processes: dict[int, PythonProcess] = {}
        self._ready: dict[int, PythonProcess] = {}  # by their numbers in the pool
        self._keepers: list[asyncio.Task[None]] = []

    async def start_first(self) -> dict[str, Any]:
        """Start one process and return the settings that it says.

        Raises FirstProcessEnded.
        """
        process = self._start(1)
        settings = await process.hello()
        if settings is None:
            raise FirstProcessEnded(await process.ended)
        return settings

    def serve(self, pool: Pool) -> None:
        """Hand the first process to the pool, and start the others."""
        self._pool = pool
        loop = asyncio.get_running_loop()
        self._add(self._processes[1])
        for number in range(1, self._count + 1):
            self._keepers.append(loop.create_task(self._keep(number)))

    def process_left(self, number: int) -> None:
        """The pool has no connection with this process any more, which ends it. One that does not
        end, because it hangs, is killed.
        """
        process = self._ready.pop(number)
        loop = asyncio.get_running_loop()
        loop.call_later(TIME_TO_END, process.kill_if_running)

    def reopen_logs(self) -> None:
        for process in self._processes.values():
            process.reopen_logs()

    def stop(self) -> None:
        """Start no more processes. Those that are not ready are ended."""
        for keeper in self._keepers:
            keeper.cancel()

    async def wait(self, timeout: float) -> list[str]:
        """Return when all processes have ended. After `timeout` seconds they are killed; returns
        the names of these.
        """
        running = {process.ended: process for process in self._processes.values()}
        late: set[asyncio.Future[int]] = set()
        if running:
            _, late = await asyncio.wait(running, timeout=timeout)
        for ended in late:
            running[ended].send_signal(signal.SIGKILL)
        if late:
            await asyncio.wait(late)
        return [running[ended].name for ended in late]

    def _start(self, number: int) -> PythonProcess:
        process = self._processes[number] = PythonProcess(self._command, number)
        return process

    def _add(self, process: PythonProcess) -> None:
        assert self._pool is not None
        number = self._pool.add_process(process.take_channel(), process.name)
        self._ready[number] = process
        logger.info("%s is ready", process.name)

    async def _keep(self, number: int) -> None:
        delay = FIRST_DELAY
        is_ready = number in self._processes
        while True:
            try:
                process = self._processes.get(number) or self._start(number)
                if not is_ready and await process.hello() is not None:
                    self._add(process)
                code = await asyncio.shield(process.ended)
            except OSError as error:
                logger.error("Python process %d can't be started: %s", number, error)
            except asyncio.CancelledError:
                with contextlib.suppress(KeyError):
                    self._end_if_not_ready(self._processes[number])
                raise
            else:
                del self._processes[number]
                if process.age > STEADY_AFTER:
                    delay = FIRST_DELAY
                end = describe_end(code)
                logger.error("%s has ended %s; it starts again", process.name, end)
            is_ready = False
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)

    @staticmethod
    def _end_if_not_ready(process: PythonProcess) -> None:
        if not process.is_ready:
            process.send_signal(signal.SIGKILL)
