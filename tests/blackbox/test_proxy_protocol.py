"""The PROXY protocol for HTTP, WebSockets and Socket.IO, with raw bytes."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Iterator

import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess
from websockets.asyncio.client import connect

HEADERS = {
    "v1": b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n",
    "v2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11"
    + struct.pack("!H4s4sHH", 12, bytes([192, 0, 2, 1]), bytes([198, 51, 100, 2]), 4660, 443),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess("endpoints:application", "--proxy-protocol").start()
    yield server
    server.stop()


@pytest.fixture(params=HEADERS)
def header(request: pytest.FixtureRequest) -> bytes:
    return HEADERS[request.param]


def test_requests_of_a_connection_have_the_client_s_address(
    server: ServerProcess, header: bytes
) -> None:
    with RawConnection(server.port) as connection:
        connection.send(header)
        for _ in range(2):
            found = json.loads(connection.get("/").read_response().body)
            assert found["client"] == ["192.0.2.1", 4660]
            assert found["server"] == ["198.51.100.2", 443]


def test_byte_by_byte_and_in_one_part(server: ServerProcess, header: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with RawConnection(server.port) as connection:
        for byte in header + request:
            connection.send(bytes([byte]))
        assert json.loads(connection.read_response().body)["client"][0] == "192.0.2.1"
    with RawConnection(server.port) as connection:
        connection.send(header + request)
        assert json.loads(connection.read_response().body)["client"][0] == "192.0.2.1"


async def test_a_websocket(server: ServerProcess, header: bytes) -> None:
    raw = socket.create_connection(("127.0.0.1", server.port))
    raw.sendall(header)
    raw.setblocking(False)
    async with connect(server.websocket_url, sock=raw, proxy=None) as websocket:
        assert json.loads(await websocket.recv())["client"] == ["192.0.2.1", 4660]


def test_a_health_check_of_the_proxy_itself(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.send(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")
        assert json.loads(connection.get("/").read_response().body)["client"][0] == "127.0.0.1"


def test_a_connection_without_the_header_is_closed(server: ServerProcess) -> None:
    start = len(server.log)
    with RawConnection(server.port) as connection:
        assert connection.get("/").is_closed()
    server.wait_for_log(
        "127.0.0.1: it does not begin with a PROXY protocol header "
        r"\(--proxy-protocol; docs/deployment\.md#haproxy-and-other-tcp-proxies\)",
        start,
    )


def test_only_trusted_proxies_are_served(start_server: Callable[..., ServerProcess]) -> None:
    options = ("--proxy-protocol", "--forwarded-allow-ips", "10.0.0.0/8")
    server = start_server("endpoints:application", *options)
    with RawConnection(server.port) as connection:
        assert connection.send(HEADERS["v1"]).get("/").is_closed()
    server.wait_for_log("127.0.0.1: it is not a trusted proxy")


def test_an_incomplete_header_times_out(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("endpoints:application", "--proxy-protocol", "--timeout-headers", "1")
    with RawConnection(server.port) as connection:
        assert connection.send(b"PROXY TCP4 ").is_closed()
    server.wait_for_log("takes too long")
