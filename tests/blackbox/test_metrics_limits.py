"""The counters of timeouts and limits of connections, each reached once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hyperframe.frame import SettingsFrame
from support.metrics import ADDRESS, scrape
from support.raw_http import RawConnection
from support.raw_http2 import CANCEL, Http2Connection
from support.server import ServerProcess
from support.waiting import eventually

Start = Callable[..., ServerProcess]

NAME = "sioserve_limit_reached_total"
NOTHING = b""
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
WEBSOCKET = (
    b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize(
    ("limit", "option", "sent"),
    [
        ("first_byte_timeouts", "--timeout-first-byte=0.3", NOTHING),
        ("header_timeouts", "--timeout-headers=0.3", b"GET /hello HTTP/1.1\r\nHo"),
        (
            "body_timeouts",
            "--timeout-body=0.3",
            b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
        ),
        ("keep_alive_timeouts", "--timeout-keep-alive=0.3", GET),
        ("application_timeouts", "--http-timeout=0.3", GET.replace(b"hello", b"stay")),
        ("connections_used_up", "--limit-requests-per-connection=1", GET),
    ],
)
def test_of_http(start_server: Start, limit: str, option: str, sent: bytes) -> None:
    server = start_server("plain:application", option, *ADDRESS)
    assert scrape(server).value(NAME, limit=limit) == 0
    with RawConnection(server.port) as connection:
        connection.send(sent)
        connection.read_to_end()
        assert scrape(server).value(NAME, limit=limit) == 1


@pytest.mark.parametrize(
    ("limit", "option", "step"),
    [
        ("first_byte_timeouts", "--timeout-first-byte=0.3", None),
        ("keep_alive_timeouts", "--timeout-keep-alive=0.3", "/hello"),
        ("connections_used_up", "--limit-requests-per-connection=1", "/hello"),
        ("application_timeouts", "--http-timeout=0.3", "/stay"),
    ],
)
def test_of_http2(start_server: Start, limit: str, option: str, step: str | None) -> None:
    server = start_server("plain:application", "--http2-cleartext", option, *ADDRESS)
    with Http2Connection(server.port) as connection:
        if step:
            connection.get(step)
        eventually(lambda: scrape(server).value(NAME, limit=limit) == 1)


def test_of_a_client_that_takes_nothing(start_server: Start) -> None:
    options = ("--http2-cleartext", "--timeout-send=0.3", *ADDRESS)
    server = start_server("plain:application", *options)
    window = {SettingsFrame.INITIAL_WINDOW_SIZE: 0}
    with Http2Connection(server.port, settings=window) as connection:
        stream = connection.request("GET", "/hello")
        assert connection.read_reset(stream) == CANCEL
        assert scrape(server).value(NAME, limit="send_timeouts") == 1


def test_of_a_websocket_that_does_not_answer(start_server: Start) -> None:
    options = ("--ping-interval=0.2", "--ping-timeout=0.3", *ADDRESS)
    server = start_server("plain:application", *options)
    with RawConnection(server.port) as connection:
        connection.send(WEBSOCKET)
        assert connection.read_response().status == 101
        connection.read_to_end()
        assert scrape(server).value(NAME, limit="websocket_ping_timeouts") == 1


@pytest.mark.parametrize("options", [(), ("--workers", "1")])
def test_of_requests_that_wait_for_python(start_server: Start, options: tuple[str, ...]) -> None:
    # With --workers the socket between the processes takes some hundred kilobytes before.
    limits = ("--limit-events=20", "--limit-event-bytes=500000")
    server = start_server("plain:application", *limits, *options, *ADDRESS)
    line = r"Clients had to wait: too many requests .* \(--limit-events, --limit-event-bytes\)"
    with contextlib.ExitStack() as stack:
        blocked = stack.enter_context(RawConnection(server.port)).get("/block?seconds=3")
        eventually(blocked.has_been_read)
        padding = "X: " + "x" * 20_000
        others = [
            stack.enter_context(RawConnection(server.port)).get("/hello", padding)
            for _ in range(60)
        ]
        for connection in others:
            assert connection.read_response().status == 200
    assert (scrape(server).value(NAME, limit="event_queues_full") or 0) >= 1
    server.wait_for_log(line)
