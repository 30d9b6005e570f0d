"""A server in a separate process: the ProtocolServerProcess of ChannelsLiveServerTestCase.

The process may be started by any of multiprocessing's methods. With "fork" the child inherits the
test's modules and does not use objects of the parent's threads; with "spawn" and "forkserver" it
sets up Django before objects of the project are unpickled.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.reduction import ForkingPickler
from typing import Any

from asgiref.sync import SyncToAsync

from sioserve.background import BackgroundService, end_process_after
from sioserve.django.installation import use_own_handler
from sioserve.options import Options, TcpEndpoint
from sioserve.unfinished import busy_threads

GRACE = 1.0  # seconds for requests in progress when the process is terminated
LAST_RESORT = 2.0  # more seconds, then the process is ended
GLANCE = 0.05  # seconds between two checks whether the process still runs


class ServerProcess(multiprocessing.Process):
    """Serves what `get_application()` returns; call start(), `ready.wait()`, ..., terminate().

    `setup` and `teardown` are called in the process, before and after the serving. `kwargs` are
    settings of `_sioserve.Server`. With "spawn" all of them must be picklable.

    Attributes:
        port: a multiprocessing.Value; the port listened on, once ready.
        ready: has `wait(timeout=None)` and `is_set()`. wait() without a timeout raises RuntimeError
            when the process ends instead; with one it returns False then.
        errors: a multiprocessing.Queue with (exception, traceback as text) of what went wrong.
    """

    def __init__(
        self,
        host: str,
        get_application: Callable[[], Any],
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], None] | None = None,
        teardown: Callable[[], None] | None = None,
        port: int | None = None,
    ) -> None:
        super().__init__()
        self.host = host
        self.get_application = get_application
        self.kwargs = dict(kwargs or {})
        self.setup = setup
        self.teardown = teardown
        self.port = multiprocessing.Value("i", port or 0)
        self.errors: multiprocessing.Queue[tuple[BaseException, str]] = multiprocessing.Queue()
        self._is_ready = multiprocessing.Event()
        self._databases: dict[str, Any] = {}

    @property
    def ready(self) -> Ready:
        return Ready(self._is_ready, self)

    def start(self) -> None:
        self._databases = _database_names()
        super().start()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # A forked child has the executor, but not its thread.
        SyncToAsync.single_thread_executor = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        try:
            use_own_handler()
            application = self.get_application()
            if self.setup is not None:
                self.setup()
            _use_databases(self._databases)
            try:
                self._serve(application)
            finally:
                if self.teardown is not None:
                    self.teardown()
        except BaseException as error:
            self._tell(error)
            sys.exit(1)
        if busy_threads():
            # A view may block its thread; the parent would wait for it.
            os._exit(0)

    def _serve(self, application: Any) -> None:
        endpoints = (TcpEndpoint(self.host, self.port.value),)
        options = Options(endpoints, self.kwargs, timeout_graceful_shutdown=GRACE)
        service = BackgroundService(application, options)

        def stop(*_: object) -> None:
            service.stop()
            end_process_after(GRACE + LAST_RESORT, 1)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        service.run(self._on_listening)

    def _on_listening(self, addresses: list[str]) -> None:
        self.port.value = int(addresses[0].rpartition(":")[2])
        self._is_ready.set()

    def _tell(self, error: BaseException) -> None:
        text = traceback.format_exc()
        print(text, file=sys.stderr, flush=True)
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            error = RuntimeError(f"{type(error).__name__}: {error}")
        self.errors.put((error, text))

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (type(self), _uses_django(), bytes(ForkingPickler.dumps(self.__dict__)))


class Ready:
    """Whether a ServerProcess accepts connections; like multiprocessing's Event."""

    def __init__(self, event: Any, process: ServerProcess) -> None:
        self._event = event
        self._process = process

    def is_set(self) -> bool:
        return bool(self._event.is_set())

    def wait(self, timeout: float | None = None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._event.wait(GLANCE):
            if not self._process.is_alive():
                if timeout is None:
                    raise RuntimeError("the server did not start; its traceback is on stderr")
                return False
            if deadline is not None and time.monotonic() > deadline:
                return False
        return True


def _uses_django() -> bool:
    conf = sys.modules.get("django.conf")
    return conf is not None and conf.settings.configured


def _database_names() -> dict[str, Any]:
    if not _uses_django():
        return {}
    from django.db import connections

    return {alias: connections[alias].settings_dict["NAME"] for alias in connections}


def _use_databases(names: Mapping[str, Any]) -> None:
    """Use the test's databases instead of the project's own.

    After `setup`: Channels' `setup` also looks for the test's name, but takes "test_x" for "x".
    """
    if not names:
        return
    from django.db import connections

    for alias, name in names.items():
        connections[alias].settings_dict["NAME"] = name
        connections.settings[alias]["NAME"] = name


def _unpickled(cls: type[ServerProcess], uses_django: bool, state: bytes) -> ServerProcess:
    # Unpickling this function has imported sioserve.testing, and so installed the replacement of
    # daphne.testing, which the test's modules import.
    if uses_django and "DJANGO_SETTINGS_MODULE" in os.environ:
        import django

        django.setup()
    process = cls.__new__(cls)
    process.__dict__.update(ForkingPickler.loads(state))
    return process
