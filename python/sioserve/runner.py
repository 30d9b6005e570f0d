"""Runs one service in the main thread: event loop, signals, and the end of the process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Protocol

from sioserve.certificate_signal import ReloadCertificatesOnSignal
from sioserve.control.listener import ControlSocket
from sioserve.control.paths import control_path
from sioserve.control.pid_file import PidFile
from sioserve.control.server import ControlServer
from sioserve.descriptors import check_descriptors, raise_descriptor_limit
from sioserve.errors import Interrupted, StartupError
from sioserve.forked import leave, new_loop_for_parents
from sioserve.options import LoopKind, Options
from sioserve.pool import asgi_threads
from sioserve.service import Service
from sioserve.start_log import log_versions
from sioserve.startup_objects import freeze_startup_objects
from sioserve.stop_budget import LAST_RESORT
from sioserve.stop_signal import StopSignal
from sioserve.systemd import Notifier
from sioserve.unfinished import busy_threads
from sioserve.workers.child import FOR_IO_PROCESS

logger = logging.getLogger("sioserve")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
TASKS_AT_THE_END = 0.5  # seconds for tasks of the application that still run on the loop


class Runnable(Protocol):
    """A Service, or the IoService of --workers."""

    addresses: list[str]

    @property
    def django_version(self) -> str | None:
        """If the application is Django's; once start() has returned."""

    async def start(self) -> None: ...

    def stop(self) -> None: ...

    async def wait(self) -> None: ...

    def figures(self) -> dict[str, Any]: ...

    async def reload(self) -> str: ...

    def check(self) -> object: ...

    def reopen_logs(self) -> None: ...

    def flush_queued_logs(self) -> None: ...


MakeService = Callable[[Callable[[], None]], Runnable]


def run(application: Any, options: Options, notifier: Notifier) -> None:
    """Serve until SIGINT or SIGTERM; call in the main thread.

    Raises StartupError, and Interrupted for a signal before connections were accepted.
    """
    reload = ReloadCertificatesOnSignal() if options.has_certificates else None

    def make(stop: Callable[[], None]) -> Service:
        service = Service(application, options, stop)
        if reload is not None:
            reload.serve(service)
        return service

    run_service(make, options, notifier)


def run_service(make_service: MakeService, options: Options, notifier: Notifier) -> None:
    """The same with a service that `make_service` makes on the event loop. It gets the function
    that stops the process as a signal does.
    """
    raise_descriptor_limit()
    check_descriptors()
    loop = new_event_loop(options.loop)
    wake_on_signals(loop)
    if options.verbosity >= 3:
        loop.set_debug(True)
    stop = _StopOnSignals(options.timeout_graceful_shutdown, notifier)
    reopen = _ReopenLogsOnSignal()
    try:
        asyncio.set_event_loop(loop)
        run_to_end(loop, loop.create_task(_serve(make_service, options, stop, reopen)))
    finally:
        close_event_loop(loop)
        stop.loop_has_ended()


def run_python_process(application: Any, options: Options, channel: socket.socket) -> None:
    """Serve the sockets of the I/O process at the other end of the channel, until it says to stop.

    It gets the signals that the terminal or a service manager sends to all processes, too. Raises
    StartupError.
    """
    raise_descriptor_limit()
    check_descriptors()
    loop = new_event_loop(options.loop)
    wake_on_signals(loop)
    if options.verbosity >= 3:
        loop.set_debug(True)
    for number in (*STOP_SIGNALS, *FOR_IO_PROCESS):
        signal.signal(number, _leave_to_io_process)
    reopen = _ReopenLogsOnSignal()
    try:
        asyncio.set_event_loop(loop)
        run_to_end(loop, loop.create_task(_serve_channel(application, options, channel, reopen)))
    finally:
        close_event_loop(loop)


async def _serve_channel(
    application: Any, options: Options, channel: socket.socket, reopen: _ReopenLogsOnSignal
) -> None:
    service = Service(application, options, channel=channel)
    reopen.serve(service)  # a signal may follow as soon as start() has said hello
    await service.start()
    freeze_startup_objects()
    await service.wait()


def _leave_to_io_process(number: int, frame: FrameType | None) -> None:
    """A handler, because children of this process would inherit that a signal is ignored."""


def wake_on_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Let each signal end the loop's wait for events, so that its Python handler runs.

    A signal that arrives just before the wait, or that another thread takes, does not interrupt the
    wait. uvloop always watches for signals. asyncio's loop does so (`signal.set_wakeup_fd`) as soon
    as it has a signal handler of its own, for any signal. SIGURG is ignored by default.
    """
    if isinstance(loop, asyncio.SelectorEventLoop):
        loop.add_signal_handler(signal.SIGURG, lambda: None)


def run_to_end(loop: asyncio.AbstractEventLoop, main: asyncio.Task[None]) -> None:
    # A SystemExit or KeyboardInterrupt of an application's task also ends run_until_complete().
    # Only that task has failed; the server continues.
    process = os.getpid()
    while True:
        try:
            return loop.run_until_complete(main)
        except Interrupted:
            raise
        except (SystemExit, KeyboardInterrupt) as error:
            if os.getpid() != process:
                leave(error)
            if main.done() or (isinstance(error, KeyboardInterrupt) and _signals_interrupt()):
                raise


def _signals_interrupt() -> bool:
    """Whether a KeyboardInterrupt may come from Ctrl-C; the server's signal handlers raise none."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    return in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler


