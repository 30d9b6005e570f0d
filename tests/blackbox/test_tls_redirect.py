"""--redirect-https and --hsts."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator

import httpx
import pytest
from support.certificates import Authority
from support.raw_http import RawConnection
from support.server import ServerProcess

HSTS = "strict-transport-security"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    return authority.client_context()


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[ServerProcess]:
    server = ServerProcess(
        "plain:application",
        *authority.issue().options,
        *("--redirect-https", "0:443", "--hsts", "600"),
    ).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def plain_port(server: ServerProcess) -> int:
    return int(server.wait_for_log(r"Redirecting http://127\.0\.0\.1:(\d+) to HTTPS")[1])


def test_a_request_is_redirected(plain_port: int) -> None:
    url = f"http://localhost:{plain_port}/a%20b?c=d"
    response = httpx.get(url)
    assert response.status_code == 301
    assert response.headers["location"] == "https://localhost/a%20b?c=d"
    assert HSTS not in response.headers, "RFC 6797 forbids it without TLS"
    assert httpx.head(url).status_code == 301


def test_other_methods_stay_what_they_are(plain_port: int) -> None:
    with RawConnection(plain_port) as connection:
        connection.send(b"POST /a HTTP/1.1\r\nHost: x.example\r\nContent-Length: 4\r\n\r\nbody")
        response = connection.read_response()
        assert (response.status, response.header("location")) == (308, "https://x.example/a")
        assert connection.get("/b").read_response().status == 301, "on the same connection"


@pytest.mark.parametrize("host", ["a@b", "a%0d", "a'b", "(a)"])
def test_a_strange_host_is_refused(plain_port: int, host: str) -> None:
    with RawConnection(plain_port) as connection:
        connection.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        response = connection.read_response()
        assert response.status == 400
        assert response.header("location") is None


def test_a_websocket_and_socket_io_are_redirected_too(plain_port: int) -> None:
    with RawConnection(plain_port) as connection:
        connection.get(
            "/echo",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
        assert connection.read_response().header("location") == "https://localhost/echo"
    polling = httpx.get(f"http://localhost:{plain_port}/socket.io/?EIO=4&transport=polling")
    assert polling.status_code == 301


def test_the_application_is_not_called(server: ServerProcess, plain_port: int) -> None:
    key = "redirected"
    httpx.get(f"http://localhost:{plain_port}/download?key={key}&bytes=9")
    with httpx.Client(verify=ssl._create_unverified_context()) as client:
        assert client.get(f"{server.url}/seen?key={key}").json() == {}


def test_responses_over_tls_have_hsts(server: ServerProcess, trusting: ssl.SSLContext) -> None:
    response = httpx.get(server.url + "/hello", verify=trusting)
    assert response.headers[HSTS] == "max-age=600"
    missing = httpx.get(server.url + "/status?code=404", verify=trusting)
    assert missing.headers[HSTS] == "max-age=600"


def test_the_log_says_where_it_listens(server: ServerProcess) -> None:
    assert len(re.findall(r"Listening on https://", server.log)) == 1
    assert len(re.findall(r"Redirecting http://\S+ to HTTPS", server.log)) == 1
    assert "Listening on http://" not in server.log
