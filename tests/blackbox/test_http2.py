"""HTTP/2 with prior knowledge: requests to an ASGI application."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hyperframe.frame import DataFrame, SettingsFrame, WindowUpdateFrame
from support.raw_http import RawConnection
from support.raw_http2 import (
    CANCEL,
    INTERNAL_ERROR,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    Http2Connection,
    StreamReset,
)
from support.server import ServerProcess
from support.waiting import eventually


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess(
        "plain:application",
        *("--http2-cleartext", "--http-timeout", "30"),
        *("--access-log", "-", "--access-log-format", '"%(r)s" %(s)s %(B)s'),
    ).start()
    yield server
    server.stop()


@pytest.fixture
def connection(server: ServerProcess) -> Iterator[Http2Connection]:
    with Http2Connection(server.port) as connection:
        yield connection


def scope_of(connection: Http2Connection, **request: object) -> dict[str, object]:
    return json.loads(connection.get("/scope", **request).body)  # type: ignore[arg-type]


def seen(connection: Http2Connection, key: str) -> dict[str, object]:
    return json.loads(connection.get(f"/seen?key={key}").body)


def test_a_request_is_answered(connection: Http2Connection) -> None:
    response = connection.get("/hello")
    assert (response.status, response.body) == (200, b"hello")
    assert response.header("content-type") == "text/plain"
    assert response.header("content-length") == "5"
    assert response.header("server") == "sioserve"
    assert all(name == name.lower() for name, _ in response.headers)


def test_http1_is_served_on_the_same_port(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        assert connection.get("/hello").read_response().body == b"hello"


def test_httpx_is_served(server: ServerProcess) -> None:
    with httpx.Client(http1=False, http2=True, base_url=server.url) as client:
        response = client.post("/echo", content=b"x" * 300_000)
        assert response.http_version == "HTTP/2"
        assert response.content == b"x" * 300_000
        assert client.get("/hello").text == "hello"


def test_the_scope_is_that_of_http2(connection: Http2Connection) -> None:
    fields = [("x-one", "1"), ("cookie", "a=1"), ("x-one", "2"), ("cookie", "b=2")]
    scope = scope_of(connection, headers=fields)
    assert scope["type"] == "http"
    assert scope["http_version"] == "2"
    assert scope["scheme"] == "http"
    assert scope["method"] == "GET"
    assert scope["path"] == "/scope"
    assert scope["headers"] == [
        [{"bytes": name}, {"bytes": value}]
        for name, value in [
            ("host", "example.org"),
            ("x-one", "1"),
            ("cookie", "a=1; b=2"),
            ("x-one", "2"),
        ]
    ]
    host, port = scope["client"]  # type: ignore[misc]
    assert (host, port) == connection.socket.getsockname()


def test_the_scheme_is_that_of_the_connection(connection: Http2Connection) -> None:
    stream = connection.request("GET", "/scope", scheme="https")
    assert json.loads(connection.read_response(stream).body)["scheme"] == "http"


def test_a_request_without_a_body_has_an_empty_one(connection: Http2Connection) -> None:
    assert connection.get("/echo").body == b""
    stream = connection.request("POST", "/echo", body=b"")
    assert connection.read_response(stream).body == b""


def test_a_body_arrives(connection: Http2Connection) -> None:
    body = bytes(range(256)) * 200
    stream = connection.request("POST", "/echo", body=body)
    assert connection.read_response(stream).body == body


def test_head_has_no_body(connection: Http2Connection) -> None:
    response = connection.get("/hello", method="HEAD")
    assert response.status == 200
    assert response.header("content-length") == "5"
    assert response.body == b""


def test_streams_are_served_at_the_same_time(connection: Http2Connection) -> None:
    waiting = [connection.request("GET", "/stream?gate=many") for _ in range(50)]
    assert connection.get("/hello").body == b"hello"
    connection.get("/open?gate=many")
    for stream in waiting:
        assert connection.read_response(stream).body == b"0,1,2,"


def test_many_requests_are_served(server: ServerProcess) -> None:
    def client(number: int) -> int:
        with Http2Connection(server.port) as connection:
            streams = {
                connection.request("POST", "/echo", body=b"%d-%d" % (number, i)): i
                for i in range(90)
            }
            return sum(
                connection.read_response(stream).body == b"%d-%d" % (number, i)
                for stream, i in streams.items()
            )

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(client, range(8))) == 8 * 90


def test_more_streams_than_allowed_are_refused_before_the_client_knows(
    connection: Http2Connection,
) -> None:
    streams = [connection.request("GET", "/stream?gate=limit") for _ in range(101)]
    assert connection.read_reset(streams[-1]) == REFUSED_STREAM
    assert connection.server_settings[SettingsFrame.MAX_CONCURRENT_STREAMS] == 100
    for stream in streams[:100]:
        connection.reset(stream)
    assert connection.get("/hello").body == b"hello"


def test_more_streams_than_the_client_knows_are_an_error(connection: Http2Connection) -> None:
    connection.settle()
    for _ in range(101):
        connection.request("GET", "/stream?gate=limit")
    assert connection.read_to_end() == PROTOCOL_ERROR


@pytest.mark.parametrize(
    "field",
    [
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("keep-alive", "1"),
        ("upgrade", "websocket"),
        ("proxy-connection", "close"),
        ("te", "gzip"),
        ("X-Upper", "1"),
        ("x-line", "a\r\nb"),
    ],
)
def test_a_malformed_request_is_reset(
    server: ServerProcess, connection: Http2Connection, field: tuple[str, str]
) -> None:
    start = len(server.log)
    stream = connection.request("GET", "/hello", [field])
    assert connection.read_reset(stream) == PROTOCOL_ERROR
    server.wait_for_log("Refused a request of .* with PROTOCOL_ERROR: ", start)
    assert connection.get("/hello").body == b"hello"


@pytest.mark.parametrize(("length", "body"), [("3", b"abcd"), ("5", b"abcd")])
def test_a_body_that_differs_from_its_length_is_reset(
    connection: Http2Connection, length: str, body: bytes
) -> None:
    stream = connection.request("POST", "/echo", [("content-length", length)], body)
    assert connection.read_reset(stream) == PROTOCOL_ERROR
    assert connection.get("/hello").body == b"hello"


def test_headers_above_the_limit_are_refused(connection: Http2Connection) -> None:
    response = connection.get("/hello", [(f"x-{i}", "1") for i in range(300)])
    assert response.status == 431
    assert connection.get("/hello").status == 200


def test_an_application_that_fails_gets_a_500(connection: Http2Connection) -> None:
    assert connection.get("/fail").status == 500


def test_an_application_that_fails_in_the_middle_resets_its_stream(
    connection: Http2Connection,
) -> None:
    other = connection.request("GET", "/stream?gate=failing")
    with pytest.raises(StreamReset) as reset:
        connection.get("/fail-late")
    assert reset.value.args == (INTERNAL_ERROR,)
    connection.get("/open?gate=failing")
    assert connection.read_response(other).body == b"0,1,2,"


def test_a_reset_disconnects_the_application(connection: Http2Connection) -> None:
    stream = connection.request("GET", "/disconnect-only?key=reset")
    eventually(lambda: "waiting" in seen(connection, "reset"))
    connection.reset(stream)
    eventually(lambda: seen(connection, "reset").get("after") == "http.disconnect")


def test_an_application_that_does_not_receive_holds_the_client_up(
    connection: Http2Connection,
) -> None:
    stream = connection.request("POST", "/hold?key=held&gate=held", end=False)
    window = connection.server_settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, 65_535)
    sent = 0
    part = bytes(16_384)
    while True:
        connection.settle()
        window += sum(
            frame.window_increment
            for frame in connection.frames
            if isinstance(frame, WindowUpdateFrame) and frame.stream_id == stream
        )
        connection.frames.clear()
        if window < len(part):
            break
        connection.send(DataFrame(stream, data=part))
        sent += len(part)
        window -= len(part)
        assert sent < 4_000_000
    assert sent >= 65_536
    assert connection.get("/hello").body == b"hello", "other streams are not held up"
    connection.get("/open?gate=held")
    while not any(
        isinstance(frame, WindowUpdateFrame) and frame.stream_id == stream
        for frame in connection.frames
    ):
        connection.read_frame()
    connection.data(stream, b"", end=True)
    assert connection.read_response(stream).body == b"%d" % sent


def test_the_application_waits_for_the_windows_of_the_client(server: ServerProcess) -> None:
    with Http2Connection(
        server.port, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 100_000}
    ) as connection:
        stream = connection.request("GET", "/download?bytes=20000000&key=window")
        eventually(lambda: seen(connection, "window").get("sent", 0) >= 100_000)  # type: ignore[operator]
        connection.settle()
        held = seen(connection, "window")["sent"]
        assert held < 1_000_000  # type: ignore[operator]
        connection.open_window(stream, 50_000_000)
        assert len(connection.read_response(stream).body) == 20_000_000


def test_a_client_that_opens_no_window_is_cut(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("plain:application", "--http2-cleartext", "--timeout-send", "0.4")
    with Http2Connection(
        server.port, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}
    ) as connection:
        stream = connection.request("GET", "/hello")
        assert connection.read_reset(stream) == CANCEL
    server.wait_for_log(r"Cut the response to .* \(GET /hello\): the client takes nothing of it")


def test_a_slow_body_is_refused(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("plain:application", "--http2-cleartext", "--timeout-body", "0.4")
    with Http2Connection(server.port) as connection:
        stream = connection.request("POST", "/echo", end=False)
        assert connection.read_response(stream).status == 408


def test_an_idle_connection_is_closed(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("plain:application", "--http2-cleartext", "--timeout-keep-alive", "0.4")
    with Http2Connection(server.port) as connection:
        assert connection.get("/hello").status == 200
        assert connection.read_to_end() == 0


def test_the_access_log_has_the_version(server: ServerProcess, connection: Http2Connection) -> None:
    connection.get("/hello?logged=1")
    server.wait_for_log(r'"GET /hello\?logged=1 HTTP/2" 200 5')


def test_a_proxy_header_comes_before_http2(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("plain:application", "--http2-cleartext", "--proxy-protocol")
    before = b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n"
    with Http2Connection(server.port, before=before) as connection:
        assert scope_of(connection)["client"] == ["192.0.2.1", 1000]
