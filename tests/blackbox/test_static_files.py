"""--static: files served without the application, with raw requests that a client would
normalize.
"""

from __future__ import annotations

import email
import gzip
import os
import pathlib
import re
from collections.abc import Iterator

import httpx
import pytest
from support.raw_http import RawConnection, Response
from support.server import ServerProcess, run_to_end

CSS = b"body { color: #123456 }\n" * 50
LARGE = bytes(range(256)) * 4096 * 3  # 3 MB


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A directory with the mounts `files` and `special`, and secret files next to them."""
    root = tmp_path_factory.mktemp("static")
    files = root / "files"
    (files / "sub" / ".well-known").mkdir(parents=True)
    (root / "secret.txt").write_bytes(b"secret")
    for name, content in {
        "a.css": CSS,
        "empty.txt": b"",
        "large.bin": LARGE,
        "base.27e20196a850.js": b"hashed",
        "ö b.TXT": b"umlaut",
        "index.html": b"index",
        "data": b"no extension",
        ".env": b"secret",
        "sub/.htaccess": b"secret",
        "sub/x.json": b"{}",
        "page.html": b"original",
        "page.html.gz": gzip.compress(b"compressed", mtime=0),
        "page.html.br": b"brotli",
    }.items():
        (files / name).write_bytes(content)
    (files / "out").symlink_to("../secret.txt")
    (files / "up").symlink_to("..")
    (files / "absolute").symlink_to(root / "secret.txt")
    (files / "in.css").symlink_to("a.css")
    (root / "special").mkdir()
    (root / "special" / "a.css").write_bytes(b"special")
    return root


@pytest.fixture(scope="module")
def server(root: pathlib.Path) -> Iterator[ServerProcess]:
    mounts = [f"/static/={root / 'files'}", f"/static/special/={root / 'special'}"]
    arguments = [part for mount in mounts for part in ("--static", mount)]
    server = ServerProcess("plain:application", *arguments).start()
    yield server
    server.stop()


def ask(server: ServerProcess, target: str, *headers: str, method: str = "GET") -> Response:
    with RawConnection(server.port) as connection:
        return connection.get(target, *headers, method=method).read_response(method)


# --- Files ---


def test_a_file_is_served(server: ServerProcess) -> None:
    response = ask(server, "/static/a.css?v=1")
    assert (response.status, response.body) == (200, CSS)
    assert response.header("content-type") == "text/css; charset=utf-8"
    assert response.header("content-length") == str(len(CSS))
    assert response.header("cache-control") == "public, max-age=60"
    assert response.header("x-content-type-options") == "nosniff"
    assert response.header("accept-ranges") == "bytes"
    assert re.fullmatch(r'"[0-9a-f]+-[0-9a-f]+"', response.header("etag") or "")
    assert response.header("last-modified")
    assert response.header("date")
    assert response.header("vary") is None


@pytest.mark.parametrize(
    ("target", "content_type", "body"),
    [
        ("/static/empty.txt", "text/plain; charset=utf-8", b""),
        ("/static/large.bin", "application/octet-stream", LARGE),
        ("/static/data", "application/octet-stream", b"no extension"),
        ("/static/%C3%B6%20b.TXT", "text/plain; charset=utf-8", b"umlaut"),
        ("/%73tatic/sub/x.json", "application/json", b"{}"),
        ("/static/in.css", "text/css; charset=utf-8", CSS),
        ("/static/special/a.css", "text/css; charset=utf-8", b"special"),
        ("/static/base.27e20196a850.js", "text/javascript; charset=utf-8", b"hashed"),
        ("http://elsewhere/static/sub/x.json", "application/json", b"{}"),
    ],
)
def test_files_of_every_kind(
    server: ServerProcess, target: str, content_type: str, body: bytes
) -> None:
    response = ask(server, target)
    assert (response.status, response.body) == (200, body)
    assert response.header("content-type") == content_type


def test_a_hashed_name_is_cached_for_ever(server: ServerProcess) -> None:
    response = ask(server, "/static/base.27e20196a850.js")
    assert response.header("cache-control") == "public, max-age=31536000, immutable"


def test_head_gets_the_same_headers(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        for target in ("/static/a.css", "/static/large.bin"):
            get = connection.get(target).read_response()
            head = connection.get(target, method="HEAD").read_response("HEAD")
            drop_date = [pair for pair in get.headers if pair[0] != "date"]
            assert [pair for pair in head.headers if pair[0] != "date"] == drop_date


def test_pipelined_requests_are_answered_in_order(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        targets = ["/static/large.bin", "/static/a.css", "/hello", "/static/none", "/static/data"]
        for target in targets:
            connection.get(target)
        answers = [connection.read_response() for _ in targets]
        assert [answer.status for answer in answers] == [200, 200, 200, 404, 200]
        assert answers[0].body == LARGE
        assert answers[1].body == CSS
        assert answers[4].body == b"no extension"


def test_the_application_answers_everything_else(server: ServerProcess) -> None:
    assert ask(server, "/hello").body == b"hello"
    assert b'"path": "/static"' in ask(server, "/static").body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(server: ServerProcess, method: str) -> None:
    with RawConnection(server.port) as connection:
        connection.get("/static/a.css", "Content-Length: 4", method=method).send(b"body")
        response = connection.read_response()
        assert (response.status, response.header("allow")) == (405, "GET, HEAD")
        assert connection.get("/static/a.css").read_response().body == CSS


def test_a_new_or_changed_file_is_served_immediately(
    server: ServerProcess, root: pathlib.Path
) -> None:
    file = root / "files" / "late.txt"
    assert ask(server, "/static/late.txt").status == 404
    file.write_bytes(b"one")
    first = ask(server, "/static/late.txt")
    file.write_bytes(b"two")
    second = ask(server, "/static/late.txt", f"If-None-Match: {first.header('etag')}")
    assert (first.body, second.body) == (b"one", b"two")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_forbidden(server: ServerProcess, root: pathlib.Path) -> None:
    file = root / "files" / "unreadable.txt"
    file.write_bytes(b"x")
    file.chmod(0)
    assert ask(server, "/static/unreadable.txt").status == 403
    server.wait_for_log("unreadable.txt cannot be read: Permission denied")


# --- Paths outside the directory ---


@pytest.mark.parametrize(
    "target",
    [
        "/static/",
        "/static/missing.css",
        "/static/sub",
        "/static/sub/",
        "/static/a.css/",
        "/static/a.css/x",
        "/static/../secret.txt",
        "/static/sub/../../secret.txt",
        "/static/sub/../a.css",
        "/static/./a.css",
        "/static/%2e%2e/secret.txt",
        "/static/%2E./secret.txt",
        "/static/..%2fsecret.txt",
        "/static/..%2Fsecret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/..%5csecret.txt",
        "/static/..\\secret.txt",
        "/static/%252e%252e/secret.txt",
        "/static//etc/hostname",
        "/static/%2fetc/hostname",
        "/static/a.css%00",
        "/static/%00",
        "/static/.env",
        "/static/%2eenv",
        "/static/sub/.htaccess",
        "/static/out",
        "/static/absolute",
        "/static/up/secret.txt",
        "/static/special/../a.css",
        "/static/%c0%ae%c0%ae/secret.txt",
        "/static/" + "x" * 300,
        "/static/" + "d/" * 3000 + "x",
    ],
)
def test_only_regular_files_are_served(server: ServerProcess, target: str) -> None:
    response = ask(server, target)
    assert (response.status, response.body) == (404, b"Not Found\n")


def test_invalid_paths_are_not_found(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.send(b"GET /static/a.css\0 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.read_response().status == 400


# --- Conditional requests ---


def test_an_unchanged_file_is_not_sent_again(server: ServerProcess) -> None:
    fresh = ask(server, "/static/a.css")
    for header in (
        f"If-None-Match: {fresh.header('etag')}",
        f'If-None-Match: "other", W/{fresh.header("etag")}',
        f"If-Modified-Since: {fresh.header('last-modified')}",
    ):
        with RawConnection(server.port) as connection:
            response = connection.get("/static/a.css", header).read_response()
            assert response.status == 304, header
            for name in ("etag", "last-modified", "cache-control"):
                assert response.header(name) == fresh.header(name)
            assert connection.get("/hello").read_response().body == b"hello"
    assert ask(server, "/static/a.css", 'If-None-Match: "other"').status == 200
    old = "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"
    assert ask(server, "/static/a.css", old).status == 200


def test_a_failed_precondition_is_412(server: ServerProcess) -> None:
    assert ask(server, "/static/a.css", 'If-Match: "other"').status == 412
    old = "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"
    assert ask(server, "/static/a.css", old).status == 412
    assert ask(server, "/static/a.css", "If-Match: *").status == 200


# --- Ranges ---


@pytest.mark.parametrize("name", ["a.css", "large.bin"])
@pytest.mark.parametrize(
    ("value", "part"),
    [("0-0", slice(0, 1)), ("5-9", slice(5, 10)), ("100-", slice(100, None)),
     ("-7", slice(-7, None)), ("0-99999999", slice(None))],
)  # fmt: skip
def test_a_range(server: ServerProcess, name: str, value: str, part: slice) -> None:
    content = {"a.css": CSS, "large.bin": LARGE}[name]
    response = ask(server, f"/static/{name}", f"Range: bytes={value}")
    assert (response.status, response.body) == (206, content[part])
    first, end, _ = part.indices(len(content))
    assert response.header("content-range") == f"bytes {first}-{end - 1}/{len(content)}"


@pytest.mark.parametrize("ranges", [[(0, 4), (10, 12)], [(70_000, 200_000), (0, 0), (9, 90_000)]])
def test_several_ranges(server: ServerProcess, ranges: list[tuple[int, int]]) -> None:
    value = ", ".join(f"{first}-{last}" for first, last in ranges)
    with RawConnection(server.port) as connection:
        response = connection.get("/static/large.bin", f"Range: bytes={value}").read_response()
        assert response.status == 206
        assert connection.get("/hello").read_response().body == b"hello"
    head = f"Content-Type: {response.header('content-type')}\r\n\r\n".encode()
    message = email.message_from_bytes(head + response.body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    assert len(parts) == len(ranges)
    boundary = re.fullmatch(
        r"multipart/byteranges; boundary=(\S+)", response.header("content-type") or ""
    )
    assert boundary
    pieces = response.body.split(b"--" + boundary[1].encode())
    for (first, last), piece in zip(ranges, pieces[1:-1], strict=True):
        fields, content = piece.split(b"\r\n\r\n", 1)
        assert content == LARGE[first : last + 1] + b"\r\n"
        assert b"content-range: bytes %d-%d/%d" % (first, last, len(LARGE)) in fields


def test_a_range_after_the_end_is_416(server: ServerProcess) -> None:
    response = ask(server, "/static/a.css", "Range: bytes=99999-")
    assert response.status == 416
    assert response.header("content-range") == f"bytes */{len(CSS)}"


@pytest.mark.parametrize(
    "value", ["lines=0-1", "bytes=x", "bytes=5-2", "bytes=" + "0-0," * 50 + "0-0", "bytes=0-,0-,0-"]
)
def test_an_invalid_range_is_ignored(server: ServerProcess, value: str) -> None:
    response = ask(server, "/static/a.css", f"Range: {value}")
    assert (response.status, response.body) == (200, CSS)


def test_if_range_needs_the_same_file(server: ServerProcess) -> None:
    etag = ask(server, "/static/a.css").header("etag")
    part = ask(server, "/static/a.css", "Range: bytes=0-0", f"If-Range: {etag}")
    assert part.status == 206
    whole = ask(server, "/static/a.css", "Range: bytes=0-0", 'If-Range: "other"')
    assert (whole.status, whole.body) == (200, CSS)


# --- Precompressed variants ---


@pytest.mark.parametrize(
    ("accept", "coding", "body"),
    [
        ("gzip, br", "br", b"brotli"),
        ("br;q=0.1, gzip", "gzip", gzip.compress(b"compressed", mtime=0)),
        ("gzip;q=0, *;q=0.1", "br", b"brotli"),
        ("zstd", None, b"original"),
        ("identity", None, b"original"),
        ("gzip;q=0", None, b"original"),
    ],
)
def test_the_best_variant_is_chosen(
    server: ServerProcess, accept: str, coding: str | None, body: bytes
) -> None:
    response = ask(server, "/static/page.html", f"Accept-Encoding: {accept}")
    assert response.header("content-encoding") == coding
    assert response.header("content-type") == "text/html; charset=utf-8"
    assert response.header("vary") == "Accept-Encoding"
    assert len(response.body) == len(body)
    assert coding == "gzip" or response.body == body


def test_a_client_library_decompresses_a_variant(server: ServerProcess) -> None:
    url = server.url + "/static/page.html"
    assert httpx.get(url, headers={"Accept-Encoding": "gzip"}).text == "compressed"


def test_variants_have_different_tags(server: ServerProcess) -> None:
    tags = {
        ask(server, "/static/page.html", f"Accept-Encoding: {coding}").header("etag")
        for coding in ("br", "gzip", "identity")
    }
    assert len(tags) == 3
    (brotli,) = [tag for tag in tags if tag and tag.endswith('-br"')]
    headers = [f"If-None-Match: {brotli}"]
    assert ask(server, "/static/page.html", "Accept-Encoding: br", *headers).status == 304
    assert ask(server, "/static/page.html", *headers).status == 200


def test_a_compressed_file_can_be_requested_by_its_own_name(server: ServerProcess) -> None:
    response = ask(server, "/static/page.html.gz", "Accept-Encoding: gzip")
    assert response.header("content-type") == "application/gzip"
    assert response.header("content-encoding") is None


# --- Start and deployment ---


def test_a_directory_that_is_missing_is_an_error_at_start(tmp_path: pathlib.Path) -> None:
    missing = tmp_path / "missing"
    result = run_to_end("plain:application", "--port", "0", "--static", f"/static/={missing}")
    assert result.returncode == 3
    assert f'--static /static/={missing}: "{missing}" is not a directory' in result.stderr
    assert "Traceback" not in result.stderr


BLOCKING_APPLICATION = """
import time

async def application(scope, receive, send):
    if scope["type"] == "http":
        print("blocking", flush=True)
        time.sleep(2)
    raise RuntimeError
"""


def test_files_do_not_wait_for_the_application(start_server, tmp_path: pathlib.Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("here")
    (tmp_path / "blocking.py").write_text(BLOCKING_APPLICATION)
    server = start_server("blocking:application", "--static", "/s/=files", cwd=tmp_path)
    with RawConnection(server.port) as busy:
        busy.get("/")
        server.wait_for_log("blocking")
        for _ in range(20):
            assert ask(server, "/s/a.txt").body == b"here"
        busy.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            busy.socket.recv(1)
