"""Limits on connections: in total, and for one client address."""

from __future__ import annotations

import contextlib
import pathlib
import resource
import socket
import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.certificates import Authority
from support.engineio import PollingSession
from support.raw_http import ConnectionEnded, RawConnection, Response
from support.server import ServerProcess
from support.socketio_apps import APPS as SOCKETIO_APPS
from support.tls_client import TlsConnection
from support.waiting import eventually
from websockets.sync.client import connect

StartServer = Callable[..., ServerProcess]


@contextlib.contextmanager
def silent(
    server: ServerProcess, count: int, source: str = "127.0.0.1"
) -> Iterator[list[RawConnection]]:
    """Connections that have sent nothing: they count, and are not closed for new ones."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(RawConnection(server.port, source=source)) for _ in range(count)]


def answer(server: ServerProcess, source: str = "127.0.0.1", header: bytes = b"") -> Response:
    """The status for a new client, after a header of the PROXY protocol if one is given."""
    with RawConnection(server.port, source=source) as connection:
        return connection.send(header).get("/").read_response()


def eventually_served(server: ServerProcess, source: str = "127.0.0.1") -> None:
    eventually(lambda: answer(server, source).status == 200)


def lines(server: ServerProcess, start: str) -> list[str]:
    return [line for line in server.log.splitlines() if start in line]


def test_a_client_above_the_limit_gets_503(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-connections", "3")
    with silent(server, 3) as held:
        for _ in range(5):
            refused = answer(server)
            assert (refused.status, refused.header("retry-after")) == (503, "1")
            assert refused.header("connection") == "close"
            assert refused.body == b"Service Unavailable\n"
        for connection in held:
            assert connection.get("/").read_response().status == 200
    eventually_served(server)
    server.wait_for_log(r"Refusing clients with 503: 3 connections are open \(--limit-connections")
    server.wait_for_log("Refused no more: 5 clients were, with 503")
    assert len(lines(server, "Refus")) == 2


def test_refusals_are_reported_at_the_stop(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-connections", "1")
    with silent(server, 1):
        assert answer(server).status == 503
    server.stop()
    assert "Refused no more: 1 clients were" in server.log


def test_connections_are_accepted_again_after_resets(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-connections", "3")
    for _ in range(20):
        with silent(server, 3) as held:
            held[0].get("/wait", "Content-Length: 9", method="POST").send(b"part")
            held[0].close_abruptly()
            held[1].send(b"GET / HT").close_abruptly()
        eventually_served(server)
    with RawConnection(server.port) as connection:
        connection.get("/go").read_response()  # releases the waiting request


def test_an_idle_connection_is_closed_for_a_new_one(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-connections", "2")
    with RawConnection(server.port) as idle, RawConnection(server.port) as in_use:
        assert idle.get("/").read_response().status == 200
        in_use.get("/").read_response()
        in_use.send(b"GET / HTTP/1.1\r\n")  # no longer idle
        # Afterwards, the server has read these bytes.
        for _ in range(5):
            eventually_served(server)
        assert idle.is_closed()
        assert in_use.send(b"Host: a\r\n\r\n").read_response().status == 200
    assert "Refus" not in server.log


def test_many_refused_clients_that_do_not_close(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-connections", "1")
    with silent(server, 1) as held:
        with silent(server, 200) as refused:
            statuses = []
            for connection in refused:
                try:
                    statuses.append(connection.read_response().status)
                except ConnectionEnded:
                    statuses.append(0)
        assert set(statuses) <= {0, 503}
        assert 503 in statuses
        assert held[0].get("/").read_response().status == 200
    eventually_served(server)


def test_websockets_count(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-connections", "1")
    with connect(server.websocket_url, proxy=None) as websocket:
        websocket.recv()
        assert answer(server).status == 503
    eventually_served(server)


async def test_socketio_continues_at_the_limit(start_server: StartServer) -> None:
    options = ("--limit-connections", "2")
    server = start_server("native:application", *options, cwd=SOCKETIO_APPS)
    async with PollingSession(server.url) as session:
        await session.join_namespace()
        with RawConnection(server.port) as first, RawConnection(server.port) as second:
            # One of them replaces the session's idle connection: its polls need a new one, for
            # which the other is closed when it is idle.
            for connection in (first, second):
                connection.get("/socket.io/socket.io.js", method="HEAD").read_response("HEAD")
            await session.emit("echo", 1)
            assert await session.next_event() == ["echo", 1]


def test_clients_with_tls_are_closed_before_their_handshake(
    start_server: StartServer, tmp_path: pathlib.Path
) -> None:
    authority = Authority(tmp_path)
    options = ("--limit-connections", "1", *authority.issue().options)
    server = start_server("endpoints:application", *options)
    trusting = authority.client_context()
    with TlsConnection(server.port, trusting) as held:
        held.send(b"GET / HTTP/1.1\r\n")  # not idle
        with pytest.raises((ssl.SSLError, ConnectionError)):
            TlsConnection(server.port, trusting)
        assert held.send(b"Host: a\r\n\r\n").read_response().status == 200
    server.wait_for_log(r"Refusing clients .* \(those with TLS by closing the connection\): 1 conn")


def test_one_address_is_limited(start_server: StartServer) -> None:
    server = start_server("endpoints:application", "--limit-connections-per-address", "2")
    with silent(server, 2, "127.0.0.2") as held:
        for _ in range(3):
            refused = answer(server, "127.0.0.2")
            assert (refused.status, refused.header("retry-after")) == (429, "1")
        assert answer(server, "127.0.0.3").status == 200
        held[0].close_abruptly()
        eventually_served(server, "127.0.0.2")
    server.wait_for_log(
        r"with 429: 2 connections of 127\.0\.0\.2 are open \(--limit-connections-per-address; docs/"
    )
    server.wait_for_log(r"Refused no more: \d+ clients were, with 429")
    assert len(lines(server, "Refus")) == 2


def test_trusted_proxies_are_not_counted(start_server: StartServer) -> None:
    server = start_server(
        "endpoints:application",
        *("--limit-connections-per-address", "1", "--forwarded-allow-ips", "127.0.0.2"),
    )
    with silent(server, 5, "127.0.0.2"), silent(server, 1):
        assert answer(server, "127.0.0.2").status == 200
        assert answer(server).status == 429
    assert "does nothing" not in server.log


def test_clients_behind_the_proxy_protocol_are_counted(start_server: StartServer) -> None:
    server = start_server(
        "endpoints:application", "--limit-connections-per-address", "1", "--proxy-protocol"
    )
    one, other = (b"PROXY TCP4 192.0.2.%d 198.51.100.2 4660 443\r\n" % last for last in (1, 2))
    with RawConnection(server.port) as held:
        assert held.send(one).get("/").read_response().status == 200
        assert answer(server, header=one).status == 429
        assert answer(server, header=other).status == 200
        assert held.get("/").read_response().status == 200
    eventually(lambda: answer(server, header=one).status == 200)


def test_clients_of_a_unix_socket_have_no_address(
    start_server: StartServer, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "app.sock"
    server = start_server(
        "endpoints:application",
        *("--limit-connections-per-address", "1", "--forwarded-allow-ips", "10.0.0.1"),
        listen=("--unix-socket", str(path)),
    )
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            held = stack.enter_context(socket.socket(socket.AF_UNIX))
            held.connect(str(path))
        transport = httpx.HTTPTransport(uds=str(path))
        with httpx.Client(transport=transport) as client:
            assert client.get("http://localhost/").status_code == 200
    assert "Refus" not in server.log


@pytest.mark.parametrize(("hard", "connections"), [(256, 192), (1024, 922)])
def test_descriptors_limit_connections_without_an_option(
    start_server: StartServer, hard: int, connections: int
) -> None:
    """The soft limit is lower: the command raises it."""
    prefix = ("prlimit", f"--nofile=64:{hard}")
    server = start_server("endpoints:application", prefix=prefix)
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    with silent(server, connections) as held:
        assert answer(server).status == 503
        assert held[-1].get("/").read_response().status == 200
    server.wait_for_log(rf"503: {connections} connections are open, as many as .*descriptors")
