"""Servers that the Socket.IO tests share, Node with the official client, and the observations of
plain.py.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.node_clients import NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually

keys = (f"key-{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def socketio_server() -> Iterator[ServerProcess]:
    """socketio_apps/native.py with default settings."""
    server = ServerProcess("native:application", cwd=APPS).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def fast_ping_server() -> Iterator[ServerProcess]:
    """The same with a ping interval and timeout of one second."""
    yield from serve_with(SIO_ENGINEIO_PING_INTERVAL_MS=1000, SIO_ENGINEIO_PING_TIMEOUT_MS=1000)


@pytest.fixture(scope="session")
def small_payload_server() -> Iterator[ServerProcess]:
    """The same with a limit of 1,000 bytes for messages of clients."""
    yield from serve_with(SIO_ENGINEIO_MAX_PAYLOAD_BYTES=1000)


@pytest.fixture(scope="session")
def node() -> Iterator[NodeClients]:
    clients = NodeClients()
    yield clients
    clients.close()


@pytest.fixture
def key() -> str:
    """The name of this test's observations in apps/plain.py."""
    return next(keys)


@pytest.fixture
def seen(plain_server: ServerProcess, key: str) -> Callable[[str], Any]:
    """seen(name): waits for an observation of the application under this test's key."""

    def wait(name: str) -> Any:
        def probe() -> dict[str, Any] | None:
            answer = httpx.get(f"{plain_server.url}/seen?key={key}").json()
            return answer if name in answer else None

        return eventually(probe)[name]

    return wait


def serve_with(**settings: Any) -> Iterator[ServerProcess]:
    env = {"SIO_SETTINGS": json.dumps(settings)}
    server = ServerProcess("configured:application", cwd=APPS, env=env).start()
    yield server
    server.stop()
