"""Replacer: starts new processes while the old ones work, and lets them take over when they are
ready.

For a reload, one new process starts alone, which finds most errors of new code, then the others.
If one of them can't start, the old processes stay as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from sioserve.systemd import Notifier
from sioserve.workers.process import PythonProcess
from sioserve.workers.starting import StartFailed
from sioserve.workers.supervisor import Supervisor
from sioserve.workers.told_settings import Settings

logger = logging.getLogger("sioserve")

EXPECTED = (StartFailed, OSError)  # any other exception is a fault of this server

NewProcesses = dict[PythonProcess, Settings]  # what each has said; empty before


def new_processes(count: int, verb: str) -> str:
    """What they do, for a message."""
    if count == 1:
        return f"1 new Python process {verb}s"
    return f"{count} new Python processes {verb}"


class ReloadFailed(Exception):
    """The old processes continue; the message is a sentence."""


class Replacer:
    """One replacement at a time; all calls on the supervisor's event loop.

    A reload that is asked for during another one starts when that has finished, because the code
    may have changed since the other's start. All that are asked for until then are one.
    """

    def __init__(self, supervisor: Supervisor, notifier: Notifier) -> None:
        self._supervisor = supervisor
        self._notifier = notifier
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[int] | None = None  # a reload that has not begun
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopped = False
        self.is_reloading = False

    @property
    def is_busy(self) -> bool:
        return self._turn.locked()

    async def reload(self) -> int:
        """Replace all processes; returns how many, when the new ones work.

        Raises ReloadFailed.
        """
        if self._stopped:
            raise ReloadFailed("the server is stopping")
        if self._next is None:
            self._next = self._start(self._reload())
        task = self._next
        await asyncio.wait([task])  # an end of this caller does not end the reload
        if task.cancelled():
            raise ReloadFailed("the server is stopping")
        return task.result()

    def recycle(self, process: PythonProcess, why: str) -> asyncio.Task[bool] | None:
        """Replace this process, because of `why`. The result is False if no new one could start.
        None: another replacement is not finished.
        """
        if self._stopped or self.is_busy:
            return None
        return self._start(self._recycle(process, why))

    def stop(self) -> None:
        self._stopped = True
        for task in self._tasks:
            task.cancel()

    async def _reload(self) -> int:
        async with self._turn:
            self._next = None
            self.is_reloading = True
            self._notifier.reloading()
            try:
                count = await self._replace_all()
            except Exception as error:
                why = _sentence(error)
                logger.error(
                    "The reload has failed, the old processes continue: %s "
                    "(docs/workers.md#reload)",
                    why,
                    exc_info=not isinstance(error, EXPECTED),
                )
                self._notifier.ready("Running; the latest reload has failed")
                raise ReloadFailed(why) from None
            finally:
                self.is_reloading = False
            self._notifier.ready("Running")
            return count

    async def _replace_all(self) -> int:
        numbers = list(self._supervisor.kept)
        logger.info("Reloading: %s", new_processes(len(numbers), "start"))
        with self._new_processes() as new:
            await self._start_new(numbers[:1], new)
            await self._start_new(numbers[1:], new)
            self._supervisor.replace(new, "reload")
        logger.info("Reloaded: %s", new_processes(len(numbers), "work"))
        return len(numbers)

    async def _recycle(self, process: PythonProcess, why: str) -> bool:
        async with self._turn:
            if self._supervisor.kept.get(process.number) is not process:
                return True  # a reload has been faster
            logger.info("%s is replaced: %s", process.name, why)
            try:
                with self._new_processes() as new:
                    await self._start_new([process.number], new)
                    self._supervisor.replace(new, "recycling")
            except Exception as error:
                logger.error(
                    "%s continues, no other could start: %s",
                    process.name,
                    _sentence(error),
                    exc_info=not isinstance(error, EXPECTED),
                )
                return False
            return True

    @contextlib.contextmanager
    def _new_processes(self) -> Iterator[NewProcesses]:
        """For new processes, which are dismissed if an exception ends their start."""
        new: NewProcesses = {}
        try:
            yield new
        except BaseException:
            for process in new:
                self._supervisor.dismiss(process)
            raise

    async def _start_new(self, numbers: Sequence[int], new: NewProcesses) -> None:
        """Start a process for each number, and return when they are ready.

        Raises StartFailed, OSError; also if one of those that were ready has ended.
        """
        started = []
        for number in numbers:
            process = self._supervisor.start_process(number)
            new[process] = {}
            started.append(process)
        waiting = [
            asyncio.ensure_future(self._supervisor.settings_of(process)) for process in started
        ]
        for task in waiting:
            task.add_done_callback(_retrieve)  # only the first of several failures is raised
        try:
            for process, settings in zip(started, await _all(waiting), strict=True):
                new[process] = settings
        finally:
            for task in waiting:
                task.cancel()
        for process in new:
            if process.ended.done():
                raise StartFailed(f"{process.name} has ended {process.describe_end()}")

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_retrieve)  # it has been logged, also if nobody waits for the result
        return task


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, EXPECTED) else f"{type(error).__name__}: {error}"


def _retrieve(task: asyncio.Future[Any]) -> None:
    """An exception that nobody retrieves would be logged by asyncio."""
    if not task.cancelled():
        task.exception()


async def _all(tasks: Sequence[asyncio.Future[Settings]]) -> list[Settings]:
    """The results of all; raises the exception of the first that fails."""
    if tasks:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    return [task.result() for task in tasks]
