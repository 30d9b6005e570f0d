"""ASGI's HTTP extensions: http.response.pathsend, .trailers and .early_hint."""

from __future__ import annotations

import os
import pathlib
import urllib.parse
from collections.abc import Iterator

import pytest
from support.raw_http import ConnectionEnded, RawConnection, Response
from support.sanitizers import ADDRESS_SANITIZER
from support.server import APPS, ServerProcess
from support.waiting import eventually

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess("extensions:application").start()
    yield server
    server.stop()


def ask(server: ServerProcess, target: str, *headers: str, method: str = "GET") -> Response:
    with RawConnection(server.port) as connection:
        return connection.get(target, *headers, method=method).read_response(method)


def path_query(path: pathlib.Path, **more: str) -> str:
    return urllib.parse.urlencode({"path": str(path), **more})


def test_the_extensions_are_advertised(server: ServerProcess) -> None:
    advertised = ask(server, "/extensions").body.decode()
    for name in ("pathsend", "trailers", "early_hint"):
        assert f'"http.response.{name}"' in advertised


# --- http.response.pathsend ---


@pytest.mark.parametrize("size", [0, 10, 5 * MEGABYTE + 3])
def test_a_path_is_sent_completely(
    server: ServerProcess, tmp_path: pathlib.Path, size: int
) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(size))
    with RawConnection(server.port) as connection:
        for _ in range(2):  # on one connection
            response = connection.get(f"/path?{path_query(file)}").read_response()
            assert response.status == 200
            assert response.header("content-length") == str(size)
            assert response.header("content-type") == "text/plain"
            assert response.body == file.read_bytes()