async def _serve(
    make_service: MakeService, options: Options, stop: _StopOnSignals, reopen: _ReopenLogsOnSignal
) -> None:
    service = make_service(stop.stop_service)
    with _control(options, service, stop):
        await service.start()
        freeze_startup_objects()
        stop.serve(service)
        reopen.serve(service)
        log_versions(options, service.django_version)
        for address in service.addresses:
            logger.info("Listening on %s (Ctrl-C stops it)", address)
        stop.notifier.ready("Running")
        watchdog = asyncio.create_task(stop.notifier.keep_watchdog_quiet(service.check))
        try:
            await service.wait()
        finally:
            watchdog.cancel()


@contextlib.contextmanager
def _control(options: Options, service: Runnable, stop: _StopOnSignals) -> Iterator[None]:
    """The control socket and the pid file. Raises StartupError."""
    path = control_path(options.control, options.pid)
    with contextlib.ExitStack() as stack:
        if path is not None:
            control = ControlServer(ControlSocket(path), service, stop.stop_on_request)
            stack.callback(control.close)
            control.start()
        if options.pid is not None:
            stack.callback(PidFile(options.pid).remove)
        yield


def new_event_loop(kind: LoopKind = "auto") -> asyncio.AbstractEventLoop:
    """`auto` uses uvloop if it is installed. Raises StartupError.

    ASGI_THREADS is the size of the default executor, as in daphne.
    """
    loop = new_loop_for_parents(lambda: _bare_event_loop(kind))
    threads = asgi_threads()
    if threads is not None:
        executor = concurrent.futures.ThreadPoolExecutor(max_workers=threads)
        loop.set_default_executor(executor)
    return loop


def _bare_event_loop(kind: LoopKind) -> asyncio.AbstractEventLoop:
    if kind == "asyncio":
        return asyncio.new_event_loop()
    try:
        import uvloop
    except ImportError:
        if kind == "uvloop":
            raise StartupError("uvloop is not installed; pip install uvloop") from None
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class _ReopenLogsOnSignal:
    """SIGUSR1: the log files have been renamed (logrotate). May be called before the start."""

    def __init__(self) -> None:
        self._service: Runnable | None = None
        self._process = os.getpid()
        signal.signal(signal.SIGUSR1, self._handle)

    def serve(self, service: Runnable) -> None:
        self._service = service

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._service is not None and os.getpid() == self._process:
            self._service.reopen_logs()


class _StopOnSignals:
    """The first SIGINT or SIGTERM stops the service, a second one ends the process at once.

    Python's own handlers run even while a view blocks the event loop in time.sleep(). They stay
    installed until the process ends, which may have to wait for the application's threads.
    """

    def __init__(self, timeout: float, notifier: Notifier) -> None:
        self.notifier = notifier
        self._timeout = timeout
        self._service: Runnable | None = None
        self._process = os.getpid()
        self._signalled: StopSignal | None = None
        self._stopping = False
        self._loop_ended = False
        for number in STOP_SIGNALS:
            signal.signal(number, self._handle)

    def serve(self, service: Runnable) -> None:
        """Connections are accepted: from now on a signal stops this service."""
        self._service = service

    def stop_service(self) -> None:
        """Stop as after a signal, with the same timeout."""
        if self._stopping:
            return
        self._stopping = True
        self.notifier.stopping()
        watchdog = threading.Timer(self._timeout + LAST_RESORT, self._give_up)
        watchdog.daemon = True
        watchdog.start()
        if self._service is not None:
            self._service.stop()

    def stop_on_request(self) -> None:
        """Stop as SIGTERM does; a second request, or SIGTERM after one, changes nothing."""
        if self._service is None:
            signal.raise_signal(signal.SIGTERM)
        elif not self._stopping:
            logger.info("Stopping, as sioserve stop has asked")
            self.stop_service()

    def loop_has_ended(self) -> None:
        self._loop_ended = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            # A child made by fork() has this handler too, but no server to stop.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            return
        signalled = StopSignal(number, time.monotonic())
        if self._signalled is not None:
            if self._signalled.is_repeated_by(signalled):
                return
            logger.warning("Stopping immediately")
            self._flush_queued_logs()
            os._exit(128 + number)
        self._signalled = signalled
        self.stop_service()
        if self._service is None:
            raise Interrupted(128 + number)
        logger.info("Stopping; a second %s stops immediately", signal.Signals(number).name)

    def _give_up(self) -> None:
        for line in busy_threads():
            logger.error("Abandoned: %s", line)
        if self._loop_ended:
            # Only threads are left, which can't be cancelled.
            self._flush_queued_logs()
            os._exit(0)
        logger.error(
            "The application did not stop in time; ending the process "
            "(docs/exit-codes.md#what-happens-at-a-stop)"
        )
        self._flush_queued_logs()
        os._exit(1)

    def _flush_queued_logs(self) -> None:
        if self._service is not None:
            self._service.flush_queued_logs()


def close_event_loop(loop: asyncio.AbstractEventLoop) -> None:
    async def finish() -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=TASKS_AT_THE_END)
        await loop.shutdown_asyncgens()

    try:
        loop.run_until_complete(finish())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
