"""Runs one server from start to stop on an event loop of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import signal
import threading
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


def run(application: Any, options: Options) -> None:
    """Serve until SIGINT or SIGTERM; call in the main thread. Raises StartupError."""
    loop = _new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_serve(application, options))
    finally:
        _close(loop)


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
    with _StopOnSignals(server.stop):
        shown = f"[{host}]" if ":" in host else host
        logger.info("Listening on http://%s:%d (Ctrl-C stops it)", shown, port)
        await stopped.wait()
        await dispatcher.close(GRACEFUL_TIMEOUT)
        await _cancel_tasks(_late_tasks())
        await lifespan.shutdown()


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
    """While it lasts, SIGINT and SIGTERM call `stop`; a second one ends the process at once.

    Python's own handlers run even while a view blocks the event loop in time.sleep().
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._process = os.getpid()
        self._asked = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._handle)

    def __exit__(self, *exception: object) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            # A child made with fork() has this handler too, but nothing of ours to stop.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            return
        if self._asked:
            logger.warning("Stopping at once")
            os._exit(128 + number)
        self._asked = True
        logger.info("Stopping; a second %s stops at once", signal.Signals(number).name)
        self._stop()
        watchdog = threading.Timer(GRACEFUL_TIMEOUT + LAST_RESORT, _give_up)
        watchdog.daemon = True
        watchdog.start()


def _give_up() -> None:
    logger.error("The application did not stop in time; ending the process")
    os._exit(1)


def _late_tasks() -> list[asyncio.Task[Any]]:
    tasks = [task for task in _other_tasks() if task.get_name() != "lifespan"]
    for task in tasks:
        logger.warning("Cancelled at shutdown: %s", task)
    return tasks


def _other_tasks() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def _cancel_tasks(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    async def finish() -> None:
        await _cancel_tasks(_other_tasks())
        await loop.shutdown_asyncgens()
        await loop.shutdown_default_executor()

    try:
        loop.run_until_complete(finish())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
