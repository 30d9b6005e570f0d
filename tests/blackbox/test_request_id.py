"""One id for all log lines of a request, for the application and for the client."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import websockets.sync.client
from support.server import ServerProcess

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


def test_a_websockets_handshake_tells_it(start_server: Start) -> None:
    server = start_server(
        "plain:application", "--access-log-format", FORMAT, "--request-id-header", "X-Request-ID"
    )
    with websockets.sync.client.connect(f"{server.websocket_url}/echo?ws") as socket:
        assert socket.response is not None
        told = socket.response.headers["x-request-id"]
    server.wait_for_log(rf"access ws \[{told}\]")


def test_no_header_is_sent_unasked(start_server: Start) -> None:
    server = start_server("plain:application")
    assert "x-request-id" not in httpx.get(f"{server.url}/hello").headers
