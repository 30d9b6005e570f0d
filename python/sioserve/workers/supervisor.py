"""Supervisor: has all Python processes: those that work, those that start, those that retire.

The first one starts alone: if the application can't start, its error is shown once. Then a Keeper
(`keeper.py`) keeps each running. Processes that work can be replaced, added and removed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine, Iterable, Mapping, Sequence, Set
from typing import Any, Protocol

from sioserve.options import Options
from sioserve.workers.changed_settings import ChangedSettings
from sioserve.workers.channel import BadHello, Hello
from sioserve.workers.keeper import Keeper
from sioserve.workers.process import PythonProcess
from sioserve.workers.retirement import RetiringPool, Why, retire
from sioserve.workers.starting import TIME_TO_END, bad_hello, settings_of
from sioserve.workers.told_settings import Settings

logger = logging.getLogger("sioserve")


class Pool(RetiringPool, Protocol):
    """What a Supervisor uses of `_sioserve.Server`."""

    def add_process(self, fd: int, name: str, place: int, /) -> int: ...

    def add_namespace(self, name: str, /) -> None: ...

    def ask_about_handshakes(self) -> None: ...

    def ask_about_origins(self) -> None: ...


class FirstProcessEnded(Exception):
    """The first Python process has ended before it was ready; `code` as subprocess.Popen's."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Supervisor:
    """Runs as many processes as `options.workers` says; all calls on the event loop of
    start_first().
    """

    def __init__(self, command: Sequence[str], options: Options) -> None:
        self._command = command
        self._options = options
        self._folder = working_directory()
        self._time_to_end = max(TIME_TO_END, options.timeout_graceful_shutdown + 1)
        self._is_stopping = False
        self._pool: Pool | None = None
        self._settings: ChangedSettings | None = None
        self._keepers: dict[int, Keeper] = {}
        self._running: set[PythonProcess] = set()
        self._members: dict[int, PythonProcess] = {}  # by their numbers in the pool
        self._retiring: dict[PythonProcess, asyncio.Task[None]] = {}

    async def start_first(self) -> Hello:
        """Start one process and return what it says.

        Raises FirstProcessEnded, which has said why; StartFailed.
        """
        self._first = self.start_process(1)
        said = await self._first.hello()
        if isinstance(said, BadHello):
            raise bad_hello(self._first, said)
        if not isinstance(said, Hello):
            raise FirstProcessEnded(await self._first.ended)
        self._settings = ChangedSettings(said.settings)
        return said

    def serve(self, pool: Pool) -> None:
        """Hand the first process to the pool, and start the others."""
        assert self._options.workers is not None
        self._pool = pool
        self._add(self._first)
        self._keepers[1] = Keeper(self, 1, self._first)
        for number in range(2, self._options.workers + 1):
            self._keepers[number] = Keeper(self, number)

    @property
    def kept(self) -> Mapping[int, PythonProcess | None]:
        """The processes that are kept running; None for one that will be started again."""
        return {number: keeper.process for number, keeper in sorted(self._keepers.items())}

    @property
    def members(self) -> Mapping[int, PythonProcess]:
        """The processes that have a connection, by their numbers in the pool."""
        return self._members

    @property
    def running(self) -> Set[PythonProcess]:
        """All that have not ended."""
        return self._running

    def is_retiring(self, process: PythonProcess) -> bool:
        return process in self._retiring

    def process_left(self, number: int) -> None:
        """The pool has no connection with this process any more, which ends it. One that does not
        end, because it hangs, is killed.
        """
        process = self._members.pop(number)
        process.end_channel()
        self._kill_later(process, self._time_to_end_of(process))

    def add_one(self) -> None:
        """Keep one process more."""
        number = next(n for n in range(1, len(self._keepers) + 2) if n not in self._keepers)
        self._keepers[number] = Keeper(self, number)
        logger.info("Python process %d is added: there are %d now", number, len(self._keepers))

    def remove_one(self) -> None:
        """Keep one process less, but at least one."""
        if len(self._keepers) == 1:
            logger.warning("The last Python process is not removed")
            return
        number = max(self._keepers)
        keeper = self._keepers.pop(number)
        logger.info("Python process %d is removed: there are %d now", number, len(self._keepers))
        self._let_go([keeper.release()], "recycling")

    def start_process(self, number: int) -> PythonProcess:
        """A process that nobody keeps yet. Raises OSError."""
        process = PythonProcess(self._command, number, self._folder)
        self._running.add(process)
        process.ended.add_done_callback(lambda _: self._running.discard(process))
        return process

    async def settings_of(self, process: PythonProcess) -> Settings:
        """When it is ready. Raises StartFailed."""
        return await settings_of(process, self._options.worker_start_timeout)

    async def admit_when_ready(self, process: PythonProcess) -> None:
        """Raises StartFailed."""
        settings = await self.settings_of(process)
        self._take_over(settings)
        self._add(process)

    def replace(self, ready: Mapping[PythonProcess, Settings], why: Why) -> None:
        """Let these processes work and be kept, instead of those with the same numbers.

        After an exception, all that were kept still are: the new ones get no new work.
        """
        added: list[PythonProcess] = []
        try:
            for process, settings in ready.items():
                if process.number in self._keepers:
                    self._take_over(settings)
                    self._add(process)
                    added.append(process)
                else:  # it has been removed meanwhile
                    self.dismiss(process)
        except BaseException:
            self._let_go(added, why)
            raise
        replaced = [self._keepers[process.number].release() for process in added]
        for process in added:
            self._keepers[process.number] = Keeper(self, process.number, process)
        self._let_go(replaced, why)

    def dismiss(self, process: PythonProcess) -> None:
        """End a process that has got no work yet. One that retires ends without it."""
        if self.is_retiring(process):
            return
        process.dismiss()
        self._kill_later(process, self._time_to_end)

    def reopen_logs(self) -> None:
        for process in self._running:
            process.reopen_logs()

    def stop(self) -> None:
        """Start no more processes. Those that are not ready are ended."""
        self._is_stopping = True
        for keeper in self._keepers.values():
            process = keeper.release()
            if process is not None and not process.is_ready:
                process.send_signal(signal.SIGKILL)
        for task in self._retiring.values():
            task.cancel()

    async def wait(self, timeout: float) -> list[str]:
        """Return when all processes have ended. After `timeout` seconds they are killed; returns
        the names of these.
        """
        running = {process.ended: process for process in self._running}
        late: set[asyncio.Future[int]] = set()
        if running:
            _, late = await asyncio.wait(running, timeout=timeout)
        for ended in late:
            running[ended].send_signal(signal.SIGKILL)
        if late:
            await asyncio.wait(late)
        return [running[ended].name for ended in late]

    def _take_over(self, settings: Settings) -> None:
        """Those of a process that works from now on. It gives these commands too, but its first
        clients may be faster.
        """
        assert self._pool is not None
        assert self._settings is not None
        self._settings.check(settings)
        for name in settings["namespaces"]:
            self._pool.add_namespace(name)
        if settings["ask_about_handshakes"]:
            self._pool.ask_about_handshakes()
        if settings["ask_about_origins"]:
            self._pool.ask_about_origins()

    def _add(self, process: PythonProcess) -> None:
        assert self._pool is not None
        number = self._pool.add_process(process.take_channel(), process.name, process.number)
        self._members[number] = process
        logger.info("%s is ready", process.name)

    def _let_go(self, processes: Iterable[PythonProcess | None], why: Why) -> None:
        """Those that have work finish it; the others end."""
        assert self._pool is not None
        numbers = {process: number for number, process in self._members.items()}
        retiring: list[PythonProcess] = []
        for process in processes:
            if process is None or process.ended.done():
                continue
            if not process.is_ready:
                self.dismiss(process)
            elif process in numbers:
                retiring.append(process)
        # Together: none gets the sessions of another.
        self._pool.retire_processes([numbers[process] for process in retiring], why)
        grace = self._options.reload_grace
        for process in retiring:
            self._retire(process, retire(self._pool, numbers[process], process, why, grace))

    def _retire(self, process: PythonProcess, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._retiring[process] = task
        task.add_done_callback(lambda _: self._retiring.pop(process))

    def _time_to_end_of(self, process: PythonProcess) -> float:
        """Seconds. Others do not wait for the work of a process that retires; the place of one that
        has failed, for example because it reads nothing, is empty until it has ended.
        """
        hang = self._options.worker_hang_timeout
        if self.is_retiring(process) or self._is_stopping or not hang:
            return self._time_to_end
        return min(self._time_to_end, hang)

    def _kill_later(self, process: PythonProcess, after: float) -> None:
        asyncio.get_running_loop().call_later(after, process.kill_if_running)


def working_directory() -> str | None:
    """The folder for new processes, by the name under which the command was started in it.

    If that is a symbolic link to the current release, processes that start later use the release to
    which it points then. None: the folder of this process has no such name.
    """
    name = os.environ.get("PWD", "")
    try:
        is_here = os.path.isabs(name) and os.path.samefile(name, ".")
    except OSError:
        return None
    return name if is_here else None
