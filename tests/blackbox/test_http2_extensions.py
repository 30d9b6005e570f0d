"""HTTP/2: files, trailers, early hints, 100-continue, request ids, and stopping."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import urllib.parse
from collections.abc import Callable, Iterator

import pytest
from hyperframe.frame import GoAwayFrame, PingFrame, SettingsFrame
from support.raw_http2 import Http2Connection, StreamReset
from support.server import APPS, ServerProcess
from support.waiting import eventually
from support.workers import start_versioned, write_code

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "large").write_bytes(os.urandom(3 * MEGABYTE + 5))
    (folder / "small.txt").write_bytes(b"small")
    return folder


@pytest.fixture(scope="module")
def server(files: pathlib.Path) -> Iterator[ServerProcess]:
    server = ServerProcess(
        "extensions:application", "--http2-cleartext", "--static", f"/static/={files}"
    ).start()
    yield server
    server.stop()


@pytest.fixture
def connection(server: ServerProcess) -> Iterator[Http2Connection]:
    with Http2Connection(server.port) as connection:
        yield connection


def path_query(path: pathlib.Path, **more: str) -> str:
    return urllib.parse.urlencode({"path": str(path), **more})


@pytest.mark.parametrize("name", ["small.txt", "large"])
def test_a_path_is_sent_completely(
    connection: Http2Connection, files: pathlib.Path, name: str
) -> None:
    expected = (files / name).read_bytes()
    response = connection.get(f"/path?{path_query(files / name)}")
    assert response.header("content-length") == str(len(expected))
    assert response.body == expected


def test_a_file_of_which_the_client_takes_little_holds_nothing_up(
    server: ServerProcess, files: pathlib.Path
) -> None:
    with Http2Connection(
        server.port, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1000}
    ) as connection:
        stream = connection.request("GET", f"/path?{path_query(files / 'large')}")
        assert connection.get("/static/small.txt").body == b"small"
        connection.open_window(stream, 1 << 30)
        assert connection.read_response(stream).body == (files / "large").read_bytes()


def test_several_files_are_sent_in_turn(connection: Http2Connection, files: pathlib.Path) -> None:
    streams = [connection.request("GET", "/static/large") for _ in range(5)]
    for stream in streams:
        assert connection.read_response(stream).body == (files / "large").read_bytes()


def test_a_file_that_has_become_shorter_resets_its_stream(
    server: ServerProcess, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(5 * MEGABYTE))
    with Http2Connection(
        server.port, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1000}
    ) as connection:
        stream = connection.request("GET", f"/path?{path_query(file)}")
        while not connection.responses.get(stream) or not connection.responses[stream].body:
            connection.read_frame()
        file.write_bytes(b"")
        connection.open_window(stream, 1 << 30)
        with pytest.raises(StreamReset):
            connection.read_response(stream)
        assert connection.get("/static/small.txt").body == b"small"
    server.wait_for_log("A response with the file .*/file was cut: it has become shorter")


def test_static_files_are_served(connection: Http2Connection, files: pathlib.Path) -> None:
    large = (files / "large").read_bytes()
    response = connection.get("/static/large")
    assert response.body == large
    etag = response.header("etag")
    assert etag
    assert connection.get("/static/large", [("if-none-match", etag)]).status == 304
    part = connection.get("/static/large", [("range", "bytes=5-1000004")])
    assert (part.status, part.body) == (206, large[5:1000005])
    head = connection.get("/static/large", method="HEAD")
    assert (head.header("content-length"), head.body) == (str(len(large)), b"")
    assert connection.get("/static/nothing").status == 404


def test_trailers_are_sent_to_a_client_that_accepts_them(connection: Http2Connection) -> None:
    response = connection.get("/trailers", [("te", "trailers")])
    assert response.body == b"body!"
    assert response.trailers == [("x-sum", "5"), ("x-more", "yes")]
    assert connection.get("/trailers").trailers == []


def test_trailers_follow_a_body_with_a_length(connection: Http2Connection) -> None:
    response = connection.get("/trailers?length=5", [("te", "trailers")])
    assert response.header("content-length") == "5"
    assert response.trailers == [("x-sum", "5"), ("x-more", "yes")]


def test_early_hints_come_before_the_response(connection: Http2Connection) -> None:
    response = connection.get("/hints")
    assert response.interim == [
        (103, [("link", "</a.css>; rel=preload; as=style")]),
        (103, [("link", "</b.js>"), ("link", "</c.js>")]),
    ]
    assert (response.status, response.body) == (200, b"body")


def test_continue_is_sent_at_the_first_receive(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("plain:application", "--http2-cleartext")
    with Http2Connection(server.port) as connection:
        expect = [("expect", "100-continue")]
        stream = connection.request("POST", "/hold?key=h2-continue&gate=go", expect, end=False)
        eventually(lambda: json.loads(connection.get("/seen?key=h2-continue").body).get("started"))
        assert stream not in connection.responses
        connection.get("/open?gate=go")
        while stream not in connection.responses:
            connection.read_frame()
        assert connection.responses[stream].interim == [(100, [])]
        connection.data(stream, b"12345", end=True)
        assert connection.read_response(stream).body == b"5"
        early = connection.request("POST", "/early", expect, end=False)
        response = connection.read_response(early)
        assert (response.status, response.interim) == (413, [])


def test_the_request_id_is_sent(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server(
        "plain:application", "--http2-cleartext", "--request-id-header", "x-request-id"
    )
    with Http2Connection(server.port) as connection:
        first, second = (connection.get("/hello").header("x-request-id") for _ in range(2))
        assert first
        assert second
        assert first != second


# --- stopping ---


def test_requests_are_answered_when_the_server_stops(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("streaming:application", "--http2-cleartext")
    with Http2Connection(server.port) as connection, Http2Connection(server.port) as idle:
        idle.settle()
        answer = connection.request("GET", "/answer")
        poll = connection.request("GET", "/poll")
        server.wait_for_log("poll began")
        server.process.send_signal(signal.SIGTERM)
        announced = connection.read_until(GoAwayFrame)
        assert (announced.last_stream_id, announced.error_code) == (0x7FFFFFFF, 0)
        assert connection.read_response(answer).body == b"data: 1\n\nwhole"
        assert connection.read_response(poll).status == 204
        assert connection.read_to_end() == 0
        assert connection.goaway is not None
        assert connection.goaway.last_stream_id == poll
        assert idle.read_to_end() == 0
    assert server.wait() == 0


def test_a_request_that_crosses_the_announcement_is_served(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("streaming:application", "--http2-cleartext")
    with Http2Connection(server.port) as connection:
        connection.request("GET", "/poll")
        server.wait_for_log("poll began")
        server.process.send_signal(signal.SIGTERM)
        while not isinstance(connection.read_frame(), GoAwayFrame):
            pass
        # The client has not answered the PING behind the announcement.
        late = connection.request("GET", "/answer")
        assert connection.read_response(late).body == b"data: 1\n\nwhole"
    assert server.wait() == 0


def test_a_reload_of_the_code_drains_connections(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    """--reload starts the whole server again."""
    code = tmp_path / "streaming.py"
    code.write_text((APPS / "streaming.py").read_text())
    server = start_server("streaming:application", "--http2-cleartext", "--reload", cwd=tmp_path)
    with Http2Connection(server.port) as connection:
        poll = connection.request("GET", "/poll")
        server.wait_for_log("poll began")
        before = len(server.log)
        code.write_text(code.read_text() + "\n")
        announced = connection.read_until(GoAwayFrame)
        assert (announced.last_stream_id, announced.error_code) == (0x7FFFFFFF, 0)
        assert connection.read_response(poll).status == 204
        assert connection.read_to_end() == 0
    server.wait_for_log("Listening on", before)


def test_connections_stay_when_python_processes_are_replaced(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    write_code(tmp_path, "one")
    server = start_versioned(start_server, tmp_path, "--http2-cleartext", workers=2)
    with Http2Connection(server.port) as connection:
        assert connection.get("/").body.startswith(b"one ")
        waiting = connection.request("GET", "/wait")
        server.wait_for_log("request /wait of")
        write_code(tmp_path, "two")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("Reloaded: 2 new Python processes work")
        assert connection.get("/").body.startswith(b"two ")
        (tmp_path / "go").touch()
        assert connection.read_response(waiting).body.startswith(b"one ")


def test_event_streams_end_when_the_server_stops(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("streaming:application", "--http2-cleartext")
    with Http2Connection(server.port) as connection:
        stream = connection.request("GET", "/events")
        server.wait_for_log("stream began")
        server.process.send_signal(signal.SIGTERM)
        assert connection.read_response(stream).body == b"data: 1\n\n"
        assert connection.read_to_end() == 0
    assert server.wait() == 0


def test_the_requests_of_a_connection_are_limited(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server(
        "plain:application", "--http2-cleartext", "--limit-requests-per-connection", "3"
    )
    with Http2Connection(server.port) as connection:
        for _ in range(3):
            assert connection.get("/hello").body == b"hello"
        assert connection.read_to_end() == 0
        assert any(isinstance(frame, PingFrame) for frame in connection.frames)
