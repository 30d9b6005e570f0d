"""Malformed and hostile requests: the response to each, and that other clients are not affected."""

from __future__ import annotations

import contextlib

import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess

POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n"

UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: c2l4dGVlbiBieXRlcy4uLg==\r\n"
)

# Name, bytes, status. The same cases go byte by byte through the parser in
# tests/unit/http/request_parser_test.cc.
MALFORMED = {
    "not HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n", 400),
    "no version": (b"GET /hello\r\n\r\n", 505),
    "garbage for a version": (b"GET /hello HTTP/x.y\r\nHost: x\r\n\r\n", 505),
    "version of another protocol": (b"GET /hello HTTP/3.0\r\nHost: x\r\n\r\n", 505),
    "version of RTSP": (b"GET /hello RTSP/1.0\r\nHost: x\r\n\r\n", 400),
    "request of RTSP": (b"DESCRIBE /hello RTSP/1.0\r\nHost: x\r\n\r\n", 400),
    "request of Icecast": (b"SOURCE /hello ICE/1.0\r\nHost: x\r\n\r\n", 400),
    "protocol in lower case": (b"GET /hello http/1.1\r\nHost: x\r\n\r\n", 400),
    "two spaces after the method": (b"GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "two spaces after the target": (b"GET /hello  HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "space after the version": (b"GET /hello HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
    "space before the method": (b" GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "space in the method": (b"GE T /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "tab after the method": (b"GET\t/hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "tab after the target": (b"GET /hello\tHTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "no method": (b" /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "method too long": (b"F" * 31 + b" /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "bare carriage return before the request": (b"\r" + GET + b"\r\n", 400),
    "bare line feed before the request": (b"\n" + GET + b"\r\n", 400),
    "two carriage returns before the request": (b"\r\r\n" + GET + b"\r\n", 400),
    "bare carriage return after the request line": (b"GET /hello HTTP/1.1\rHost: x\r\n\r\n", 400),
    "bare carriage return in the method": (b"GE\rT /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "byte order mark": (b"\xef\xbb\xbfGET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "method without a target": (b"FROBNICATE\r\n\r\n", 400),
    "method that is no token": (b"FROB/NICATE /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
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
    "chunks in HTTP/1.0": (
        b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two codings": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked twice in one header": (
        POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked hidden by a vertical tab": (
        POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked hidden by a space": (
        POST + b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunked on a folded line": (
        POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "misspelt coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "coding without a name": (POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400),
    "chunk size with a prefix": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "chunk size with a space": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "bare carriage return after a chunk size": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\rabc\r\n0\r\n\r\n",
        400,
    ),
    "bare line feed in a chunk extension": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "endless chunk extensions": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1;aaaaaaaaaaaaaaaa\r\na\r\n" * 1_000,
        400,
    ),
    "a length in the trailers": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n",
        400,
    ),
    "a coding in the trailers": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "null byte in a trailer": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\x00\r\n\r\n",
        400,
    ),
    "folded trailer": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n",
        400,
    ),
    "a request in place of trailers": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n",
        400,
    ),
    "trailers too large": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        431,
    ),
    "length with a form feed": (POST + b"Content-Length: 3\x0c\r\n\r\nabc", 400),
    "length with a no-break space": (POST + b"Content-Length: 3\xa0\r\n\r\nabc", 400),
    "length in full-width digits": (POST + "Content-Length: \uff13\r\n\r\nabc".encode(), 400),
    "length with an underscore": (POST + b"Content-Length: 1_0\r\n\r\n0123456789", 400),
    "length with a fraction": (POST + b"Content-Length: 3.0\r\n\r\nabc", 400),
    "length with a comma after it": (POST + b"Content-Length: 3,\r\n\r\nabc", 400),
    "length that overflows to three": (
        POST + b"Content-Length: 18446744073709551619\r\n\r\nabc",
        400,
    ),
    "length on a folded line": (POST + b"Content-Length:\r\n 3\r\n\r\nabc", 400),
    "tab before the colon of the length": (POST + b"Content-Length\t: 3\r\n\r\nabc", 400),
    "coding with a null byte": (POST + b"Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n", 400),
    "coding with a comma after it": (
        POST + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
        400,
    ),
    "coding with a comma before it": (
        POST + b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    "coding in quotes": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 501),
    "two carriage returns after the coding": (
        POST + b"Transfer-Encoding: chunked\r\r\n\r\n0\r\n\r\n",
        400,
    ),
    "coding after a bare line feed": (
        POST + b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunk size that overflows to three": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "chunk size in full-width digits": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + "\uff13\r\nabc\r\n0\r\n\r\n".encode(),
        400,
    ),
    "chunk size with an underscore": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
        400,
    ),
    "space before a chunk size": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "bare line feed after a chunk": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
        400,
    ),
    "bare carriage return in a chunk extension": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3;a\rb\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "bare line feed after a trailer": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\n\r\n",
        400,
    ),
    "line of spaces among the headers": (GET + b" \r\n\r\n", 400),
    "header name with a slash": (GET + b"X/y: 1\r\n\r\n", 400),
    "header name beyond ASCII": (GET + b"X\xc3\xa4: 1\r\n\r\n", 400),
    "vertical tab in a header": (GET + b"X: a\x0bb\r\n\r\n", 400),
    "vertical tab after the target": (b"GET /hello\x0bHTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "null byte after the version": (b"GET /hello HTTP/1.1\0\r\nHost: x\r\n\r\n", 400),
    "version of HTTPS": (b"GET /hello HTTPS/1.1\r\nHost: x\r\n\r\n", 400),
    "comma in the method": (b"GET,POST /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "backslash for a target": (b"GET \\hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "target of a tunnel": (b"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a response": (b"HTTP/1.1 200 OK\r\nHost: x\r\n\r\n", 400),
    "Redis": (b"*1\r\n$4\r\nPING\r\n", 400),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", 400),
    "PROXY header that nobody asked for": (
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + GET + b"\r\n",
        400,
    ),
    "no host": (b"GET /hello HTTP/1.1\r\n\r\n", 400),
    "two hosts": (GET + b"Host: y\r\n\r\n", 400),
    "a path in the host": (b"GET /hello HTTP/1.1\r\nHost: x/y\r\n\r\n", 400),
    "a user in the host": (b"GET /hello HTTP/1.1\r\nHost: u@x\r\n\r\n", 400),
    "a user in an absolute target": (b"GET http://u@x/hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "no host in an absolute target": (b"GET http:///hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "absolute target of another scheme": (b"GET ftp://x/hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "asterisk for GET": (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "relative target": (b"GET hello HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "fragment in the target": (b"GET /hello#x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "tunnel": (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "unknown expectation": (POST + b"Content-Length: 1\r\nExpect: tea\r\n\r\nx", 417),
    "WebSocket of an unknown version": (
        GET + UPGRADE.replace(b"13", b"8") + b"\r\n",
        426,
    ),
    "WebSocket without a version": (
        GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        426,
    ),
    "WebSocket without a key": (
        GET + UPGRADE.split(b"Sec-WebSocket-Key")[0] + b"\r\n",
        400,
    ),
    "WebSocket with a short key": (
        GET + UPGRADE.replace(b"c2l4dGVlbiBieXRlcy4uLg==", b"c2l4dGVlbg==") + b"\r\n",
        400,
    ),
    "WebSocket by POST": (POST + UPGRADE + b"\r\n", 400),
    "WebSocket with a body": (GET + UPGRADE + b"Content-Length: 1\r\n\r\nx", 400),
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
        # The server may close before it has read everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send(request)
        response = connection.read_response()
        assert response.status == expected
        assert response.header("connection") == "close"
        assert connection.is_closed()
    with RawConnection(plain_server.port) as other:
        assert other.get("/hello").read_response().body == b"hello"


SMUGGLING = {
    "length before chunks": b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks before length": b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    "hidden coding": b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"Transfer-Encoding: chunked\r\n\r\n0\n\n",
    "chunk of a negative size": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n0\r\n\r\n",
    "trailers": b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_a_smuggled_request_is_not_answered(
    plain_server: ServerProcess, name: str, key: str
) -> None:
    smuggled = f"GET /download?key={key}&bytes=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with RawConnection(plain_server.port) as connection:
        connection.send(POST + SMUGGLING[name] + smuggled)
        assert connection.read_response().status == 400
        assert connection.is_closed()
    with RawConnection(plain_server.port) as other:
        assert other.get(f"/seen?key={key}").read_response().body == b"{}"


def test_bytes_after_trailers_are_the_next_request(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
        connection.send(b"Host: y\r\nConnection: close\r\nX-Method: PUT\r\n\r\n" + GET + b"\r\n")
        echo = connection.read_response()
        assert (echo.body, echo.header("x-method")) == (b"a", "POST")
        assert connection.read_response().body == b"hello"


def test_an_upgrade_to_something_else_is_an_ordinary_request(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.send(GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
        assert connection.read_response().body == b"hello"


# The application decides which methods exist. No method changes where the request ends.
@pytest.mark.parametrize("method", ["FROBNICATE", "post", "GETS", "DESCRIBE", "PRI", "M-X.~!", "Q"])
def test_any_token_is_a_method(plain_server: ServerProcess, method: str) -> None:
    line = method.encode() + b" /echo HTTP/1.1\r\nHost: x\r\n"
    with RawConnection(plain_server.port) as connection:
        connection.send(line + b"Content-Length: 3\r\n\r\nabc")
        connection.send(line + b"Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n")
        connection.send(b"\r\n\r\n" + line + b"\r\n" + GET + b"\r\n")
        for body in (b"abc", b"de", b""):
            response = connection.read_response()
            assert (response.body, response.header("x-method")) == (body, method)
        assert connection.read_response().body == b"hello"


def test_an_unknown_method_does_not_open_a_websocket(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.send(b"get /hello HTTP/1.1\r\nHost: x\r\n" + UPGRADE + b"\r\n")
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
def test_a_client_that_disconnects_early_does_not_affect_others(
    plain_server: ServerProcess, cut: bytes
) -> None:
    for leave in (RawConnection.close_abruptly, lambda connection: connection.socket.close()):
        connection = RawConnection(plain_server.port)
        if cut:
            connection.send(cut)
        leave(connection)
    with RawConnection(plain_server.port) as other:
        assert other.get("/hello").read_response().body == b"hello"


def test_an_incomplete_body_ends_the_request(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.send(POST + b"Content-Length: 100\r\n\r\nhalf")
    with RawConnection(plain_server.port) as other:
        assert other.get("/hello").read_response().body == b"hello"
