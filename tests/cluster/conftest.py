"""Redis servers for the tests of clusters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.redis_server import RedisServer


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Runs for the whole module."""
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """For one test, which may kill it and start it again."""
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    if server.process.poll() is None:
        server.stop()
