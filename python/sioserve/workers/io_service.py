"""IoService: the service of the I/O process, in the place of Service (service.py).

A stop has the same budget: the connections' share of the time belongs to this process, the rest to
the Python processes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import _sioserve

from sioserve import logs
from sioserve.errors import Interrupted, StartupError
from sioserve.listening import creation_errors, listen_on, start_errors
from sioserve.options import Options, server_arguments
from sioserve.stop_budget import time_for_connections
from sioserve.workers.process import describe_end
from sioserve.workers.supervisor import FirstProcessEnded, Supervisor

logger = logging.getLogger("sioserve")

LAST_WORDS = 0.5  # seconds, after the stop timeout, for a process to end before it is killed
STARTUP_FAILURE = 3  # as in cli.py


class IoService:
    """Serves on the event loop that runs when start() is called; as Service does."""

    def __init__(
        self, command: Sequence[str], options: Options, stop_process: Callable[[], None]
    ) -> None:
        self.addresses: list[str] = []
        self.status = 0  # for the end of the command
        self._options = options
        self._stop_process = stop_process
        assert options.workers is not None
        self._supervisor = Supervisor(command, options.workers)
        self._server: _sioserve.Server | None = None
        self._stopped = asyncio.Event()
        self._deadline: float | None = None  # on time.monotonic()'s clock, once stop() was called

    async def start(self) -> None:
        """Return when connections are accepted and the first process is ready.

        Raises StartupError, and Interrupted if the first process has ended, which has said why.
        """
        try:
            settings = await self._supervisor.start_first()
        except FirstProcessEnded as error:
            if error.code < 0:
                end = describe_end(error.code)
                raise StartupError(f"The first Python process has ended {end}") from None
            raise Interrupted(error.code or STARTUP_FAILURE) from None
        self._server = server = self._make_server(settings)
        self.addresses = listen_on(server, self._options.endpoints)
        logs.mirror_levels(server)
        with start_errors():
            server.start(asyncio.get_running_loop(), self._stopped.set)
        self._supervisor.serve(server)

    def stop(self) -> None:
        """Begin to stop; a second call closes the remaining connections immediately. From signal
        handlers too.
        """
        if self._deadline is None:
            self._deadline = time.monotonic() + self._options.timeout_graceful_shutdown
            self._supervisor.stop()
        if self._server is not None:
            self._server.stop()

    async def wait(self) -> None:
        """Return when stop() was called and all processes have ended."""
        await self._stopped.wait()
        assert self._server is not None
        assert self._deadline is not None
        left = max(self._deadline - time.monotonic(), 0.0) + LAST_WORDS
        for name in await self._supervisor.wait(left):
            logger.error("%s did not stop in time and was killed", name)
            self.status = 1
        self._server.flush_logs()

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

    def _make_server(self, settings: dict[str, object]) -> _sioserve.Server:
        arguments = {**server_arguments(self._options), **settings}
        with creation_errors():
            return _sioserve.Server(
                None,
                cast(Any, self._supervisor),  # whose process_left() is called
                python_processes=True,
                graceful_timeout_ms=round(time_for_connections(self._options) * 1000),
                max_requests_reached=self._max_requests_reached,
                **arguments,
            )

    def _max_requests_reached(self) -> None:
        logger.info("Stopping: --limit-max-requests is reached")
        self._stop_process()
