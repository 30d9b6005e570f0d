"""The header of the PROXY protocol in front of the TLS handshake."""

from __future__ import annotations

import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterable, Iterator

import pytest
from support.certificates import Authority
from support.raw_http import RawConnection
from support.raw_http2 import Http2Connection
from support.server import ServerProcess
from support.tls_client import CutTlsConnection, TlsConnection, client_hello
from websockets.asyncio.client import connect

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
ADDRESSES = struct.pack("!4s4sHH", bytes([192, 0, 2, 1]), bytes([198, 51, 100, 2]), 4660, 443)
# A type-length-value of 300 bytes (PP2_TYPE_NOOP), as load balancers add them.
TLV = struct.pack("!BH", 4, 300) + bytes(300)
HEADERS = {
    "v1": b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n",
    "v2": SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 12) + ADDRESSES,
    "v2 with TLV": SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 12 + len(TLV)) + ADDRESSES + TLV,
}
CLIENT = ["192.0.2.1", 4660]

Cut = Callable[[bytes], Iterable[bytes]]
StartServer = Callable[..., ServerProcess]


def whole(data: bytes) -> list[bytes]:
    return [data] if data else []


def single_bytes(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def parts(size: int) -> Cut:
    return lambda data: [data[i : i + size] for i in range(0, len(data), size)]


CUTS: dict[str, Cut] = {"whole": whole, "bytes": single_bytes, "parts": parts(29)}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    return authority.client_context()


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[ServerProcess]:
    options = authority.issue().options
    server = ServerProcess("endpoints:application", "--proxy-protocol", *options).start()
    yield server
    server.stop()


@pytest.fixture(params=HEADERS)
def header(request: pytest.FixtureRequest) -> bytes:
    return HEADERS[request.param]


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_header_and_handshake_in_any_parts(
    server: ServerProcess, trusting: ssl.SSLContext, header: bytes, cut: Cut
) -> None:
    with CutTlsConnection(server.port, trusting, cut, before=header) as connection:
        head, _, body = connection.get("/").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    found = json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
    assert found["client"] == CLIENT
    assert found["server"] == ["198.51.100.2", 443]
    assert found["scheme"] == "https"


def test_the_access_log_has_the_client_s_address(
    server: ServerProcess, trusting: ssl.SSLContext, header: bytes
) -> None:
    start = len(server.log)
    with TlsConnection(server.port, trusting, before=header) as connection:
        assert connection.get("/logged").read_response().status == 200
    server.wait_for_log(r'(?m)^192\.0\.2\.1:4660 - - \[[^]]+\] "GET /logged" 200 ', start)


def test_http2_with_alpn(server: ServerProcess, authority: Authority, header: bytes) -> None:
    trusting = authority.client_context()
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    with Http2Connection(server.port, before_tls=header, tls=trusting) as connection:
        assert connection.socket.selected_alpn_protocol() == "h2"
        found = [json.loads(connection.get("/").body) for _ in range(3)]
    for scope in found:
        assert (scope["client"], scope["server"]) == (CLIENT, ["198.51.100.2", 443])
        assert scope["scheme"] == "https"


async def test_a_websocket(server: ServerProcess, trusting: ssl.SSLContext, header: bytes) -> None:
    raw = socket.create_connection(("127.0.0.1", server.port))
    raw.sendall(header)
    raw.setblocking(False)
    async with connect(
        server.websocket_url, sock=raw, ssl=trusting, server_hostname="localhost", proxy=None
    ) as websocket:
        found = json.loads(await websocket.recv())
    assert (found["client"], found["scheme"]) == (CLIENT, "wss")


def test_a_health_check_of_the_proxy_itself(
    server: ServerProcess, trusting: ssl.SSLContext
) -> None:
    local = SIGNATURE + b"\x20\0\0\0"
    with TlsConnection(server.port, trusting, before=local) as connection:
        found = json.loads(connection.get("/").read_response().body)
    assert found["client"][0] == "127.0.0.1"


def test_a_failed_handshake_is_logged_with_the_client_s_address(
    server: ServerProcess, header: bytes
) -> None:
    start = len(server.log)
    with RawConnection(server.port) as connection:
        connection.send(header + b"SSH-2.0-x\r\n")
        assert connection.is_closed()
    server.wait_for_log(r"No TLS with 192\.0\.2\.1:4660: the client does not speak TLS", start)


def test_a_request_without_tls_gets_an_answer(server: ServerProcess, header: bytes) -> None:
    with RawConnection(server.port) as connection:
        response = connection.send(header).get("/").read_response()
        assert response.status == 400
        assert b"This port is for HTTPS" in response.body


GARBAGE = {
    "letters": b"GARBAGE\r\n",
    "v1 without an address": b"PROXY TCP4 192.0.2.1\r\n",
    "v1 without an end": b"PROXY TCP4 " + b"1" * 100,
    "another version": SIGNATURE + b"\x31\x11\0\x0c" + ADDRESSES,
    "an unknown command": SIGNATURE + b"\x2f\x11\0\x0c" + ADDRESSES,
    "too few addresses": SIGNATURE + b"\x21\x11\0\x04" + ADDRESSES,
    "nothing": b"",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_a_wrong_header_ends_the_connection_without_tls(
    start_server: StartServer, authority: Authority, garbage: bytes, trusting: ssl.SSLContext
) -> None:
    server = start_server("endpoints:application", "--proxy-protocol", *authority.issue().options)
    with RawConnection(server.port) as connection:
        # Not even an alert.
        assert connection.send(garbage + client_hello(trusting)).is_closed()
    server.wait_for_log(r"WARNING .*127\.0\.0\.1: (it does not begin with a|its) PROXY protocol")
    with TlsConnection(server.port, trusting, before=HEADERS["v1"]) as connection:
        assert connection.get("/").read_response().status == 200


def test_only_trusted_proxies_are_served(
    start_server: StartServer, authority: Authority, trusting: ssl.SSLContext, header: bytes
) -> None:
    server = start_server(
        "endpoints:application",
        *("--proxy-protocol", "--forwarded-allow-ips", "10.0.0.0/8"),
        *authority.issue().options,
    )
    with RawConnection(server.port) as connection:
        assert connection.send(header + client_hello(trusting)).is_closed()
    server.wait_for_log(r"127\.0\.0\.1: it is not a trusted proxy")
    assert "192.0.2.1" not in server.log


def test_each_part_has_its_timeout(
    start_server: StartServer, authority: Authority, trusting: ssl.SSLContext, header: bytes
) -> None:
    server = start_server(
        "endpoints:application",
        *("--proxy-protocol", "--timeout-headers", "1", "--timeout-tls-handshake", "1"),
        *authority.issue().options,
    )
    with RawConnection(server.port) as first, RawConnection(server.port) as second:
        first.send(header[:7])
        second.send(header + client_hello(trusting)[:50])
        assert first.is_closed()
        assert second.is_closed()
    server.wait_for_log("its PROXY protocol header takes too long")
    server.wait_for_log(r"No TLS with 192\.0\.2\.1:4660: it took too long")
