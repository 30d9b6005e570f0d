"""Service: serves one application, from listening to the end of its lifespan.

The command runs one on the main thread (runner.py); `manage.py runserver` and live-server tests run
one on another thread. A stop has one time budget, `timeout_graceful_shutdown`:

    connections     requests in flight are answered, WebSockets closed, Socket.IO sessions ended
    application     handlers, and requests whose clients have disconnected, may finish; then the
                    remaining tasks are cancelled and named in the log
    lifespan        the application's own shutdown

A share of the time is reserved for the last two.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import _sioserve
from sio import autodiscover, get_socketio_server, registry
from sio.channel_layer import ChannelLayerBridge, configured_layer
from sio.cluster import Cluster
from sio.dispatcher import Dispatcher
from sio.django_support import django_ready, django_version
from sio.encoding import default as json_default
from sio.processes import Processes
from sio.socketio.local_adapter import LocalAdapter
from sio.threads import set_threads
from sio.time_limit import HandlerTimes

from sioserve import logs
from sioserve.close_timeout import CloseTimeout
from sioserve.control.emits import Emit
from sioserve.control.here import emit_here
from sioserve.control.requests import RequestFailed
from sioserve.django.installation import chosen_handler
from sioserve.errors import StartupError
from sioserve.figures import FigureReporter
from sioserve.forked import abandon_in_children
from sioserve.gil import check_gil
from sioserve.lifespan import Lifespan
from sioserve.listening import creation_errors, listen_for_metrics, listen_on, start_errors
from sioserve.options import Options, server_arguments
from sioserve.pool import make_threads
from sioserve.processes import rss_of
from sioserve.stop_budget import application_share, time_for_connections
from sioserve.stop_log import Named, StopLog, requests_and_websockets
from sioserve.stopping import begin_serving
from sioserve.unfinished import cancel_and_name
from sioserve.workers.channel import Hello, say_hello
from sioserve.workers.child import io_process_stopper
from sioserve.workers.told_settings import told_settings

logger = logging.getLogger("sioserve")

# In milliseconds, as in server/base/config.h.
DEFAULT_CONNECT_TIMEOUT = 45_000
DEFAULT_HANDSHAKE_TIMEOUT = 5_000


class Service:
    """Serves `application` on the event loop that runs when start() is called.

    stop() may be called from any thread and from signal handlers; everything else belongs to the
    event loop's thread.

    The event of `sioserve.stop_event()` is set when the stop begins. The extension
    `sioserve.stop` in every scope shows that it is supported.
    """

    def __init__(
        self,
        application: Any,
        options: Options,
        stop_process: Callable[[], None] | None = None,
        channel: socket.socket | None = None,
    ) -> None:
        """`stop_process` is called, instead of stop(), when --limit-max-requests is reached.

        With a `channel`, the sockets are those of the I/O process at its other end, which says when
        to stop.
        """
        self.addresses: list[str] = []
        self._application = application
        self._options = options
        self._stop_process = stop_process
        self._channel = channel
        self._threads = make_threads(options)
        self._lifespan = Lifespan(application, options.lifespan)
        self._dispatcher = Dispatcher(
            times=_handler_times(options),
            processes=None if channel is None else Processes(json_default),
            state=self._lifespan.state,
        )
        self._close_timeout = CloseTimeout(options.application_close_timeout)
        self._server: _sioserve.Server | None = None
        self._settings: dict[str, Any] = {}  # of the native core, once start() was called
        self._channel_layer: ChannelLayerBridge | None = None
        self._reporter: FigureReporter | None = None
        self._made = time.monotonic()
        self._is_serving = False
        self._shuts_down = False  # the lifespan
        self._stopped = asyncio.Event()
        self._stopping: asyncio.Event | None = None  # once start() was called
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_log: StopLog | None = None  # once it serves
        self._deadline: float | None = None  # on time.monotonic()'s clock, once stop() was called

    async def start(self) -> None:
        """Return when connections are accepted. Raises StartupError."""
        check_gil()
        self._stopping = begin_serving()
        self._loop = loop = asyncio.get_running_loop()
        autodiscover()
        self._settings = {
            "native_socketio": bool(registry.native_namespaces()),
            "namespaces": registry.namespaces(),
            "ask_about_handshakes": bool(get_socketio_server().request_checks),
            "ask_about_origins": get_socketio_server().request_checks.asks_about_origins,
            **server_arguments(self._options),
        }
        if (
            self._settings.get("redis_url")
            and get_socketio_server().make_adapter is not LocalAdapter
        ):
            raise StartupError(
                "SocketIOServer.adapter() can't be used with --redis: it has an adapter of its own "
                "(docs/socketio.md#adapters)"
            )
        if self._channel is not None and get_socketio_server().make_adapter is not LocalAdapter:
            raise StartupError(
                "SocketIOServer.adapter() can't be used with --workers: rooms span all processes "
                "(docs/socketio.md#adapters)"
            )
        if self._settings.get("redis_url"):
            self._dispatcher.join_cluster(Cluster())
        self._server = server = self._make_server()
        self._bind(server)
        abandon_in_children(self._dispatcher)
        try:
            if self._channel is None:
                self.addresses = listen_on(server, self._options.endpoints, self._options.cluster)
                listen_for_metrics(server, self._options.metrics)
            await self._lifespan.startup()
            await _import_urlconf()
            self._log_handler()
            logs.add_request_ids_to_records()
            logs.mirror_levels(server)
            set_threads(loop, self._threads)
            await self._start(server, loop)
            if self._settings.get("metrics"):
                self._reporter = FigureReporter(server, self._threads, loop)
            self._stop_log = StopLog(loop, threading.get_ident(), self._waited_for)
            self._is_serving = True
        except BaseException:
            self._threads.close()
            await self._close_channel_layer()
            await self._dispatcher.close(0)
            raise

    def stop(self) -> None:
        """Begin to stop; a second call closes the remaining connections immediately."""
        self._begin_to_stop()
        if self._server is not None:
            self._server.stop()

    def _state(self) -> str:
        if self._deadline is not None:
            return "stopping"
        return "running" if self._is_serving else "starting"

    def _begin_to_stop(self) -> None:
        if self._deadline is not None:
            return
        self._deadline = time.monotonic() + self._options.timeout_graceful_shutdown
        if self._stop_log is not None:
            self._stop_log.begin()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the service has ended
                self._loop.call_soon_threadsafe(self._stop_has_begun)

    def _stop_has_begun(self) -> None:
        if self._stopping is not None:
            self._stopping.set()

    def _waited_for(self) -> Iterator[Named]:
        if self._server is not None:
            yield from requests_and_websockets(scope for _, scope in self._server.running_tasks())
        yield "handler", self._dispatcher.running_handlers()
        if self._shuts_down:
            yield "part of the application", ["lifespan shutdown"]

    async def wait(self) -> None:
        """Return when stop() was called and everything has ended."""
        await self._stopped.wait()
        self._begin_to_stop()  # the I/O process may have ended
        self._close_timeout.close()
        if self._reporter is not None:
            self._reporter.stop()
        assert self._server is not None
        lifespan_share = application_share(self._options) / 2
        await self._close_channel_layer()
        # At the same time, so that code of one kind that ignores its cancellation takes no time
        # from the other.
        application_time = self._time_left(lifespan_share)
        await asyncio.gather(
            self._dispatcher.close(application_time),
            cancel_and_name(self._server.running_tasks(), application_time),
        )
        self._threads.close()
        self._threads.join(self._time_left(lifespan_share))
        self._shuts_down = True
        await self._lifespan.shutdown(max(self._time_left(), lifespan_share))
        if self._stop_log is not None:
            self._stop_log.end()
        self._server.flush_logs()
        self._server.end()  # before the libraries that its thread uses shut down

    @property
    def django_version(self) -> str | None:
        return django_version()

    def figures(self) -> dict[str, Any]:
        """What `sioserve status` shows."""
        server = self._server
        kinds = [] if server is None else [scope["type"] for _, scope in server.running_tasks()]
        return {
            "state": self._state(),
            "workers": None,
            "processes": [
                {
                    "number": 1,
                    "state": self._state(),
                    "pid": os.getpid(),
                    "age": round(time.monotonic() - self._made, 3),
                    "rss": rss_of(os.getpid()),
                    "requests": kinds.count("http"),
                    "websockets": kinds.count("websocket"),
                    "sessions": 0 if server is None else server.counts()["sessions"],
                }
            ],
        }

    async def emit(self, emits: Sequence[Emit]) -> list[str | None]:
        """Carry out what another process emits."""
        return await emit_here(get_socketio_server(), emits)

    async def reload(self) -> str:
        """Read the TLS certificates again. Raises RequestFailed."""
        if not self._options.has_certificates:
            raise RequestFailed(
                "a reload needs --workers: the application runs in the server's process"
            )
        self.reload_certificates()
        return "the TLS certificates are read again (new code needs --workers)"

    def reload_certificates(self) -> None:
        """From any thread and from signal handlers."""
        if self._server is not None and self._is_serving:
            self._server.reload_certificates()

    def check(self) -> object:
        """Returns when the I/O thread has answered."""
        return None if self._server is None else self._server.counts()

    def reopen_logs(self) -> None:
        """Reopen all log files; from any thread and from signal handlers."""
        if self._server is not None:
            self._server.reopen_logs()
        logs.reopen_files()

    def flush_queued_logs(self) -> None:
        """Write the queued log lines: the process ends now, without the loop."""
        if self._server is not None:
            self._server.log_pending()
            self._server.flush_logs()

    def _max_requests_reached(self) -> None:
        logger.info("Stopping: --limit-max-requests is reached")
        stop = self._stop_process or self.stop
        stop()

    def _time_left(self, reserve: float = 0.0) -> float:
        """Seconds until the stop timeout, less `reserve`; never negative."""
        if self._deadline is None:  # the start has failed
            self._deadline = time.monotonic() + self._options.timeout_graceful_shutdown
        return max(self._deadline - reserve - time.monotonic(), 0.0)

    def _make_server(self) -> _sioserve.Server:
        application = self._application
        if django_ready():
            from sioserve.django.serving import serve_django

            application = serve_django(application, self._threads)
        make = _sioserve.Server if self._channel is None else _sioserve.ProcessServer
        with creation_errors(self._settings):
            return make(
                application,
                self._dispatcher,
                graceful_timeout_ms=round(time_for_connections(self._options) * 1000),
                state=self._lifespan.state,
                extensions={"sioserve.stop": {}},
                json_default=json_default,
                client_gone=self._close_timeout.client_gone,
                max_requests_reached=_weakly(self._max_requests_reached),
                stop_begun=_weakly(self._begin_to_stop),
                **self._settings,
            )

    def _log_handler(self) -> None:
        handler = chosen_handler()
        if self._options.django_handler == "stock" and django_ready():
            handler = "Django's own handler: --django-handler stock"
        if handler is not None:
            limit = self._threads.figures().limit
            logger.info("Requests to Django: %s; %d threads", handler, limit)

    async def _start(self, server: _sioserve.Server, loop: asyncio.AbstractEventLoop) -> None:
        try:
            with start_errors():
                if self._channel is None or not isinstance(server, _sioserve.ProcessServer):
                    server.start(loop, self._stopped.set)
                else:
                    hello = Hello(told_settings(self._settings), django_version())
                    say_hello(self._channel, hello)
                    server.start_with(loop, self._stopped.set, self._channel.detach())
        except StartupError:
            await self._lifespan.shutdown(self._time_left())
            raise

    def _bind(self, server: _sioserve.Server) -> None:
        try:
            self._dispatcher.bind(server, self._threads)
        except RuntimeError as error:
            # Tests may run several servers at the same time; these rarely need Socket.IO.
            logger.warning("Socket.IO is not served: %s", error)
            return None
        if self._channel is not None:
            get_socketio_server().stop_server = io_process_stopper()
            return self._check_channel_layer()
        get_socketio_server().stop_server = _weakly(self._stop_process or self.stop)
        if (layer := configured_layer()) is not None:
            self._channel_layer = ChannelLayerBridge(get_socketio_server(), layer)
            self._channel_layer.open()
        return None

    @staticmethod
    def _check_channel_layer() -> None:
        if configured_layer() is not None:
            logger.warning(
                "With --workers, messages of the channel layer's groups (group_send) do not reach "
                "Socket.IO rooms; emit instead. SIO_CHANNEL_LAYER = None turns this warning off "
                "(docs/workers.md#what-you-can-rely-on)"
            )

    async def _close_channel_layer(self) -> None:
        if self._channel_layer is not None:
            await self._channel_layer.close()


async def _import_urlconf() -> None:
    if django_ready() and "django.core.asgi" in sys.modules:
        from sioserve.django.urlconf import import_urlconf

        await asyncio.to_thread(import_urlconf)


def _handler_times(options: Options) -> HandlerTimes:
    settings = options.settings
    connect = settings.get("connect_timeout_ms", DEFAULT_CONNECT_TIMEOUT)
    handshake = settings.get("websocket_connect_timeout_ms", DEFAULT_HANDSHAKE_TIMEOUT)
    return HandlerTimes(
        connect=connect / 1000,
        handler=options.socketio_handler_timeout or None,
        handshake=handshake / 1000 or None,  # 0: none
    )


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """A method that does not keep its object alive, for callbacks of the server: the garbage
    collector does not see a server's references, and the Unix sockets of a server that is not freed
    are not removed.
    """
    reference = weakref.WeakMethod(method)

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    return call
