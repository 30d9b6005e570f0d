"""Servers that the Socket.IO tests share, and Node with the official client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.node_clients import NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS


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
    """The same with a limit of 1,000 bytes for what clients send."""
    yield from serve_with(SIO_ENGINEIO_MAX_PAYLOAD_BYTES=1000)


@pytest.fixture(scope="session")
def node() -> Iterator[NodeClients]:
    clients = NodeClients()
    yield clients
    clients.close()


def serve_with(**settings: Any) -> Iterator[ServerProcess]:
    env = {"SIO_SETTINGS": json.dumps(settings)}
    server = ServerProcess("configured:application", cwd=APPS, env=env).start()
    yield server
    server.stop()