def test_a_path_with_unusual_characters_is_sent(
    server: ServerProcess, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "ö %41\n"
    file.write_bytes(b"found")
    assert ask(server, f"/path?{path_query(file)}").body == b"found"


def test_head_gets_the_length_of_a_path(server: ServerProcess, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 1000)
    with RawConnection(server.port) as connection:
        response = connection.get(f"/path?{path_query(file)}", method="HEAD").read_response("HEAD")
        assert response.header("content-length") == "1000"
        assert connection.get("/extensions").read_response().status == 200


def test_a_file_may_be_removed_once_it_has_been_sent(
    server: ServerProcess, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * MEGABYTE)
    assert len(ask(server, f"/path?{path_query(file, remove='yes')}").body) == MEGABYTE
    eventually(lambda: not file.exists())


def test_pipelined_paths_come_in_order(server: ServerProcess, tmp_path: pathlib.Path) -> None:
    files = [tmp_path / f"file{number}" for number in range(5)]
    for number, file in enumerate(files):
        file.write_bytes(b"%d" % number * (number * 200_000 + 1))
    with RawConnection(server.port) as connection:
        for file in files:
            connection.get(f"/path?{path_query(file)}")
        for file in files:
            assert connection.read_response().body == file.read_bytes()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("missing", "FileNotFoundError"),
        ("folder", "IsADirectoryError"),
        ("pipe", "OSError"),
        ("missing/below", "FileNotFoundError"),
    ],
)
def test_a_path_that_cannot_be_sent_is_answered_with_500_and_named_in_the_log(
    server: ServerProcess, tmp_path: pathlib.Path, name: str, error: str
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    log_start = len(server.log)
    assert ask(server, f"/path?{path_query(tmp_path / name)}").status == 500
    server.wait_for_log(rf"{error}: .*{tmp_path / name}", log_start)


def test_the_application_may_answer_instead_of_a_missing_file(
    server: ServerProcess, tmp_path: pathlib.Path
) -> None:
    missing = tmp_path / "missing"
    response = ask(server, f"/path_or_apology?{path_query(missing)}")
    assert response.status == 200
    assert response.body.decode() == f"FileNotFoundError {missing}"


def test_a_path_is_relative_to_the_working_directory(server: ServerProcess) -> None:
    response = ask(server, "/path?path=extensions.py")
    assert response.status == 200
    assert response.body == (APPS / "extensions.py").read_bytes()


def test_a_path_does_not_mix_with_other_parts(server: ServerProcess) -> None:
    assert b"must come after http.response.start, and alone" in ask(server, "/path_after_body").body


def test_no_more_of_a_file_is_sent_than_the_application_announced(
    server: ServerProcess, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    with RawConnection(server.port) as connection:
        connection.get(f"/path?{path_query(file, length='4')}")
        assert connection.read_response().body == b"0123"
        connection.get(f"/path?{path_query(file, length='11')}")
        with pytest.raises(ConnectionEnded):
            connection.read_response()


def test_a_file_that_shrinks_meanwhile_cuts_the_connection(
    server: ServerProcess, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "file"
    with file.open("wb") as content:
        content.truncate(200 * MEGABYTE)
    log_start = len(server.log)
    with RawConnection(server.port, receive_buffer=65536) as connection:
        connection.get(f"/path?{path_query(file)}")
        connection.receive_more()
        with file.open("r+b") as content:
            content.truncate(100)
        with pytest.raises(ConnectionEnded):
            connection.read_response()
    server.wait_for_log(f"{file} was cut: it has become shorter", log_start)
    assert ask(server, "/extensions").status == 200


def test_a_huge_file_for_a_slow_client_needs_no_more_memory(
    server: ServerProcess, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "file"
    size = 4096 * MEGABYTE
    with file.open("wb") as content:
        content.truncate(size)
    ask(server, "/extensions")
    idle = server.memory()
    with RawConnection(server.port, receive_buffer=65536) as connection:
        connection.get(f"/path?{path_query(file)}")
        for _ in range(20):
            read = 0
            while read < 5 * MEGABYTE:
                assert connection.receive_more()
                read += len(connection.buffer)
                connection.buffer.clear()
            assert ask(server, "/extensions").status == 200  # other requests are served meanwhile
        assert server.memory() - idle < 8 * MEGABYTE or ADDRESS_SANITIZER
        connection.close_abruptly()
    descriptors = pathlib.Path(f"/proc/{server.process.pid}/fd")

    def is_closed() -> bool:
        targets = []
        for link in descriptors.iterdir():
            try:
                targets.append(os.readlink(link))
            except FileNotFoundError:
                continue
        return str(file) not in targets

    eventually(is_closed)


# --- http.response.trailers ---

USUAL = [("x-sum", "5"), ("x-more", "yes")]


def test_trailers_follow_a_chunked_body_if_the_client_accepts_them(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        response = connection.get("/trailers", "TE: trailers", "Connection: TE").read_response()
        assert response.header("trailer") == "x-sum, x-more"
        assert response.body == b"body!"
        assert response.trailers == USUAL
        assert connection.get("/trailers", "TE: gzip;q=0.5, Trailers").read_response().trailers


def test_trailers_follow_a_response_whose_start_has_no_headers(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        response = connection.get("/trailers_without_headers", "TE: trailers").read_response()
        assert (response.body, response.trailers) == (b"body!", [("x-sum", "5")])


@pytest.mark.parametrize("headers", [[], ["TE: gzip"]])
def test_a_client_that_does_not_ask_gets_no_trailers(
    server: ServerProcess, headers: list[str]
) -> None:
    response = ask(server, "/trailers", *headers)
    assert (response.body, response.trailers) == (b"body!", [])


def test_a_body_with_a_length_has_no_trailers(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        for _ in range(2):
            response = connection.get("/trailers?length=5", "TE: trailers").read_response()
            assert (response.body, response.chunks) == (b"body!", [])


def test_http_1_0_has_no_trailers(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.send(b"GET /trailers HTTP/1.0\r\nTE: trailers\r\n\r\n")
        assert connection.read_to_end().endswith(b"\r\n\r\nbody!")


def test_head_has_no_trailers(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.get("/trailers", "TE: trailers", method="HEAD").read_response("HEAD")
        assert connection.get("/extensions").read_response().status == 200


def test_a_response_without_its_trailers_is_cut(server: ServerProcess) -> None:
    log_start = len(server.log)
    with pytest.raises(ConnectionEnded):
        ask(server, "/no_trailers", "TE: trailers")
    server.wait_for_log("returned before the end of its response", log_start)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("name=Content-Length", "Content-Length cannot be a trailer: it has to come before"),
        ("name=set-cookie", "set-cookie cannot be a trailer: it has to come before the body"),
        ("name=a%20b", "a b cannot be a trailer: its name is invalid"),
        ("name=x-a&value=b%0d%0ac", "x-a cannot be a trailer: its value contains a control"),
    ],
)
def test_a_field_that_cannot_be_a_trailer_is_an_error(
    server: ServerProcess, query: str, error: str
) -> None:
    response = ask(server, f"/bad_trailer?{query}", "TE: trailers")
    assert response.body == b"body"
    ((name, value),) = response.trailers
    assert name == "x-error"
    assert value.startswith(error)


def test_trailers_that_were_not_announced_are_an_error(server: ServerProcess) -> None:
    assert b"started with trailers=True" in ask(server, "/unannounced_trailers").body


# --- http.response.early_hint ---


def test_early_hints_come_before_the_response(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.get("/hints")
        first = connection.read_response()
        assert (first.status, first.reason) == (103, "Early Hints")
        assert first.headers == [("link", "</a.css>; rel=preload; as=style")]
        second = connection.read_response()
        assert second.status == 103
        assert second.headers == [("link", "</b.js>"), ("link", "</c.js>")]
        final = connection.read_response()
        assert (final.status, final.body) == (200, b"body")


def test_http_1_0_gets_no_early_hints(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.send(b"GET /hints HTTP/1.0\r\n\r\n")
        assert connection.read_response().status == 200


def test_a_hint_cannot_smuggle_headers(server: ServerProcess) -> None:
    assert b"has a control character" in ask(server, "/bad_hint").body
