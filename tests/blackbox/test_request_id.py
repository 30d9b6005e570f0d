"""The request id in all log lines of a request, in the application and in the response."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
import websockets.sync.client
from support.raw_http import RawConnection
from support.server import ServerProcess
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

Start = Callable[..., ServerProcess]

FORMAT = "access %(q)s [%(id)s]"


def test_all_lines_of_a_request_have_one_id(start_server: Start) -> None:
    server = start_server(
        "plain:application", "--access-log-format", FORMAT, "--request-id-header", "X-Request-ID"
    )
    answer = httpx.get(f"{server.url}/fail?name=one")
    assert answer.status_code == 500
    (access,) = server.wait_for_log(r"access name=one \[(\w{13})\]").groups()
    (python,) = server.wait_for_log(r"ERROR +sioserve \[(\w+)\]: Exception in ASGI").groups()
    assert access == python == answer.headers["x-request-id"]


def test_a_native_line_has_the_id_too(start_server: Start) -> None:
    server = start_server("plain:application", "--access-log-format", FORMAT)
    httpx.get(f"{server.url}/bad-header?native")
    (access,) = server.wait_for_log(r"access native \[(\w{13})\]").groups()
    server.wait_for_log(rf"ERROR +sioserve \[{access}\]: The application's response has")


def test_each_request_of_a_connection_has_its_own(start_server: Start) -> None:
    server = start_server("plain:application", "--request-id-header", "X-Request-ID")
    with httpx.Client() as client:
        ids = {client.get(f"{server.url}/hello").headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch(r"\w{13}", one) for one in ids)


def test_the_application_finds_it_in_the_scope(start_server: Start) -> None:
    server = start_server("plain:application", "--request-id-header", "X-Request-ID")
    answer = httpx.get(f"{server.url}/scope")
    extensions = answer.json()["extensions"]
    assert extensions["sioserve.request_id"] == answer.headers["x-request-id"]


def test_a_websockets_handshake_response_has_the_id(start_server: Start) -> None:
    server = start_server(
        "plain:application", "--access-log-format", FORMAT, "--request-id-header", "X-Request-ID"
    )
    with websockets.sync.client.connect(f"{server.websocket_url}/echo?ws") as socket:
        assert socket.response is not None
        told = socket.response.headers["x-request-id"]
    server.wait_for_log(rf"access ws \[{told}\]")


def test_refused_requests_have_an_id(start_server: Start) -> None:
    server = start_server(
        "plain:application", "--access-log-format", FORMAT, "--request-id-header", "X-Request-ID"
    )
    with RawConnection(server.port) as connection:
        connection.get("/hello?large", "X: " + "x" * 70_000)
        told = connection.read_response().header("x-request-id")
    server.wait_for_log(rf"access large \[{told}\]")
    server.wait_for_log(rf"WARNING +sioserve \[{told}\]: Refused a request of \S+ \(GET /hello\)")


def test_a_websocket_that_is_not_accepted_in_time(start_server: Start) -> None:
    server = start_server(
        "plain:application",
        *("--access-log-format", FORMAT, "--request-id-header", "X-Request-ID"),
        *("--websocket_connect_timeout", "0.1"),
    )
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{server.websocket_url}/never-accept?ws")
    told = refused.value.response.headers["x-request-id"]
    server.wait_for_log(rf"access ws \[{told}\]")
    server.wait_for_log(
        rf"WARNING +sioserve \[{told}\]: WebSocket /never-accept of .* not accepted"
    )


def test_a_trusted_proxys_id_is_taken(start_server: Start) -> None:
    server = start_server(
        "plain:application",
        *("--access-log-format", FORMAT, "--request-id-header", "X-Request-ID"),
        "--proxy-headers",
    )
    with httpx.Client(base_url=server.url) as client:
        answer = client.get("/scope?taken", headers={"X-Request-ID": "5f0-A"})
        assert answer.headers["x-request-id"] == "5f0-A"
        assert answer.json()["extensions"]["sioserve.request_id"] == "5f0-A"
        server.wait_for_log(r"access taken \[5f0-A\]")
        for unusable in ("a b", "x" * 129):
            answer = client.get("/hello", headers={"X-Request-ID": unusable})
            assert re.fullmatch(r"\w{13}", answer.headers["x-request-id"])


@pytest.mark.parametrize("options", [[], ["--proxy-headers", "--forwarded-allow-ips", "192.0.2.1"]])
def test_ids_of_untrusted_clients_are_ignored(start_server: Start, options: list[str]) -> None:
    server = start_server("plain:application", "--request-id-header", "X-Request-ID", *options)
    answer = httpx.get(f"{server.url}/hello", headers={"X-Request-ID": "forged"})
    assert re.fullmatch(r"\w{13}", answer.headers["x-request-id"])


def test_no_header_is_sent_by_default(start_server: Start) -> None:
    server = start_server("plain:application")
    assert "x-request-id" not in httpx.get(f"{server.url}/hello").headers
