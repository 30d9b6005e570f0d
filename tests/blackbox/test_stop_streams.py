"""Which requests the stop of the server waits for, and which it does not."""

from __future__ import annotations

import signal
import time

import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess

AT_ONCE = 5  # seconds: half of the timeout for requests in flight


def test_server_sent_events_end_gracefully_and_immediately(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("streaming:application")
    with RawConnection(server.port) as connection:
        connection.get("/events")
        server.wait_for_log("stream began")
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        # Read to the last chunk: for the client it is a complete response.
        assert connection.read_response().body == b"data: 1\n\n"
        assert connection.is_closed()
        assert server.wait() == 0
    assert time.monotonic() - started < AT_ONCE
    assert "stream ended: http.disconnect" in server.log
    assert "lifespan: shutdown" in server.log
    assert "Cancelled" not in server.log


def test_server_sent_events_that_begin_while_it_stops_end_too(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("streaming:application")
    with RawConnection(server.port) as connection, RawConnection(server.port) as witness:
        witness.get("/events")
        connection.get("/late")
        server.wait_for_log("stream began")
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        response = connection.read_response()
        assert (response.status, response.body) == (200, b"data: 1\n\n")
        assert server.wait() == 0
    assert time.monotonic() - started < AT_ONCE


def test_any_other_response_is_finished(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("streaming:application")
    with RawConnection(server.port) as connection, RawConnection(server.port) as witness:
        witness.get("/events")
        connection.get("/answer")
        server.wait_for_log("stream began")
        while not connection.buffer:
            assert connection.receive_more()
        server.process.send_signal(signal.SIGTERM)
        assert connection.read_response().body == b"data: 1\n\nwhole"
        assert server.wait() == 0


def test_a_long_poll_can_wait_for_the_stop_event(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("streaming:application")
    with RawConnection(server.port) as connection:
        connection.get("/poll")
        server.wait_for_log("poll began")
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert connection.read_response().status == 204
        assert server.wait() == 0
    assert time.monotonic() - started < AT_ONCE


@pytest.mark.parametrize("part", [b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_an_incomplete_request_does_not_delay_the_stop(start_server, part: bytes) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("plain:application")
    with RawConnection(server.port) as connection, RawConnection(server.port) as witness:
        connection.send(part)
        witness.get("/hello").read_response()
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < AT_ONCE


def test_a_head_that_is_completed_while_it_stops_is_answered(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("plain:application")
    with RawConnection(server.port) as connection, RawConnection(server.port) as witness:
        connection.send(b"GET /hello HTTP/1.1\r\nHost: x\r\n")
        witness.get("/hello").read_response()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("Stopping; a second")
        connection.send(b"\r\n")
        response = connection.read_response()
        assert response.status == 200
        assert response.header("connection") == "close"
        assert server.wait() == 0
