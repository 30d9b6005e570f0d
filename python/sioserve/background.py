"""A service in any thread of a process, which any other thread can stop.

`manage.py runserver` runs one in the thread of Django's reloader; live-server tests and pytest
fixtures run one in a new thread (ServiceThread). No signal handlers are installed.
"""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from collections.abc import Callable
from typing import Any

from sioserve.options import Options
from sioserve.runner import close_event_loop, new_event_loop, run_to_end
from sioserve.service import Service

PATIENCE = 30.0  # seconds after which a thread that was asked to stop is not expected to end


def end_process_after(seconds: float, status: int) -> None:
    """End the process when an application blocks the event loop and the stop takes too long."""
    watchdog = threading.Timer(seconds, os._exit, (status,))
    watchdog.daemon = True
    watchdog.start()


class BackgroundService:
    """Runs one Service, once, on a new event loop in the thread that calls run()."""

    def __init__(self, application: Any, options: Options) -> None:
        self._application = application
        self._options = options
        self._stop_asked = False
        self._cancel_start: Callable[[], Any] | None = None  # while the service starts
        self._service: Service | None = None  # once it has started
        self._ended = threading.Event()

    def run(self, on_listening: Callable[[list[str]], None]) -> None:
        """Serve until stop(); `on_listening` gets the addresses, as URLs. Raises StartupError."""
        try:
            loop = new_event_loop(self._options.loop)
            try:
                asyncio.set_event_loop(loop)
                run_to_end(loop, loop.create_task(self._serve(on_listening)))
            finally:
                close_event_loop(loop)
        finally:
            self._ended.set()

    def stop(self) -> None:
        """Begin to stop; a second call stops immediately. From any thread and from signal
        handlers.
        """
        self._stop_asked = True
        service, cancel = self._service, self._cancel_start
        if service is not None:
            service.stop()
        elif cancel is not None:
            cancel()

    def wait(self, timeout: float) -> bool:
        """Whether run() has ended within `timeout` seconds. From any other thread."""
        return self._ended.wait(timeout)

    async def _serve(self, on_listening: Callable[[list[str]], None]) -> None:
        loop = asyncio.get_running_loop()
        start = loop.create_task(self._start())
        self._cancel_start = functools.partial(loop.call_soon_threadsafe, start.cancel)
        if self._stop_asked:
            start.cancel()
        try:
            service = await start
        except asyncio.CancelledError:
            return
        finally:
            self._cancel_start = None
        self._service = service
        if self._stop_asked:
            service.stop()
        on_listening(service.addresses)
        await service.wait()

    async def _start(self) -> Service:
        service = Service(self._application, self._options)
        await service.start()
        return service


class ServiceThread(threading.Thread):
    """Serves in a daemon thread. A context manager too.

    Attributes:
        is_ready: set when connections are accepted, or when the start has failed.
        error: the exception of a failed start.
        host, port, url, ws_url: the address, once it is ready.
    """

    def __init__(self, application: Any, options: Options) -> None:
        super().__init__(name="sioserve", daemon=True)
        self.url = ""
        self._background = BackgroundService(application, options)
        self.is_ready = threading.Event()
        self.error: BaseException | None = None

    @property
    def ws_url(self) -> str:
        return "ws" + self.url.removeprefix("http")

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://").rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2] or 0)

    def __str__(self) -> str:
        return self.url

    def __enter__(self) -> ServiceThread:
        self.start_serving()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start_serving(self) -> None:
        """Start the thread; returns when connections are accepted.

        Raises StartupError, or another exception if the start failed.
        """
        self.start()
        self.is_ready.wait()
        if self.error is not None:
            self.join(PATIENCE)
            raise self.error

    def stop(self) -> None:
        """Stop serving; returns when the thread has ended.

        Raises TimeoutError if the application does not end.
        """
        self._background.stop()
        self.join(PATIENCE)
        if self.is_alive():
            raise TimeoutError("the server's thread did not end: the application blocks its loop")

    def run(self) -> None:
        try:
            self._background.run(self._listening)
        except BaseException as error:
            if self.is_ready.is_set():
                raise
            self.error = error
        finally:
            self.is_ready.set()

    def _listening(self, addresses: list[str]) -> None:
        self.url = addresses[0]
        self.is_ready.set()
