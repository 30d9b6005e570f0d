"""HTTPS: requests, large bodies, files, and how connections begin and end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import socket
import ssl
import struct
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.certificates import Authority
from support.raw_http import RawConnection
from support.server import ServerProcess
from support.tls_client import CutTlsConnection, TlsConnection, client_hello
from support.waiting import eventually
from websockets.asyncio.client import connect

MEGABYTE = 1 << 20
PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack(
    "!H4s4sHH", 12, bytes([192, 0, 2, 1]), bytes([198, 51, 100, 2]), 4660, 443
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    return authority.client_context()


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[ServerProcess]:
    server = ServerProcess("plain:application", *authority.issue().options).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(server: ServerProcess, trusting: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, verify=trusting, timeout=60) as client:
        yield client


@pytest.fixture
def connection(server: ServerProcess, trusting: ssl.SSLContext) -> Iterator[TlsConnection]:
    with TlsConnection(server.port, trusting) as connection:
        yield connection


def test_the_log_and_the_scope_say_https(server: ServerProcess, client: httpx.Client) -> None:
    assert f"Listening on https://127.0.0.1:{server.port}" in server.log
    scope = client.get("/scope").json()
    assert scope["scheme"] == "https"
    assert scope["server"] == ["127.0.0.1", server.port]


def test_requests_of_one_connection(connection: TlsConnection) -> None:
    for _ in range(3):
        assert connection.get("/hello").read_response().body == b"hello"


def test_pipelined_requests(connection: TlsConnection) -> None:
    connection.get("/hello").get("/stream").get("/hello")
    bodies = [connection.read_response().body for _ in range(3)]
    assert bodies == [b"hello", b"0,1,2,", b"hello"]


def test_a_large_upload(client: httpx.Client) -> None:
    body = os.urandom(8 * MEGABYTE)
    response = client.post("/echo", content=body)
    assert hashlib.sha256(response.content).digest() == hashlib.sha256(body).digest()


def test_a_large_download(client: httpx.Client) -> None:
    size = 50 * MEGABYTE + 7
    with client.stream("GET", f"/download?key=tls&bytes={size}") as response:
        assert sum(len(part) for part in response.iter_bytes()) == size


def test_the_application_waits_for_a_slow_client(
    server: ServerProcess, client: httpx.Client, trusting: ssl.SSLContext
) -> None:
    with TlsConnection(server.port, trusting) as connection:
        connection.get(f"/download?key=slow&bytes={200 * MEGABYTE}")
        first = eventually(lambda: client.get("/seen?key=slow").json().get("sent"))
        sent = eventually(lambda: settled(client, first))
    assert sent < 32 * MEGABYTE


def settled(client: httpx.Client, before: int) -> int:
    """What the application has sent, once it does not change between two requests."""
    sent = [client.get("/seen?key=slow").json()["sent"] for _ in range(20)]
    return int(sent[-1]) if len(set(sent)) == 1 and sent[0] >= before else 0


async def test_a_websocket(server: ServerProcess, trusting: ssl.SSLContext) -> None:
    async with connect(server.websocket_url + "/echo", ssl=trusting, proxy=None) as websocket:
        for text in ("a", "b" * 200_000):
            await websocket.send(text)
            assert await websocket.recv() == text


def test_the_server_says_goodbye(connection: TlsConnection) -> None:
    connection.get("/hello", "Connection: close")
    assert connection.read_response().status == 200
    # An SSLEOFError without close_notify.
    assert connection.socket.recv(1) == b""


def test_a_client_that_says_goodbye_gets_its_answer(connection: TlsConnection) -> None:
    connection.get("/hello")
    # It sends close_notify, waits for the server's, and does not expect the answer before.
    with pytest.raises(ssl.SSLError, match="APPLICATION_DATA_AFTER_CLOSE_NOTIFY"):
        connection.socket.unwrap()


def test_a_client_that_shuts_down_the_socket_gets_its_answer(connection: TlsConnection) -> None:
    connection.get("/hello")
    os_level = socket.socket(fileno=os.dup(connection.socket.fileno()))
    os_level.shutdown(socket.SHUT_WR)
    os_level.close()
    assert connection.read_response().body == b"hello"


def test_a_session_is_resumed(server: ServerProcess, trusting: ssl.SSLContext) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        with TlsConnection(server.port, context) as first:
            assert first.get("/hello").read_response().status == 200
            session = first.socket.session
        with TlsConnection(server.port, context, session=session) as second:
            assert second.get("/hello").read_response().status == 200
            assert second.socket.session_reused, version


def test_http_1_1_is_agreed_on(server: ServerProcess, authority: Authority) -> None:
    context = authority.client_context()
    context.set_alpn_protocols(["http/1.1"])
    with TlsConnection(server.port, context) as connection:
        assert connection.socket.selected_alpn_protocol() == "http/1.1"


# --- Files ---


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("files") / "large.bin"
    path.write_bytes(os.urandom(3 * MEGABYTE + 11))
    return path


@pytest.fixture(scope="module")
def file_server(authority: Authority, file: pathlib.Path) -> Iterator[ServerProcess]:
    server = ServerProcess(
        "extensions:application",
        *authority.issue().options,
        *("--static", f"/files/={file.parent}"),
    ).start()
    yield server
    server.stop()


def test_a_file_of_the_application(
    file_server: ServerProcess, trusting: ssl.SSLContext, file: pathlib.Path
) -> None:
    with httpx.Client(verify=trusting) as client:
        for _ in range(2):
            response = client.get(file_server.url + f"/path?path={file}")
            assert response.content == file.read_bytes()


def test_a_static_file_and_a_part_of_it(
    file_server: ServerProcess, trusting: ssl.SSLContext, file: pathlib.Path
) -> None:
    url = f"{file_server.url}/files/{file.name}"
    content = file.read_bytes()
    with httpx.Client(verify=trusting) as client:
        assert client.get(url).content == content
        part = client.get(url, headers={"range": "bytes=100000-200000"})
        assert (part.status_code, part.content) == (206, content[100_000:200_001])


def read_to_end(connection: TlsConnection) -> int:
    """The number of bytes."""
    size = 0
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        while part := connection.socket.recv(65536):
            size += len(part)
    return size


def test_a_file_that_becomes_shorter_cuts_the_response(
    file_server: ServerProcess, trusting: ssl.SSLContext, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(bytes(20 * MEGABYTE))
    with TlsConnection(file_server.port, trusting) as connection:
        connection.get(f"/path?path={path}&length={20 * MEGABYTE}")
        assert connection.socket.recv(1)
        os.truncate(path, 1000)
        assert read_to_end(connection) < 20 * MEGABYTE
    file_server.wait_for_log(f"A response with the file {path} was cut: it has become shorter")


# --- Connections that do not begin as they should ---


def test_a_request_without_tls_gets_an_answer(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        response = connection.get("/hello").read_response()
        assert response.status == 400
        assert b"This port is for HTTPS" in response.body
        assert connection.socket.recv(1) == b""
    assert httpx.get(f"http://127.0.0.1:{server.port}/").status_code == 400


@pytest.mark.parametrize("garbage", [b"\0" * 10, b"SSH-2.0-x\r\n", b"\x16\x02\0", b"\x80\x2e\x01"])
def test_garbage_ends_the_connection(server: ServerProcess, garbage: bytes) -> None:
    start = len(server.log)
    with RawConnection(server.port) as connection:
        connection.send(garbage)
        assert connection.socket.recv(1) == b""
    server.wait_for_log("No TLS with 127.0.0.1:.*: the client does not speak TLS", start)


@pytest.mark.parametrize(
    "limit",
    [
        ("--limit-connections", "1"),
        ("--limit-connections-per-address", "1", "--forwarded-allow-ips", "10.0.0.1"),
    ],
)
def test_a_client_above_a_limit_of_connections_is_disconnected(
    start_server: Callable[..., ServerProcess],
    authority: Authority,
    trusting: ssl.SSLContext,
    limit: tuple[str, ...],
) -> None:
    server = start_server("plain:application", *authority.issue().options, *limit)
    with RawConnection(server.port) as held:
        held.send(b"\x16\x03\x01")  # no longer idle
        with RawConnection(server.port) as refused:
            # No response without encryption, and no handshake for it either.
            assert refused.send(client_hello(trusting)).is_closed()
    eventually(lambda: is_served(server, trusting))


def is_served(server: ServerProcess, trusting: ssl.SSLContext) -> bool:
    try:
        with TlsConnection(server.port, trusting) as connection:
            return connection.get("/hello").read_response().status == 200
    except (ssl.SSLError, ConnectionError):
        return False


def test_a_failed_handshake_is_logged(server: ServerProcess) -> None:
    start = len(server.log)
    with pytest.raises(ssl.SSLCertVerificationError):
        TlsConnection(server.port, ssl.create_default_context())
    server.wait_for_log("No TLS with 127.0.0.1:.*: the client has ended it", start)


def test_a_hello_byte_by_byte(server: ServerProcess, trusting: ssl.SSLContext) -> None:
    def bytes_of(data: bytes) -> Iterator[bytes]:
        return (bytes([byte]) for byte in data)

    with CutTlsConnection(server.port, trusting, bytes_of) as connection:
        assert b"\r\n\r\nhello" in connection.get("/hello")


def test_a_handshake_has_a_timeout(
    start_server: Callable[..., ServerProcess], authority: Authority
) -> None:
    server = start_server(
        "plain:application", *authority.issue().options, "--timeout-tls-handshake", "0.3"
    )
    with RawConnection(server.port) as silent, RawConnection(server.port) as slow:
        slow.send(b"\x16\x03\x01\x02\x00\x01")
        assert silent.socket.recv(1) == b""
        assert slow.socket.recv(1) == b""
    server.wait_for_log("No TLS with 127.0.0.1:.*: it took too long")


# --- Together with other options ---


def test_a_proxy_s_header_comes_first(
    start_server: Callable[..., ServerProcess], authority: Authority, trusting: ssl.SSLContext
) -> None:
    server = start_server("endpoints:application", *authority.issue().options, "--proxy-protocol")
    with TlsConnection(server.port, trusting, before=PROXY_V2) as connection:
        found = json.loads(connection.get("/").read_response().body)
    assert found["client"] == ["192.0.2.1", 4660]
    assert found["scheme"] == "https"


def test_with_several_processes(
    start_server: Callable[..., ServerProcess],
    authority: Authority,
    trusting: ssl.SSLContext,
    file: pathlib.Path,
) -> None:
    server = start_server("extensions:application", *authority.issue().options, "--workers", "2")
    with httpx.Client(verify=trusting, base_url=server.url) as client:
        assert client.get(f"/path?path={file}").content == file.read_bytes()
        assert "tls" in client.get("/extensions").json()


def test_an_endpoint_of_twisted(
    start_server: Callable[..., ServerProcess], authority: Authority, trusting: ssl.SSLContext
) -> None:
    issued = authority.issue()
    endpoint = f"ssl:0:interface=127.0.0.1:privateKey={issued.key}:certKey={issued.certificate}"
    server = start_server("plain:application", listen=("-e", endpoint))
    assert httpx.get(server.url + "/hello", verify=trusting).text == "hello"
