"""`client` and `server` of scopes, as ASGI wants them: a host as text with a port as an integer, or
[path, None] for a Unix socket; over all versions of HTTP, with and without TLS, behind proxies.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from support.certificates import Authority
from support.http2_websocket import Http2WebSocket
from support.raw_http2 import Http2Connection
from support.server import ServerProcess
from websockets.asyncio.client import connect

IPV4, IPV6 = ("192.0.2.1", "198.51.100.2"), ("2001:db8::1", "2001:db8::2")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy_v2(family: int, addresses: tuple[str, str]) -> bytes:
    kind = {socket.AF_INET: 0x11, socket.AF_INET6: 0x21}[socket.AddressFamily(family)]
    packed = b"".join(socket.inet_pton(family, address) for address in addresses)
    body = packed + struct.pack("!HH", 4660, 443)
    return SIGNATURE + struct.pack("!BBH", 0x21, kind, len(body)) + body


PROXY_HEADERS = {
    "v1": (b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n", IPV4),
    "v1 IPv6": (b"PROXY TCP6 2001:db8::1 2001:db8::2 4660 443\r\n", IPV6),
    "v2": (proxy_v2(socket.AF_INET, IPV4), IPV4),
    "v2 IPv6": (proxy_v2(socket.AF_INET6, IPV6), IPV6),
}


class Told(NamedTuple):
    """What a scope had, and what the client's own socket had."""

    scope: dict[str, Any]
    own: Any

    def check(self, *, client: Any, server: Any) -> None:
        # As JSON, because 80.0 == 80 in Python.
        assert json.dumps(self.scope["client"]) == json.dumps(client)
        assert json.dumps(self.scope["server"]) == json.dumps(server)


# To the port or path, with a context if there is TLS, behind these bytes, with these headers.
Ask = Callable[[int | str, ssl.SSLContext | None, bytes, dict[str, str]], Told]


def prepared(address: int | str, before: bytes) -> socket.socket:
    """A socket that has sent these bytes."""
    made = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    made.settimeout(30)
    made.connect(address if isinstance(address, str) else ("127.0.0.1", address))
    made.sendall(before)
    return made


def http1(
    address: int | str, tls: ssl.SSLContext | None, before: bytes, headers: dict[str, str]
) -> Told:
    raw = prepared(address, before)
    own = raw.getsockname()
    stream = tls.wrap_socket(raw, server_hostname="localhost") if tls else raw
    lines = ["GET / HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with stream:
        stream.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b"".join(iter(lambda: stream.recv(65536), b""))
    return Told(json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1]), own)


def websocket(
    address: int | str, tls: ssl.SSLContext | None, before: bytes, headers: dict[str, str]
) -> Told:
    raw = prepared(address, before)
    own = raw.getsockname()
    url = f"{'wss' if tls else 'ws'}://localhost/"

    # Not with websockets.sync, which uses an SSL socket on two threads.
    async def told() -> Told:
        async with connect(
            url, sock=raw, ssl=tls, additional_headers=headers, proxy=None
        ) as opened:
            return Told(json.loads(await opened.recv()), own)

    return asyncio.run(told())


def http2(
    address: int | str, tls: ssl.SSLContext | None, before: bytes, headers: dict[str, str]
) -> Told:
    with over_http2(address, tls, before) as connection:
        fields = [(name.lower(), value) for name, value in headers.items()]
        answer = connection.get("/", headers=fields)
        return Told(json.loads(answer.body), connection.socket.getsockname())


def http2_websocket(
    address: int | str, tls: ssl.SSLContext | None, before: bytes, headers: dict[str, str]
) -> Told:
    with over_http2(address, tls, before) as connection:
        connection.settle()
        fields = [(name.lower(), value) for name, value in headers.items()]
        opened = Http2WebSocket(connection, "/", fields)
        return Told(json.loads(opened.read_text()), connection.socket.getsockname())


def over_http2(address: int | str, tls: ssl.SSLContext | None, before: bytes) -> Http2Connection:
    if tls:
        tls.set_alpn_protocols(["h2"])
    return Http2Connection(address, tls=tls, before_tls=before)


WAYS: dict[str, Ask] = {
    "HTTP/1.1": http1,
    "WebSocket": websocket,
    "HTTP/2": http2,
    "WebSocket over HTTP/2": http2_websocket,
}


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest) -> Ask:
    return WAYS[request.param]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=["cleartext", "TLS"])
def has_tls(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "TLS")


@pytest.fixture
def tls(authority: Authority, has_tls: bool) -> ssl.SSLContext | None:
    """A new one, in which a client may set its protocols."""
    return authority.client_context() if has_tls else None


def running(
    authority: Authority, has_tls: bool, *arguments: str, **options: Any
) -> Iterator[ServerProcess]:
    over = authority.issue().options if has_tls else ("--http2-cleartext",)
    server = ServerProcess("endpoints:application", *over, *arguments, **options).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(authority: Authority, has_tls: bool) -> Iterator[ServerProcess]:
    yield from running(authority, has_tls, "--proxy-headers")


@pytest.fixture(scope="module")
def behind_proxy_protocol(authority: Authority, has_tls: bool) -> Iterator[ServerProcess]:
    yield from running(authority, has_tls, "--proxy-protocol")


@pytest.fixture(scope="module")
def unix_path(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Unix sockets have no TLS."""
    path = str(tmp_path_factory.mktemp("unix") / "app.sock")
    for _ in running(authority, False, listen=["-u", path]):
        yield path


def test_a_connection_over_tcp(server: ServerProcess, tls: ssl.SSLContext | None, ask: Ask) -> None:
    told = ask(server.port, tls, b"", {})
    told.check(client=list(told.own), server=["127.0.0.1", server.port])


def test_a_unix_socket(unix_path: str, ask: Ask) -> None:
    ask(unix_path, None, b"", {}).check(client=None, server=[unix_path, None])


@pytest.mark.parametrize("header", PROXY_HEADERS.values(), ids=PROXY_HEADERS)
def test_a_proxy_header(
    behind_proxy_protocol: ServerProcess,
    tls: ssl.SSLContext | None,
    ask: Ask,
    header: tuple[bytes, tuple[str, str]],
) -> None:
    data, (client, server) = header
    told = ask(behind_proxy_protocol.port, tls, data, {})
    told.check(client=[client, 4660], server=[server, 443])


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\0\0\0"])
def test_a_proxy_header_without_addresses(
    behind_proxy_protocol: ServerProcess, tls: ssl.SSLContext | None, ask: Ask, header: bytes
) -> None:
    """The proxy's own connection, such as a health check."""
    port = behind_proxy_protocol.port
    told = ask(port, tls, header, {})
    told.check(client=list(told.own), server=["127.0.0.1", port])


@pytest.mark.parametrize(
    ("headers", "client", "served"),
    [
        (
            {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "example.org:8443"},
            ["192.0.2.1", 0],
            ["example.org", 8443],
        ),
        (
            {
                "X-Forwarded-For": "192.0.2.1:5",
                "X-Forwarded-Host": "example.org",
                "X-Forwarded-Port": "444",
            },
            ["192.0.2.1", 5],
            ["example.org", 444],
        ),
        (
            {"Forwarded": 'for="[2001:db8::1]:5";host="example.org:81"'},
            ["2001:db8::1", 5],
            ["example.org", 81],
        ),
    ],
)
def test_headers_of_a_proxy(
    server: ServerProcess,
    tls: ssl.SSLContext | None,
    ask: Ask,
    headers: dict[str, str],
    client: list[object],
    served: list[object],
) -> None:
    ask(server.port, tls, b"", headers).check(client=client, server=served)
