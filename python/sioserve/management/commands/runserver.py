"""`manage.py runserver`: Django's development server on sioserve.

Except for serving, it is Django's own command: address and port, checks, the reloader. With the
reloader the server runs in another thread than the main one, and is stopped by the end of the main
thread (Ctrl-C, SIGTERM, a changed file). Without the reloader it runs in the main thread, with
signal handlers.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler, StaticFilesHandler
from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.core.management.commands.runserver import Command as RunserverCommand
from django.db import connections
from django.utils import autoreload

from sioserve import __version__
from sioserve.background import BackgroundService, end_process_after
from sioserve.development_log import development_log
from sioserve.django_application import project_application
from sioserve.errors import ListenError, StartupError
from sioserve.options import Options, TcpEndpoint
from sioserve.unfinished import busy_threads

GRACE = 1.0  # seconds for requests in progress when the server stops
LAST_RESORT = 1.5  # more seconds for the application to end after its cancellation


class Command(RunserverCommand):
    help = "Starts sioserve for development: HTTP, WebSocket and Socket.IO, reloading on changes."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._service: BackgroundService | None = None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--noasgi",
            action="store_false",
            dest="use_asgi",
            default=True,
            help="Run Django's own WSGI server instead of sioserve.",
        )
        parser.add_argument(
            "--http_timeout",
            type=int,
            metavar="SECONDS",
            default=None,
            help="Time for a whole response, then 503 (default: no limit).",
        )
        parser.add_argument(
            "--websocket_handshake_timeout",
            type=int,
            metavar="SECONDS",
            default=5,
            help="Time for the application to accept a WebSocket, then 403 (default: 5).",
        )
        if apps.is_installed("django.contrib.staticfiles"):
            parser.add_argument(
                "--nostatic",
                action="store_false",
                dest="use_static_handler",
                help="Do not serve static files at STATIC_URL.",
            )
            parser.add_argument(
                "--insecure",
                action="store_true",
                dest="insecure_serving",
                help="Serve static files even if DEBUG is False.",
            )

    def run(self, **options: Any) -> None:
        status: Any = 0
        try:
            super().run(**options)
        except SystemExit as ending:
            status = ending.code
            raise
        finally:
            if self._service is not None:
                self._end(self._service, status)

    def inner_run(self, *args: Any, **options: Any) -> None:
        if not options["use_asgi"]:
            super().inner_run(*args, **options)
            return
        # An error in Django's set-up is shown here, where the reloader gets it.
        autoreload.raise_last_exception()
        if not options["skip_checks"]:
            self.stdout.write("Performing system checks...\n\n")
            self.check(**self._check_arguments(options))
        self.check_migrations()
        for connection in connections.all(initialized_only=True):
            connection.close()
        application = self.get_application(options)
        if not getattr(settings, "ASGI_APPLICATION", None):
            self.stdout.write(
                "ASGI_APPLICATION is not set: Django's own application is served, without the "
                "routing of Channels.\n"
            )
        try:
            with development_log(self.style) as log_settings:
                serving = {**self._server_settings(options), **log_settings}
                self._serve(application, serving)
        except StartupError as error:
            self.stderr.write(f"Error: {error}")
            if isinstance(error, ListenError) and options["use_reloader"]:
                os._exit(1)  # sys.exit() would end only this thread
            if not options["use_reloader"]:
                sys.exit(1)
            return  # the reloader waits for a change that fixes it
        if options.get("shutdown_message"):
            self.stdout.write(options["shutdown_message"])

    def _serve(self, application: Any, settings: dict[str, Any]) -> None:
        endpoints = (TcpEndpoint(self.addr, int(self.port)),)
        options = Options(endpoints, settings, timeout_graceful_shutdown=GRACE)
        service = self._service = BackgroundService(application, options)
        with _stopped_by_signals(service):
            service.run(self._on_listening)

    def get_application(self, options: dict[str, Any]) -> Any:
        """The ASGI application to serve: the project's, with static files if configured."""
        try:
            application = project_application()
        except StartupError as error:
            # The original exception, so that the reloader watches the file that raised it.
            raise error.__cause__ or CommandError(str(error)) from None
        return ASGIStaticFilesHandler(application) if self._serves_static(options) else application

    def get_handler(self, *args: Any, **options: Any) -> Any:
        """The same for --noasgi."""
        handler = super().get_handler(*args, **options)
        return StaticFilesHandler(handler) if self._serves_static(options) else handler

    def _serves_static(self, options: dict[str, Any]) -> bool:
        installed = apps.is_installed("django.contrib.staticfiles")
        wanted: bool = options.get("use_static_handler", installed)
        return installed and wanted and (settings.DEBUG or options.get("insecure_serving", False))

    def _check_arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        # Django 5.2 gets the checks to run from the command; its runserver returns none there,
        # because it runs the checks itself, here.
        ask = getattr(BaseCommand, "get_check_kwargs", None)
        arguments = {} if ask is None else ask(self, options)
        return {**arguments, "display_num_errors": True}

    def _server_settings(self, options: dict[str, Any]) -> dict[str, Any]:
        return {
            "root_path": settings.FORCE_SCRIPT_NAME or "",
            "application_timeout_ms": 1000 * (options["http_timeout"] or 0),
            "websocket_connect_timeout_ms": 1000 * max(options["websocket_handshake_timeout"], 0),
        }

    def _on_listening(self, addresses: list[str]) -> None:
        port = addresses[0].rpartition(":")[2]
        address = f"[{self.addr}]" if self._raw_ipv6 else self.addr
        if address == "0":
            address = "0.0.0.0"
        now = datetime.datetime.now().strftime("%B %d, %Y - %X")
        self.stdout.write(
            f"{now}\n"
            f"Django version {self.get_version()}, using settings {settings.SETTINGS_MODULE!r}\n"
            f"Starting ASGI/sioserve version {__version__} development server"
            f" at {self.protocol}://{address}:{port}/\n"
            "Quit the server with CONTROL-C."
        )
        self.stdout.flush()

    def _end(self, service: BackgroundService, status: Any) -> None:
        service.stop()
        try:
            ended = service.wait(GRACE + LAST_RESORT)
        except KeyboardInterrupt:
            ended = False
        if not ended or busy_threads():
            # A view blocks its thread, and Python would wait for it.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status if isinstance(status, int) else 1)


@contextlib.contextmanager
def _stopped_by_signals(service: BackgroundService) -> Iterator[None]:
    """In the main thread, SIGINT and SIGTERM stop the service; a second signal ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signalled = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal signalled
        if signalled:
            os._exit(128 + number)
        signalled = True
        service.stop()
        end_process_after(GRACE + LAST_RESORT, 1)

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
