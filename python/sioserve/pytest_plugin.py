"""pytest fixtures: `sio_client` for Socket.IO handlers, `sio_emits` for code that emits,
`sioserve_server` for any ASGI application, `live_sioserve` for Django.

pytest loads this module in every project whose environment has sioserve installed, so it imports
almost nothing before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from sioserve import daphne_replacement

if TYPE_CHECKING:
    from sioserve.background import ServiceThread
    from sioserve.testing.emits import Emitted
    from sioserve.testing.socketio_client import SioTestClient


def pytest_load_initial_conftests() -> None:
    # Before a conftest.py imports channels.testing, and after pytest-django has set Django up.
    daphne_replacement.install()


@pytest.fixture
def sioserve_server() -> Iterator[Callable[..., ServiceThread]]:
    """sioserve_server(application, **settings): a running server in this process, stopped at the
    end of the test.

    `application` is an ASGI application or its "module:attribute"; `settings` are those of
    `_sioserve.Server`. The server has `url`, `ws_url`, `host` and `port`. Raises the error if the
    server can't start.
    """
    from sioserve.background import ServiceThread
    from sioserve.loader import load_application
    from sioserve.options import Options, TcpEndpoint

    running: list[ServiceThread] = []

    def start(application: Any, **settings: Any) -> ServiceThread:
        if isinstance(application, str):
            application = load_application(application)
        options = Options((TcpEndpoint(port=0),), settings, timeout_graceful_shutdown=2.0)
        server = ServiceThread(application, options)
        server.start_serving()
        running.append(server)
        return server

    yield start
    for server in reversed(running):
        server.stop()


@pytest.fixture
def sio_client() -> Iterator[Callable[..., SioTestClient]]:
    """sioserve.testing.sio_client; at the end of the test its server is closed."""
    from sioserve.testing import socketio_server
    from sioserve.testing.socketio_client import sio_client

    yield sio_client
    server = socketio_server.current_server()
    if server is not None:
        server.abandon()


@pytest.fixture
def sio_emits() -> Iterator[list[Emitted]]:
    """The events emitted during the test; see sioserve.testing.captured_emits."""
    from sioserve.testing.emits import captured_emits

    with captured_emits() as emits:
        yield emits


@pytest.fixture
def live_sioserve(request: pytest.FixtureRequest) -> Iterator[ServiceThread]:
    """The Django project on a live server in this process, as pytest-django's `live_server`.

    Has `url` (also `str()`), `ws_url`, `host` and `port`; the database is that of the test
    (`transactional_db`), in-memory SQLite included.
    """
    try:
        request.getfixturevalue("transactional_db")
    except pytest.FixtureLookupError:
        pytest.fail("the fixture live_sioserve needs pytest-django", pytrace=False)

    from django.test.utils import modify_settings

    from sioserve.testing.live import LiveServerTestCase

    class Server(LiveServerTestCase):
        pass

    with modify_settings(ALLOWED_HOSTS={"append": Server.host}):
        Server._start_server_thread()
        try:
            yield Server.server_thread
        finally:
            Server.doClassCleanups()
