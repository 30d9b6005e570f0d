"""HTTP/2 over TLS: the choice with ALPN, requests, files and WebSockets."""

from __future__ import annotations

import json
import pathlib
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.certificates import Authority
from support.http2_websocket import Http2WebSocket
from support.raw_http2 import Http2Connection
from support.server import ServerProcess
from support.tls_client import TlsConnection

FILE = bytes(range(256)) * 20_000  # 5 MB


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "large.bin").write_bytes(FILE)
    return folder


@pytest.fixture(scope="module")
def server(authority: Authority, files: pathlib.Path) -> Iterator[ServerProcess]:
    options = authority.issue().options
    server = ServerProcess("plain:application", *options, "--static", f"/static/={files}").start()
    yield server
    server.stop()


def context(authority: Authority, *protocols: str) -> ssl.SSLContext:
    context = authority.client_context()
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@pytest.fixture
def connection(server: ServerProcess, authority: Authority) -> Iterator[Http2Connection]:
    with Http2Connection(server.port, tls=context(authority, "h2")) as connection:
        yield connection


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (("h2", "http/1.1"), "h2"),
        (("http/1.1", "h2"), "h2"),
        (("h2",), "h2"),
        (("http/1.1",), "http/1.1"),
        (("http/1.0", "http/1.1"), "http/1.1"),
        ((), None),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_http2_is_preferred(
    server: ServerProcess,
    authority: Authority,
    offered: tuple[str, ...],
    chosen: str | None,
    version: ssl.TLSVersion,
) -> None:
    client = context(authority, *offered)
    client.minimum_version = client.maximum_version = version
    with TlsConnection(server.port, client) as connection:
        assert connection.socket.selected_alpn_protocol() == chosen


def test_a_client_without_a_common_protocol_is_refused(
    server: ServerProcess, authority: Authority
) -> None:
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        TlsConnection(server.port, context(authority, "h3"))


def test_no_http2_leaves_http1(
    start_server: Callable[..., ServerProcess], authority: Authority
) -> None:
    server = start_server("plain:application", "--no-http2", *authority.issue().options)
    with TlsConnection(server.port, context(authority, "h2", "http/1.1")) as connection:
        assert connection.socket.selected_alpn_protocol() == "http/1.1"
        assert connection.get("/hello").read_response().body == b"hello"


def test_the_scope_is_that_of_https(connection: Http2Connection) -> None:
    scope = json.loads(connection.get("/scope").body)
    assert scope["http_version"] == "2"
    assert scope["scheme"] == "https"
    assert scope["extensions"]["tls"]["tls_version"] == 0x0304


def test_a_file_is_sent_completely(connection: Http2Connection) -> None:
    assert connection.get("/static/large.bin").body == FILE


def test_an_upload_arrives(server: ServerProcess, authority: Authority) -> None:
    with httpx.Client(http2=True, verify=authority.client_context()) as client:
        body = FILE * 4  # more than the window of the connection
        response = client.post(f"{server.url}/echo", content=body, timeout=60)
        assert response.http_version == "HTTP/2"
        assert response.content == body


def test_a_websocket_shares_the_connection_with_requests(connection: Http2Connection) -> None:
    websocket = Http2WebSocket(connection, "/echo")
    assert websocket.response.status == 200
    websocket.send_text("hello")
    assert websocket.read_text() == "hello"
    assert connection.get("/hello").body == b"hello"
    assert websocket.close() == 1000


def test_httpx_chooses_http2(server: ServerProcess, authority: Authority) -> None:
    with httpx.Client(http2=True, verify=authority.client_context()) as client:
        response = client.get(f"{server.url}/hello")
        assert (response.http_version, response.text) == ("HTTP/2", "hello")


def test_curl_chooses_http2(server: ServerProcess, authority: Authority) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    result = subprocess.run(
        [
            *(curl, "--silent", "--cacert", authority.certificate),
            *("--write-out", "%{http_version} %{response_code}", f"{server.url}/hello"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout == "hello2 200"
