"""Limits on concurrent requests, and on the number of requests until the server stops."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator

import pytest
from hyperframe.frame import HeadersFrame, SettingsFrame
from support.engineio import PollingSession, waiting_poll
from support.raw_http import ConnectionEnded, RawConnection
from support.raw_http2 import Http2Connection
from support.server import ServerProcess
from support.socketio_apps import APPS as SOCKETIO_APPS
from support.waiting import eventually
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

StartServer = Callable[..., ServerProcess]


def status(server: ServerProcess, target: str = "/") -> int:
    with RawConnection(server.port) as connection:
        return connection.get(target).read_response().status


def at_the_limit(server: ServerProcess) -> bool:
    return status(server) == 503


# --- concurrent requests ---


def test_requests_above_the_limit_are_refused(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-concurrency", "2")
    with RawConnection(server.port) as first, RawConnection(server.port) as second:
        first.get("/wait")
        second.get("/wait")
        eventually(lambda: at_the_limit(server))
        with RawConnection(server.port) as other:
            for method, body in (("GET", b""), ("POST", b"hello"), ("HEAD", b"")):
                other.get("/", f"Content-Length: {len(body)}", method=method).send(body)
                refused = other.read_response(method)
                assert (refused.status, refused.header("retry-after")) == (503, "1")
                assert refused.header("connection") is None
            first.close_abruptly()
            eventually(lambda: other.get("/go").read_response().status == 200)
        assert second.read_response().status == 200
    server.wait_for_log(
        r"with 503: 2 requests and WebSockets are under way \(--limit-concurrency; docs/limits\.md"
    )
    server.wait_for_log(r"Refused no more: \d+ requests were, with 503")
    assert server.log.count("Refus") == 2


def test_idle_connections_are_not_counted(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-concurrency", "1")
    connections = [RawConnection(server.port) for _ in range(20)]
    for _ in range(3):
        for connection in connections:
            assert connection.get("/").read_response().status == 200
    for connection in connections:
        connection.socket.close()


def test_websockets_are_counted_until_they_close(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-concurrency", "1")
    with connect(server.websocket_url, proxy=None) as websocket:
        websocket.recv()
        assert status(server) == 503
        with pytest.raises(InvalidStatus) as refused:
            connect(server.websocket_url, proxy=None)
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["retry-after"] == "1"
    eventually(lambda: not at_the_limit(server))


@contextlib.contextmanager
def slow_reader(server: ServerProcess, protocol: str, target: str) -> Iterator[None]:
    """A client that takes nothing of the body of its response."""
    if protocol == "HTTP/1.1":
        with RawConnection(server.port, receive_buffer=4096) as connection:
            connection.get(target).socket.recv(1)
            yield
    else:
        settings = {SettingsFrame.INITIAL_WINDOW_SIZE: 0}
        with Http2Connection(server.port, settings=settings) as http2:
            http2.read_until(HeadersFrame, http2.request("GET", target))
            yield


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_a_request_counts_until_the_application_has_answered_it(
    start_server: StartServer, protocol: str
) -> None:
    """A client that reads slowly keeps others out only while the application streams to it."""
    server = start_server("plain:application", "--limit-concurrency", "1", "--http2-cleartext")
    with slow_reader(server, protocol, "/large?bytes=8000000"):
        eventually(lambda: status(server, "/hello") == 200)
        for _ in range(20):
            assert status(server, "/hello") == 200
    with slow_reader(server, protocol, "/download?bytes=20000000&key=slow"):
        eventually(lambda: status(server, "/hello") == 503)
        for _ in range(20):
            assert status(server, "/hello") == 503
    eventually(lambda: status(server, "/hello") == 200)


async def test_socketio_sessions_continue_at_the_limit(start_server: StartServer) -> None:
    server = start_server("native:application", "--limit-concurrency", "1", cwd=SOCKETIO_APPS)
    target = "/socket.io/?EIO=4&transport=polling"
    async with PollingSession(server.url) as session:
        await session.join_namespace()
        poll = await waiting_poll(session)
        # The poll is not counted.
        async with PollingSession(server.url) as other:
            await other.join_namespace()
        probe = await session.probe()  # a WebSocket, which is counted
        assert status(server, target) == 503
        await session.emit("echo", 1)
        assert b'42["echo",1]' in poll.read_response().body
        await probe.close()


# --- max requests ---


def test_the_server_stops_after_max_requests(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-max-requests", "5")
    with RawConnection(server.port) as busy, RawConnection(server.port) as connection:
        busy.get("/wait")
        for _ in range(4):
            assert connection.get("/").read_response().status == 200
        assert server.process.poll() is None
        assert connection.get("/go").read_response().status == 200
        assert busy.read_response().status == 200
    assert server.wait() == 0
    assert server.log.count("Stopping: --limit-max-requests is reached") == 1


def test_the_stop_has_the_same_timeout_as_after_a_signal(start_server: StartServer) -> None:
    server = start_server(
        "endpoints:application",
        *("--limit-max-requests", "1", "--timeout-graceful-shutdown", "1"),
    )
    with RawConnection(server.port) as busy:
        busy.get("/wait")
        assert status(server) == 200
        assert server.wait() == 0
    assert "GET /wait" in server.log  # named as a cancelled request


async def test_polling_requests_are_not_counted(start_server: StartServer) -> None:
    server = start_server("native:application", "--limit-max-requests", "2", cwd=SOCKETIO_APPS)
    async with PollingSession(server.url) as session:  # the handshake is counted
        await session.join_namespace()
        for number in range(10):
            await session.emit("echo", number)
            assert await session.next_event() == ["echo", number]
        assert server.process.poll() is None
        assert status(server, "/other") == 200
    assert server.wait() == 0


def test_the_jitter_adds_a_random_number_of_requests(start_server: StartServer) -> None:
    jitter = random.randint(1, 5)
    print("jitter:", jitter)
    server = start_server(
        "endpoints:application",
        *("--limit-max-requests", "3", "--limit-max-requests-jitter", str(jitter)),
    )
    answered = 0
    with RawConnection(server.port) as connection, contextlib.suppress(ConnectionEnded, OSError):
        while connection.get("/").read_response().status == 200:
            answered += 1
    assert server.wait() == 0
    assert answered >= 3
