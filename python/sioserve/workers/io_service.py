"""IoService: the service of the I/O process, in the place of Service (service.py).

A stop has the same budget: the connections' share of the time belongs to this process, the rest to
the Python processes.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import _sioserve

from sioserve import logs
from sioserve.control.emits import Emit, carry_out
from sioserve.control.requests import RequestFailed
from sioserve.errors import Interrupted, StartupError
from sioserve.listening import creation_errors, listen_for_metrics, listen_on, start_errors
from sioserve.options import Options, server_arguments
from sioserve.stop_budget import LAST_RESORT_OF_PROCESS, time_for_connections
from sioserve.stop_log import Named, StopLog
from sioserve.systemd import Notifier
from sioserve.workers.child import unblock_signals
from sioserve.workers.process import describe_end
from sioserve.workers.replacing import ReloadFailed, Replacer, new_processes
from sioserve.workers.starting import StartFailed
from sioserve.workers.status import processes
from sioserve.workers.supervisor import FirstProcessEnded, Supervisor
from sioserve.workers.watch import Watch

logger = logging.getLogger("sioserve")

STARTUP_FAILURE = 3  # as in cli.py


class IoService:
    """Serves on the event loop that runs when it is created; as Service does.

    SIGHUP reloads, also the TLS certificates; SIGTTIN adds a Python process, SIGTTOU removes one.
    """

    def __init__(self, command: Sequence[str], options: Options, notifier: Notifier) -> None:
        self.addresses: list[str] = []
        self.django_version: str | None = None  # that the first process has
        self.status = 0  # for the end of the command
        self._options = options
        self._supervisor = Supervisor(command, options)
        self._replacer = Replacer(self._supervisor, notifier)
        self._server: _sioserve.Server | None = None
        self._watch: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[int]] = set()
        self._stopped = asyncio.Event()
        self._stop_log: StopLog | None = None  # once it serves
        self._deadline: float | None = None  # on time.monotonic()'s clock, once stop() was called
        self._reload_after_start = False
        self._resizes: list[Callable[[], None]] = []  # signals that have come during the start
        self._take_signals()

    async def start(self) -> None:
        """Return when connections are accepted and the first process is ready.

        Raises StartupError, and Interrupted if the first process has ended, which has said why.
        """
        try:
            hello = await self._supervisor.start_first()
        except FirstProcessEnded as error:
            if error.code < 0:
                end = describe_end(error.code)
                raise StartupError(f"The first Python process has ended {end}") from None
            raise Interrupted(error.code or STARTUP_FAILURE) from None
        except StartFailed as error:
            raise StartupError(str(error)) from None
        self.django_version = hello.django
        self._server = server = self._make_server(hello.settings)
        self.addresses = listen_on(server, self._options.endpoints, self._options.cluster)
        listen_for_metrics(server, self._options.metrics)
        logs.mirror_levels(server)
        loop = asyncio.get_running_loop()
        with start_errors():
            server.start(loop, self._stopped.set)
        self._supervisor.serve(server)
        self._stop_log = StopLog(loop, threading.get_ident(), self._waited_for)
        watch = Watch(server, self._supervisor, self._replacer, self._options)
        self._watch = loop.create_task(watch.run())
        for change in self._resizes:
            change()
        if self._reload_after_start:
            self._reload_on_signal()

    def stop(self) -> None:
        """Begin to stop; a second call closes the remaining connections immediately. From signal
        handlers too.
        """
        if self._deadline is None:
            self._deadline = time.monotonic() + self._options.timeout_graceful_shutdown
            if self._stop_log is not None:
                self._stop_log.begin()
            self._replacer.stop()
            self._supervisor.stop()
            if self._watch is not None:
                self._watch.cancel()
        if self._server is not None:
            self._server.stop()

    async def wait(self) -> None:
        """Return when stop() was called and all processes have ended."""
        await self._stopped.wait()
        assert self._server is not None
        assert self._deadline is not None
        left = max(self._deadline - time.monotonic(), 0.0) + LAST_RESORT_OF_PROCESS
        for name in await self._supervisor.wait(left):
            logger.error("%s did not stop in time and was killed", name)
            self.status = 1
        if self._stop_log is not None:
            self._stop_log.end()
        self._server.flush_logs()
        self._server.end()

    def figures(self) -> dict[str, Any]:
        """What `sioserve status` shows."""
        return {
            "state": self._state(),
            "workers": len(self._supervisor.kept),
            "processes": processes(self._server, self._supervisor),
        }

    async def emit(self, emits: Sequence[Emit]) -> list[str | None]:
        """Carry out what another process emits. Raises RequestFailed."""
        if self._server is None:
            raise RequestFailed("the server is starting")
        return await carry_out(self._server, emits)

    async def reload(self) -> str:
        """Replace all Python processes by new ones, with new code. Raises RequestFailed."""
        if self._server is None:
            raise RequestFailed("the server is starting")
        self._server.reload_certificates()
        try:
            count = await self._replacer.reload()
        except ReloadFailed as error:
            raise RequestFailed(f"the old processes continue: {error}") from None
        return new_processes(count, "work")

    def check(self) -> object:
        """Returns when the I/O thread has answered."""
        return None if self._server is None else self._server.counts()

    def reopen_logs(self) -> None:
        """Reopen all log files, of the Python processes too; from signal handlers."""
        if self._server is not None:
            self._server.reopen_logs()
        logs.reopen_files()
        self._supervisor.reopen_logs()

    def flush_queued_logs(self) -> None:
        """Write the queued log lines: the process ends now, without the loop."""
        if self._server is not None:
            self._server.log_pending()
            self._server.flush_logs()

    def _state(self) -> str:
        if self._deadline is not None:
            return "stopping"
        if self._server is None:
            return "starting"
        return "reloading" if self._replacer.is_reloading else "running"

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        handlers: dict[signal.Signals, Callable[[], None]] = {
            signal.SIGHUP: self._reload_on_signal,
            signal.SIGTTIN: lambda: self._resize(self._supervisor.add_one),
            signal.SIGTTOU: lambda: self._resize(self._supervisor.remove_one),
        }
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        unblock_signals()

    def _reload_on_signal(self) -> None:
        if self._server is None:
            self._reload_after_start = True
            return
        self._server.reload_certificates()
        task = asyncio.get_running_loop().create_task(self._replacer.reload())
        self._tasks.add(task)
        task.add_done_callback(self._reloaded)

    def _reloaded(self, task: asyncio.Task[int]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.debug("The reload of SIGHUP has failed: %s", error)

    def _resize(self, change: Callable[[], None]) -> None:
        if self._state() == "starting":
            self._resizes.append(change)
        elif self._state() != "stopping":
            change()

    def _waited_for(self) -> Iterator[Named]:
        """Each process says itself what it waits for, unless its event loop is blocked."""
        yield "process", [process.name for process in self._supervisor.running]

    def _make_server(self, settings: dict[str, object]) -> _sioserve.Server:
        arguments = {**server_arguments(self._options), **settings}
        with creation_errors(arguments):
            return _sioserve.Server(
                None,
                cast(Any, self._supervisor),  # whose process_left() is called
                python_processes=True,
                graceful_timeout_ms=round(time_for_connections(self._options) * 1000),
                **arguments,
            )
