"""A Django project over HTTP: views of every kind, forms, uploads, sessions, the admin."""

from __future__ import annotations

import hashlib
import os
import re

import httpx
import pytest
from support.raw_http import ConnectionEnded, RawConnection
from support.server import APPS, ServerProcess
from support.waiting import eventually


@pytest.fixture
def client(django_server: ServerProcess):  # type: ignore[no-untyped-def]
    with httpx.Client(base_url=django_server.url, timeout=60) as client:
        yield client


def log_in(client: httpx.Client) -> httpx.Response:
    page = client.get("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    fields = {"username": "admin", "password": "secret", "csrfmiddlewaretoken": token[1]}
    return client.post("/admin/login/?next=/admin/", data=fields)


def test_sync_views_do_not_block_the_event_loop(client: httpx.Client) -> None:
    assert client.get("/sync/").text == "sync, main thread: False"


def test_a_view_can_refuse_methods(client: httpx.Client) -> None:
    for method in ("DELETE", "PROPFIND", "FROBNICATE"):
        response = client.request(method, "/only-get/")
        assert (response.status_code, response.headers.get("allow")) == (405, "GET, HEAD, OPTIONS")


def test_cookies_of_several_headers(django_server: ServerProcess) -> None:
    with RawConnection(django_server.port) as connection:
        lines = ("Cookie: first=1", "Cookie: second=2", "Cookie: third=3")
        response = connection.get("/cookies-sent/", *lines).read_response()
    assert response.body == b'{"first": "1", "second": "2", "third": "3"}'


def test_async_views(client: httpx.Client) -> None:
    assert client.get("/async/").text == "async, loop: True"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_streaming_views(client: httpx.Client, kind: str) -> None:
    response = client.get(f"/stream-{kind}/")
    assert response.text == "0,1,2,3,4,"
    assert response.headers["transfer-encoding"] == "chunked"


def test_files(client: httpx.Client) -> None:
    expected = (APPS / "djangoproj" / "site_views.py").read_bytes()
    assert client.get("/file/").content == expected


def test_form_posts(client: httpx.Client) -> None:
    answer = client.post("/form/", data={"name": ["日本", "b"], "empty": ""}).json()
    assert answer == {"method": "POST", "fields": {"name": ["日本", "b"], "empty": [""]}}


def test_an_upload_of_50_megabytes(client: httpx.Client) -> None:
    content = os.urandom(1 << 20) * 50
    answer = client.post("/upload/", files={"file": ("large.bin", content)}).json()
    digest = hashlib.sha256(content).hexdigest()
    assert answer == {"name": "large.bin", "size": len(content), "sha256": digest}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_exception_in_a_view(
    client: httpx.Client, django_server: ServerProcess, kind: str
) -> None:
    start = len(django_server.log)
    assert client.get(f"/fail-{kind}/").status_code == 500
    django_server.wait_for_log(f"ValueError: {kind} view failed on purpose", start)
    assert client.get("/sync/").status_code == 200


def test_unknown_pages_and_hosts(client: httpx.Client) -> None:
    assert client.get("/nowhere/").status_code == 404
    assert client.get("/sync/", headers={"host": "evil.example"}).status_code == 400


def test_head_of_a_django_view(django_server: ServerProcess) -> None:
    with RawConnection(django_server.port) as connection:
        response = connection.get("/sync/", method="HEAD").read_response("HEAD")
        assert response.status == 200
        assert connection.get("/sync/").read_response().body.startswith(b"sync")


def test_sessions(client: httpx.Client) -> None:
    assert [client.get("/session/").text for _ in range(3)] == ["1", "2", "3"]


def test_the_admin_with_its_static_files(client: httpx.Client) -> None:
    assert client.get("/whoami/").text == ""
    answer = log_in(client)
    assert answer.status_code == 302
    page = client.get("/admin/")
    assert page.status_code == 200
    assert "Site administration" in page.text
    assert client.get("/whoami/").text == "admin"
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', page.text)
    assert sheets
    for sheet in sheets:
        style = client.get(sheet)
        assert style.status_code == 200
        assert style.headers["content-type"].startswith("text/css")
        assert len(style.content) == int(style.headers["content-length"])
    assert client.get("/static/nothing.css").status_code == 404


def test_a_static_file_not_modified(client: httpx.Client) -> None:
    first = client.get("/static/admin/css/base.css")
    since = {"if-modified-since": first.headers["last-modified"]}
    again = client.get("/static/admin/css/base.css", headers=since)
    assert (again.status_code, again.content) == (304, b"")


def test_a_wrong_csrf_token_is_refused(client: httpx.Client) -> None:
    client.get("/admin/login/")
    fields = {"username": "admin", "password": "secret", "csrfmiddlewaretoken": "x" * 64}
    assert client.post("/admin/login/", data=fields).status_code == 403


def test_a_disconnect_closes_the_stream(client: httpx.Client, django_server: ServerProcess) -> None:
    closed = client.get("/seen/").json()["streams_closed"]
    for leave in ("politely", "abruptly"):
        connection = RawConnection(django_server.port)
        connection.get("/stream-for-ever/")
        while b"tick" not in connection.buffer:
            assert connection.receive_more()
        if leave == "politely":
            connection.socket.close()
        else:
            connection.close_abruptly()
    eventually(lambda: client.get("/seen/").json()["streams_closed"] == closed + 2)


def test_request_finished_is_sent_once_per_request(client: httpx.Client) -> None:
    before = client.get("/seen/").json()["requests_finished"]
    for _ in range(5):
        client.get("/sync/")
    # The first of the two queries is also counted, the second one not yet.
    eventually(lambda: client.get("/seen/").json()["requests_finished"] >= before + 6)


def test_incomplete_uploads_do_not_affect_the_server(
    client: httpx.Client, django_server: ServerProcess
) -> None:
    head = (
        b"POST /upload/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    )
    with RawConnection(django_server.port) as connection:
        connection.send(head)
    assert client.get("/sync/").status_code == 200


def test_malformed_cookies_are_ignored(django_server: ServerProcess) -> None:
    with RawConnection(django_server.port) as connection:
        try:
            response = connection.get("/session/", "Cookie: =;;; \xff=\xfe; a").read_response()
        except ConnectionEnded:
            pytest.fail("the connection was cut")
        assert response.status in (200, 400)


@pytest.mark.parametrize("query", ["", "?streamed"])
def test_the_server_does_not_compress_djangos_responses(client: httpx.Client, query: str) -> None:
    response = client.get(f"/compressed/{query}", headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.text == "0123456789" * 1000
    assert ("content-length" in response.headers) == (query == "")
    plain = client.get(f"/compressed/{query}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == response.text
