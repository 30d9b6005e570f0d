"""The content of the scope."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import httpx
import pytest
from support.certificates import Authority
from support.raw_http import RawConnection
from support.server import APPS, ServerProcess
from websockets.sync.client import connect


def scope_of(server: ServerProcess, target: str, *headers: str) -> dict[str, Any]:
    with RawConnection(server.port) as connection:
        body = connection.get(target, *headers).read_response().body
    return httpx.Response(200, content=body).json()


def text(value: dict[str, str]) -> str:
    """The text of a bytes value in the scope."""
    return value["bytes"]


def test_an_ordinary_request(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        own_address = list(connection.socket.getsockname())
        connection.get("/a/b?x=1&y=%20", "X-Twice: 1", "x-twice: 2", "X-Space:   padded  ")
        scope = httpx.Response(200, content=connection.read_response().body).json()
    assert scope["type"] == "http"
    assert scope["http_version"] == "1.1"
    assert scope["method"] == "GET"
    assert scope["scheme"] == "http"
    assert scope["path"] == "/a/b"
    assert text(scope["raw_path"]) == "/a/b"
    assert text(scope["query_string"]) == "x=1&y=%20"
    assert scope["root_path"] == ""
    assert scope["client"] == own_address
    assert scope["server"] == ["127.0.0.1", plain_server.port]
    headers = [(text(name), text(value)) for name, value in scope["headers"]]
    assert headers == [
        ("host", "localhost"),
        ("x-twice", "1"),
        ("x-twice", "2"),
        ("x-space", "padded"),
    ]


def test_versions_and_extensions(plain_server: ServerProcess) -> None:
    scope = scope_of(plain_server, "/scope")
    assert scope["asgi"]["version"] == "3.0"
    assert scope["asgi"]["spec_version"] == "2.3"
    assert isinstance(scope["extensions"], dict)


def test_the_path_is_decoded_once(plain_server: ServerProcess) -> None:
    scope = scope_of(plain_server, "/caf%C3%A9/%2541/a%2Fb?q=%C3%A9")
    assert scope["path"] == "/café/%41/a/b"
    assert text(scope["raw_path"]) == "/caf%C3%A9/%2541/a%2Fb"
    assert text(scope["query_string"]) == "q=%C3%A9"


def test_a_path_that_is_not_utf_8_does_not_break_the_server(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        assert connection.get("/%ff%fe").read_response().status in (200, 400)
        assert connection.get("/hello").read_response().body == b"hello"


def test_an_empty_query_is_empty_bytes(plain_server: ServerProcess) -> None:
    assert text(scope_of(plain_server, "/scope")["query_string"]) == ""
    assert text(scope_of(plain_server, "/scope?")["query_string"]) == ""


def test_http_1_0_is_in_the_scope(plain_server: ServerProcess) -> None:
    with RawConnection(plain_server.port) as connection:
        response = connection.send(b"GET /scope HTTP/1.0\r\n\r\n").read_response()
    assert httpx.Response(200, content=response.body).json()["http_version"] == "1.0"


def test_an_absolute_target_is_reduced_to_its_path(plain_server: ServerProcess) -> None:
    scope = scope_of(plain_server, "http://localhost/a/b?x=1")
    assert scope["path"] == "/a/b"
    assert text(scope["query_string"]) == "x=1"


def test_the_method_is_passed_on(plain_server: ServerProcess) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        assert httpx.request(method, plain_server.url + "/scope").json()["method"] == method


def test_the_lifespans_state_is_in_the_scope(plain_server: ServerProcess) -> None:
    assert scope_of(plain_server, "/scope")["state"] == {"started_by": "lifespan"}


def test_headers_may_contain_any_bytes_above_space(plain_server: ServerProcess) -> None:
    scope = scope_of(plain_server, "/scope", "X-Latin: caf\xe9")
    headers = {text(name): text(value) for name, value in scope["headers"]}
    assert headers["x-latin"] == "caf\xe9"


@pytest.mark.parametrize("tls", [False, True])
def test_extensions_are_json(start_server, tmp_path: pathlib.Path, tls: bool) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "dumping.py").write_text(
        "import json\n"
        "async def application(scope, receive, send):\n"
        "    extensions = json.dumps(scope['extensions'])\n"
        "    if scope['type'] == 'websocket':\n"
        "        await send({'type': 'websocket.accept'})\n"
        "        await send({'type': 'websocket.send', 'text': extensions})\n"
        "    else:\n"
        "        await send({'type': 'http.response.start', 'status': 200})\n"
        "        await send({'type': 'http.response.body', 'body': extensions.encode()})\n"
    )
    authority = Authority(tmp_path / "certificates")
    options: tuple[str, ...] = ()
    context = None
    if tls:
        own = authority.issue("client")
        options = (
            *authority.issue().options,
            *("--tls-client-certs", "required", "--tls-client-ca", str(authority.certificate)),
        )
        context = authority.client_context(own)
    server = start_server("dumping:application", "--lifespan", "off", *options, cwd=tmp_path)
    response = httpx.get(server.url, verify=context or True)
    assert response.status_code == 200
    with connect(server.websocket_url, proxy=None, ssl=context) as websocket:
        for extensions in (response.json(), json.loads(websocket.recv())):
            assert extensions["sioserve.stop"] == {}
            assert isinstance(extensions["sioserve.request_id"], str)
            assert ("tls" in extensions) == tls


def test_values_have_the_types_of_uvicorn(start_server, tmp_path: pathlib.Path) -> None:  # type: ignore[no-untyped-def]
    """Pairs are tuples, as in asgiref.typing; sequences of pairs are lists."""
    (tmp_path / "typing_app.py").write_text(
        "async def application(scope, receive, send):\n"
        "    names = [type(scope[name]).__name__ for name in ('client', 'server', 'headers')]\n"
        "    names += [type(pair).__name__ for pair in scope['headers']][:1]\n"
        "    names += [type(part).__name__ for part in scope['headers'][0]]\n"
        "    names += [type(scope['client'][1]).__name__]\n"
        "    if scope['type'] == 'websocket':\n"
        "        names += [type(scope['subprotocols']).__name__, *scope['subprotocols']]\n"
        "        await send({'type': 'websocket.accept'})\n"
        "        await send({'type': 'websocket.send', 'text': ' '.join(names)})\n"
        "    else:\n"
        "        await send({'type': 'http.response.start', 'status': 200})\n"
        "        await send({'type': 'http.response.body', 'body': ' '.join(names).encode()})\n"
    )
    server = start_server("typing_app:application", "--lifespan", "off", cwd=tmp_path)
    types = "tuple tuple list tuple bytes bytes int"
    assert httpx.get(server.url).text == types
    with connect(server.websocket_url, proxy=None, subprotocols=["a", "b"]) as websocket:
        assert websocket.recv() == types + " list a b"


def test_a_plain_function_that_returns_an_awaitable_is_an_application(
    start_server,  # type: ignore[no-untyped-def]
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "plain_function.py").write_text(
        "import sys\n"
        f"sys.path.append({str(APPS)!r})\n"
        "from plain import application as inner\n"
        "def application(scope, receive, send):\n"
        "    return inner(scope, receive, send)\n"
    )
    server = start_server("plain_function:application", cwd=tmp_path)
    assert httpx.get(server.url + "/hello").text == "hello"
    assert scope_of(server, "/scope")["state"] == {"started_by": "lifespan"}
    with connect(server.websocket_url + "/echo", proxy=None) as websocket:
        websocket.send("x")
        assert websocket.recv() == "x"


def headers_of(scope: dict[str, Any]) -> list[tuple[str, str]]:
    headers = [(text(name), text(value)) for name, value in scope["headers"]]
    return [(name, value) for name, value in headers if name != "host"]


UNDERSCORES = ("X_Tenant: a", "X_User: eve", "X-User: bob", "X_Forwarded_For: 6.6.6.6")


def test_headers_with_an_underscore_are_dropped(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("plain:application", "--log-level", "debug")
    assert headers_of(scope_of(server, "/scope", *UNDERSCORES)) == [("x-user", "bob")]
    for name in ("x_tenant", "x_user", "x_forwarded_for"):
        server.wait_for_log(f"Dropped the header {name} of /scope: its name has an underscore")


def test_headers_with_an_underscore_can_be_kept(start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("plain:application", "--underscore-headers", "keep")
    kept = [("x_tenant", "a"), ("x-user", "bob")]
    assert headers_of(scope_of(server, "/scope", *UNDERSCORES)) == kept


def test_cookie_headers_are_joined(plain_server: ServerProcess) -> None:
    cookies = ("Cookie: a=1", "X-Other: x", "cookie: b=2; c=3", "COOKIE: d=4")
    expected = [("cookie", "a=1; b=2; c=3; d=4"), ("x-other", "x")]
    assert headers_of(scope_of(plain_server, "/scope", *cookies)) == expected


def test_successive_requests_have_their_own_method_and_version(plain_server: ServerProcess) -> None:
    def seen(request_line: str) -> tuple[str, str]:
        with RawConnection(plain_server.port) as connection:
            connection.send(
                f"{request_line}\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode()
            )
            scope = httpx.Response(200, content=connection.read_response().body).json()
        return scope["method"], scope["http_version"]

    assert seen("GET /scope HTTP/1.1") == ("GET", "1.1")
    assert seen("POST /scope HTTP/1.0") == ("POST", "1.0")
    assert seen("POST /scope HTTP/1.1") == ("POST", "1.1")
    assert seen("GET /scope HTTP/1.0") == ("GET", "1.0")
