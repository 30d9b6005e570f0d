"""HTTP/1.x at the byte level: connections, framing, headers."""

from __future__ import annotations

import email.utils
import json
import time

import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess


@pytest.fixture
def connection(plain_server: ServerProcess) -> RawConnection:
    return RawConnection(plain_server.port)


def test_a_connection_is_kept_alive(connection: RawConnection) -> None:
    for _ in range(3):
        response = connection.get("/hello").read_response()
        assert (response.version, response.status, response.reason) == ("HTTP/1.1", 200, "OK")
        assert response.body == b"hello"
        assert response.header("content-length") == "5"
        assert response.header("connection") in (None, "keep-alive")


def test_a_client_may_ask_to_close(connection: RawConnection) -> None:
    response = connection.get("/hello", "Connection: close").read_response()
    assert (response.body, response.header("connection")) == (b"hello", "close")
    assert connection.is_closed()


def test_pipelined_requests_are_answered_in_order(connection: RawConnection) -> None:
    bodies = [f"number {number}".encode() for number in range(50)]
    requests = [
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        for body in bodies
    ]
    connection.send(b"".join(requests))
    assert [connection.read_response().body for _ in bodies] == bodies


def test_a_slow_response_delays_the_pipelined_ones_after_it(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as waiting, RawConnection(plain_server.port) as other:
        waiting.get("/stream?parts=1&gate=pipeline").get("/hello")
        other.get("/hello").read_response()
        other.get("/open?gate=pipeline").read_response()
        assert waiting.read_response().body == b"0,"
        assert waiting.read_response().body == b"hello"


def test_requests_may_arrive_byte_by_byte(connection: RawConnection) -> None:
    request = (
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    for position in range(len(request)):
        connection.send(request[position : position + 1])
    assert connection.read_response().body == b"abc"
    assert connection.get("/hello").read_response().body == b"hello"


def test_a_response_without_length_is_chunked(connection: RawConnection) -> None:
    response = connection.get("/stream?parts=3").read_response()
    assert response.header("transfer-encoding") == "chunked"
    assert response.header("content-length") is None
    assert b"".join(response.chunks) == b"0,1,2,"
    assert connection.get("/hello").read_response().body == b"hello"


def test_parts_of_a_response_arrive_before_it_ends(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as reader, RawConnection(plain_server.port) as other:
        reader.get("/stream?parts=2&gate=parts")
        while b"1," not in reader.buffer:
            assert reader.receive_more()
        assert b"\r\n0\r\n" not in reader.buffer
        other.get("/open?gate=parts").read_response()
        assert reader.read_response().body == b"0,1,"


def test_the_applications_length_is_kept(connection: RawConnection) -> None:
    response = connection.get("/length").read_response()
    assert response.header("content-length") == "6"
    assert response.header("transfer-encoding") is None
    assert response.body == b"onetwo"


def test_chunked_requests(connection: RawConnection) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.send(head + b"5;ext=1\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n")
    assert connection.read_response().body == b"hello0123456789"
    assert connection.get("/hello").read_response().body == b"hello"


def test_head_has_the_headers_of_get_and_no_body(connection: RawConnection) -> None:
    for target in ("/hello", "/length", "/stream"):
        response = connection.get(target, method="HEAD").read_response("HEAD")
        assert response.status == 200
    assert connection.get("/hello").read_response().body == b"hello"
    head = connection.get("/length", method="HEAD").read_response("HEAD")
    assert head.header("content-length") == "6"


@pytest.mark.parametrize("code", [204, 304])
def test_a_status_without_body_gets_none(connection: RawConnection, code: int) -> None:
    response = connection.get(f"/status?code={code}&body=unwanted").read_response()
    assert response.status == code
    assert response.header("transfer-encoding") is None
    if code == 204:
        assert response.header("content-length") is None
    assert connection.get("/hello").read_response().body == b"hello"


@pytest.mark.parametrize(("code", "reason"), [(201, "Created"), (404, "Not Found"), (503, None)])
def test_status_lines(connection: RawConnection, code: int, reason: str | None) -> None:
    response = connection.get(f"/status?code={code}&body=b").read_response()
    assert response.status == code
    assert reason is None or response.reason == reason


def test_a_status_unknown_to_the_server_is_passed_on(connection: RawConnection) -> None:
    assert connection.get("/status?code=299&body=b").read_response().status == 299


def test_the_date_is_now(connection: RawConnection) -> None:
    date = connection.get("/hello").read_response().header("date")
    assert date
    assert date.endswith(" GMT")
    assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 5


def test_http_1_0_closes(connection: RawConnection) -> None:
    response = connection.send(b"GET /hello HTTP/1.0\r\n\r\n").read_response()
    assert response.body == b"hello"
    assert connection.is_closed()


def test_http_1_0_is_kept_alive_when_asked(connection: RawConnection) -> None:
    for _ in range(2):
        connection.send(b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        response = connection.read_response()
        assert response.body == b"hello"
        assert (response.header("connection") or "").lower() == "keep-alive"


def test_http_1_0_gets_no_chunks(connection: RawConnection) -> None:
    connection.send(b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    response = connection.read_response()
    assert response.header("transfer-encoding") is None
    assert response.body == b"0,1,2,"


def test_continue_is_sent_when_the_application_wants_the_body(connection: RawConnection) -> None:
    connection.send(
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    )
    assert connection.read_response().status == 100
    connection.send(b"body")
    response = connection.read_response()
    assert (response.status, response.body) == (200, b"body")


def test_continue_is_not_sent_when_the_application_refuses_the_body(
    connection: RawConnection,
) -> None:
    connection.send(
        b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    )
    response = connection.read_response()
    assert (response.status, response.body) == (413, b"early")


def test_a_response_may_come_before_the_body(connection: RawConnection) -> None:
    connection.send(
        b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 10
    )
    response = connection.read_response()
    assert (response.status, response.body) == (413, b"early")


def test_expecting_something_else_gets_417(connection: RawConnection) -> None:
    connection.get("/hello", "Expect: 200-ok")
    assert connection.read_response().status == 417


def test_options_for_the_server_as_a_whole(connection: RawConnection) -> None:
    scope = json.loads(connection.get("*", method="OPTIONS").read_response().body)
    assert (scope["method"], scope["path"], scope["raw_path"]) == ("OPTIONS", "*", {"bytes": "*"})


def test_the_authority_of_an_absolute_target_is_the_host(connection: RawConnection) -> None:
    scope = json.loads(connection.get("http://other:81/a%20b?q").read_response().body)
    hosts = [value for name, value in scope["headers"] if name == {"bytes": "host"}]
    assert hosts == [{"bytes": "other:81"}]
    assert (scope["path"], scope["query_string"]) == ("/a b", {"bytes": "q"})


def test_an_early_response_and_the_next_request_after_the_rest_of_the_body(
    connection: RawConnection,
) -> None:
    connection.send(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    assert connection.read_response().body == b"early"
    connection.send(b"x" * 1000)
    assert connection.get("/hello").read_response().body == b"hello"


def test_reset_content_has_no_body(connection: RawConnection) -> None:
    response = connection.get("/status?code=205&body=unwanted").read_response()
    assert (response.status, response.body) == (205, b"")
    assert connection.get("/hello").read_response().body == b"hello"


def test_repeated_and_oddly_written_headers_are_kept(connection: RawConnection) -> None:
    response = connection.get("/cookies").read_response()
    cookies = [value for name, value in response.headers if name.lower() == "set-cookie"]
    assert cookies == ["a=1", "b=2; Path=/"]
    assert response.header("x-mixed-case") == "Yes"


def test_a_header_cannot_be_smuggled_into_a_response(
    connection: RawConnection, plain_server: ServerProcess
) -> None:
    response = connection.get("/bad-header").read_response()
    assert response.status == 500
    assert response.header("set-cookie") is None
    with RawConnection(plain_server.port) as other:
        assert other.get("/hello").read_response().body == b"hello"


def test_many_connections_at_once(plain_server: ServerProcess) -> None:
    connections = [RawConnection(plain_server.port) for _ in range(200)]
    for connection in connections:
        connection.get("/hello")
    assert {connection.read_response().body for connection in connections} == {b"hello"}
    for connection in connections:
        connection.socket.close()
