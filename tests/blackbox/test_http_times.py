"""The application's timeout, through the command line; more in tests/bridge/test_http_limits.py."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from support.raw_http import ConnectionEnded, RawConnection
from support.server import ServerProcess
from support.waiting import eventually


@pytest.fixture
def server(start_server) -> ServerProcess:  # type: ignore[no-untyped-def]
    return start_server("plain:application", "-t", "0.5")


def test_an_application_timeout_gives_503_and_cancels_the_task(server: ServerProcess) -> None:
    before = int(httpx.get(server.url + "/tasks").text)
    with RawConnection(server.port) as connection:
        connection.get("/stream?parts=0&gate=never")
        response = connection.read_response()
        assert (response.status, response.header("connection")) == (503, "close")
        assert connection.is_closed()
    eventually(lambda: int(httpx.get(server.url + "/tasks").text) <= before)
    lines = re.findall(r".*the application took too long.*", server.log)
    assert len(lines) == 1
    assert "(GET /stream) with 503" in lines[0]


def test_a_response_that_started_is_cut_after_the_timeout(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.get("/stream?parts=1&gate=never")
        with pytest.raises(ConnectionEnded):
            connection.read_response()
    server.wait_for_log(r"Cut the response to .* \(GET /stream\): the application took too long")


def test_a_view_that_blocks_the_loop_gets_503_in_time(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        begin = time.monotonic()
        connection.get("/block?seconds=5")
        assert connection.read_response().status == 503
        assert time.monotonic() - begin < 5
