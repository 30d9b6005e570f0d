"""Runs one server from start to stop on an event loop of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import _sioserve
from sio import autodiscover, registry
from sio.dispatcher import Dispatcher
from sio.encoding import default as json_default

from sioserve.errors import StartupError
from sioserve.lifespan import Lifespan
from sioserve.options import Options, server_arguments

logger = logging.getLogger("sioserve")

GRACEFUL_TIMEOUT = 10.0  # seconds for what runs when the server is asked to stop
LAST_RESORT = 5.0  # seconds more for the application, then the process ends all the same
LAST_WORDS = 1.0  # seconds for what has lost its connection only when that time was over


def run(application: Any, options: Options) -> None:
    """Serve until SIGINT or SIGTERM; call in the main thread. Raises StartupError."""
    loop = _new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        _run_to_end(loop, loop.create_task(_serve(application, options)))
    finally:
        _close(loop)


def _run_to_end(loop: asyncio.AbstractEventLoop, main: asyncio.Task[None]) -> None:
    # sys.exit() in a task of the application ends run_until_complete() too. That task has failed
    # like any other by then; the server goes on.
    while True:
        try:
            return loop.run_until_complete(main)
        except SystemExit:
            if main.done():
                raise


async def _serve(application: Any, options: Options) -> None:
    loop = asyncio.get_running_loop()
    autodiscover()
    lifespan = Lifespan(application)
    dispatcher = Dispatcher()
    try:
        server = _sioserve.Server(
            application,
            dispatcher,
            native_socketio=bool(registry.native_namespaces()),
            namespaces=registry.namespaces(),
            graceful_timeout_ms=int(GRACEFUL_TIMEOUT * 1000),
            state=lifespan.state,
            json_default=json_default,
            **server_arguments(options),
        )
    except (TypeError, ValueError) as error:
        raise StartupError(f"A setting has an unusable value: {error}") from None
    dispatcher.bind(server)
    try:
        host, port = server.listen()
    except OSError as error:
        raise StartupError(str(error)) from None
    await lifespan.startup()
    _mirror_log_levels(server)
    stopped = asyncio.Event()
    server.start(loop, stopped.set)
    stopping = _StopOnSignals(server.stop)
    shown = f"[{host}]" if ":" in host else host
    logger.info("Listening on http://%s:%d (Ctrl-C stops it)", shown, port)
    await stopped.wait()
    await dispatcher.close(stopping.time_left())
    await _end_tasks(server.running_tasks(), stopping.time_left())
    await lifespan.shutdown()


async def _end_tasks(tasks: list[asyncio.Task[None]], timeout: float) -> None:
    """Let requests and WebSockets whose clients have gone come to their end; cancel the rest."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=timeout)
    for task in late:
        logger.warning("Cancelled at shutdown: %s", task)
        task.cancel()
    if late:
        await asyncio.wait(late)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed. ASGI_THREADS sizes the default executor, as in daphne."""
    try:
        import uvloop
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        loop = uvloop.new_event_loop()
    threads = os.environ.get("ASGI_THREADS")
    if threads is not None:
        if not threads.isdigit() or int(threads) == 0:
            raise StartupError(f'ASGI_THREADS must be a positive number, not "{threads}".')
        executor = concurrent.futures.ThreadPoolExecutor(max_workers=int(threads))
        loop.set_default_executor(executor)
    return loop


def _mirror_log_levels(server: _sioserve.Server) -> None:
    # The I/O thread asks a number of its own, so that a level that is off costs nothing there.
    for name in ("sioserve", "sio.engineio", "sio.socketio"):
        server.set_log_level(name, logging.getLogger(name).getEffectiveLevel())


class _StopOnSignals:
    """From now on SIGINT and SIGTERM call `stop`; a second one ends the process at once.

    Python's own handlers run even while a view blocks the event loop in time.sleep(). They stay for
    the rest of the process, which may have to wait for the application's threads.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._process = os.getpid()
        self._deadline: float | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def time_left(self) -> float:
        """Seconds that what still runs may take, a moment at least."""
        now = time.monotonic()
        deadline = now + GRACEFUL_TIMEOUT if self._deadline is None else self._deadline
        return max(deadline - now, LAST_WORDS)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            # A child made with fork() has this handler too, but nothing of ours to stop.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            return
        if self._deadline is not None:
            logger.warning("Stopping at once")
            os._exit(128 + number)
        self._deadline = time.monotonic() + GRACEFUL_TIMEOUT
        self._stop()
        watchdog = threading.Timer(GRACEFUL_TIMEOUT + LAST_RESORT, _give_up)
        watchdog.daemon = True
        watchdog.start()
        logger.info("Stopping; a second %s stops at once", signal.Signals(number).name)


def _give_up() -> None:
    logger.error("The application did not stop in time; ending the process")
    os._exit(1)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    async def finish() -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LAST_RESORT)
        await loop.shutdown_asyncgens()
        await loop.shutdown_default_executor()

    try:
        loop.run_until_complete(finish())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
