"""Malformed and hostile requests: the answer each gets, and that nothing else is disturbed."""

from __future__ import annotations

import contextlib

import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess

POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n"

MALFORMED = {
    "not HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n", 400),
    "no version": (b"GET /hello\r\n\r\n", 505),
    "garbage for a version": (b"GET /hello HTTP/x.y\r\nHost: x\r\n\r\n", 505),
    "version of another protocol": (b"GET /hello HTTP/3.0\r\nHost: x\r\n\r\n", 505),
    "unknown method": (b"FROBNICATE /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "space in the target": (b"GET /hel lo HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "control character in the target": (b"GET /hel\x01lo HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "bare line feeds": (b"GET /hello HTTP/1.1\nHost: x\n\n", 400),
    "bare carriage return in a header": (GET + b"X: a\rb\r\n\r\n", 400),
    "null byte in a header": (GET + b"X: a\x00b\r\n\r\n", 400),
    "folded header": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "space before the colon": (GET + b"X : a\r\n\r\n", 400),
    "header without a name": (GET + b": a\r\n\r\n", 400),
    "header without a colon": (GET + b"nonsense\r\n\r\n", 400),
    "two different lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "the same length twice": (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    "a list of lengths": (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    "negative length": (POST + b"Content-Length: -3\r\n\r\nabc", 400),
    "signed length": (POST + b"Content-Length: +3\r\n\r\nabc", 400),
    "hexadecimal length": (POST + b"Content-Length: 0x3\r\n\r\nabc", 400),
    "empty length": (POST + b"Content-Length: \r\n\r\nabc", 400),
    "overflowing length": (POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc", 400),
    "length and chunks": (
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunks and length": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked is not the last coding": (
        POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunk size that is no number": (
        POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "negative chunk size": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "overflowing chunk size": (
        POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "chunk longer than its size": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        400,
    ),
    "bare line feed after a chunk size": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        400,
    ),
    "header section too large": (GET + b"X: " + b"a" * 100_000 + b"\r\n\r\n", 431),
    "too many headers": (GET + b"X: a\r\n" * 20_000 + b"\r\n", 431),
    "target too long": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_and_the_connection_closed(
    plain_server: ServerProcess, name: str
) -> None:
    request, expected = MALFORMED[name]
    with RawConnection(plain_server.port) as connection:
        # The server may close before it has everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(request)
        response = connection.read_response()
        assert response.status == expected
        assert response.header("connection") == "close"
        assert connection.is_closed()
    with RawConnection(plain_server.port) as other:
        assert other.get("/hello").read_response().body == b"hello"


def test_a_smuggled_request_is_not_answered(plain_server: ServerProcess) -> None:
    smuggled = b"GET /visitor?name=smuggler HTTP/1.1\r\nHost: x\r\n\r\n"
    with RawConnection(plain_server.port) as connection:
        connection.send(
            POST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled
        )
        assert connection.read_response().status == 400
        assert connection.is_closed()


def test_good_requests_before_a_bad_one_are_answered(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.send(GET + b"\r\n" + GET + b"\r\n" + b"nonsense\r\n\r\n")
        assert connection.read_response().body == b"hello"
        assert connection.read_response().body == b"hello"
        assert connection.read_response().status == 400
        assert connection.is_closed()


@pytest.mark.parametrize("cut", [b"", b"GET", b"GET /hello HTTP/1.1\r\nHost", POST, b"\r\n"])
def test_a_client_that_leaves_early_harms_nobody(plain_server: ServerProcess, cut: bytes) -> None:
    for leave in (RawConnection.close_abruptly, lambda connection: connection.socket.close()):
        connection = RawConnection(plain_server.port)
        if cut:
            connection.send(cut)
        leave(connection)
    with RawConnection(plain_server.port) as other:
        assert other.get("/hello").read_response().body == b"hello"


def test_a_body_that_breaks_off_ends_the_request(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.send(POST + b"Content-Length: 100\r\n\r\nhalf")
    with RawConnection(plain_server.port) as other:
        assert other.get("/hello").read_response().body == b"hello"
