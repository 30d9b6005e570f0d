"""Django's live-server tests on sioserve: ASGI, WebSockets, in a thread of the test's process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlparse

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler, StaticFilesHandler
from django.core.exceptions import SuspiciousFileOperation
from django.core.handlers.asgi import ASGIHandler
from django.test.testcases import LiveServerTestCase as DjangoLiveServerTestCase
from django.utils._os import safe_join
from django.views.static import serve

from sioserve.background import ServiceThread
from sioserve.django_application import project_application
from sioserve.options import Options, TcpEndpoint
from sioserve.testing.connections import shared_connections

GRACE = 2.0  # seconds for requests in progress when a test's server stops


class LiveServerThread(ServiceThread):
    """Django's LiveServerThread, for the attribute `server_thread_class` of its test cases.

    Serves the project's ASGI application. `static_handler` selects the source of static files, as
    in Django: staticfiles' finders for its StaticFilesHandler, otherwise STATIC_ROOT. An
    ASGIHandler is used directly, around the application.
    """

    def __init__(
        self,
        host: str,
        static_handler: type,
        connections_override: Mapping[str, Any] | None = None,
        port: int = 0,
    ) -> None:
        self.connections_override = connections_override or {}
        self._host_name = host
        application = _with_files(project_application(), static_handler)
        endpoints = (TcpEndpoint(host, port),)
        super().__init__(application, Options(endpoints, timeout_graceful_shutdown=GRACE))

    def run(self) -> None:
        with shared_connections(self.connections_override):
            super().run()

    def _listening(self, addresses: list[str]) -> None:
        # As the tests name it, and ALLOWED_HOSTS has it.
        port = addresses[0].rpartition(":")[2]
        super()._listening([f"http://{self._host_name}:{port}"])

    def terminate(self) -> None:
        """Stop serving; returns when the thread has ended."""
        self.stop()


class LiveServerMixin:
    """For subclasses of Django's LiveServerTestCase and StaticLiveServerTestCase; put it first:

    class ChatTests(LiveServerMixin, StaticLiveServerTestCase): ...
    """

    server_thread_class = LiveServerThread
    host: str
    server_thread: LiveServerThread

    @property
    def live_server_ws_url(self) -> str:
        """ "ws://localhost:8081", as ChannelsLiveServerTestCase has it."""
        return f"ws://{self.host}:{self.server_thread.port}"


class LiveServerTestCase(LiveServerMixin, DjangoLiveServerTestCase):
    """A live server with the static files of all installed applications.

    Replaces Django's StaticLiveServerTestCase and, for tests that do not need a separate process,
    ChannelsLiveServerTestCase; in-memory SQLite works.
    """

    static_handler = StaticFilesHandler


def _with_files(application: Any, static_handler: type) -> Any:
    application = _below(settings.MEDIA_URL, settings.MEDIA_ROOT, application)
    if issubclass(static_handler, ASGIHandler):
        return static_handler(application)  # type: ignore[call-arg]
    if issubclass(static_handler, StaticFilesHandler):
        return ASGIStaticFilesHandler(application)
    return _below(settings.STATIC_URL, settings.STATIC_ROOT, application)


def _below(url: str | None, root: Any, application: Any) -> Any:
    return _FilesBelow(url, str(root), application) if url and root else application


class _FilesBelow(ASGIStaticFilesHandler):
    """Serves the files that exist below `root`; everything else is the application's."""

    def __init__(self, url: str, root: str, application: Any) -> None:
        self._url = url
        self._root = root
        super().__init__(application)

    def get_base_url(self) -> str:
        return self._url

    def serve(self, request: Any) -> Any:
        return serve(request, self._relative(request.path), document_root=self._root)

    def _should_handle(self, path: str) -> bool:
        base = urlparse(self._url)
        if base.netloc or not path.startswith(base.path):
            return False
        try:
            return os.path.isfile(safe_join(self._root, self._relative(path)))
        except (SuspiciousFileOperation, ValueError):
            return False

    def _relative(self, path: str) -> str:
        return self.file_path(path).lstrip("/")
