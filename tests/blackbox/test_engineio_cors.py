"""Pages of other origins: preflights, the headers of every response, and which pages may
connect.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.engineio import PollingSession, WebSocketSession
from support.raw_http import RawConnection, Response
from support.server import ServerProcess, run_to_end
from support.socketio_apps import APPS
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

PAGE = "https://page.example"
OTHER = "https://evil.example"
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
CORS_HEADERS = ("access-control-", "vary")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """Pages of one origin and of the subdomains of another one are allowed, with cookies."""
    started = ServerProcess(
        "native:application",
        *("--socketio-cors-origins", f"{PAGE},https://*.apps.example"),
        "--socketio-cors-credentials",
        *("--socketio-cors-exposed-headers", "x-served-by"),
        *("--socketio-cors-max-age", "600"),
        cwd=APPS,
    ).start()
    yield started
    started.stop()


def ask(server: ServerProcess, method: str, target: str, *headers: str) -> Response:
    with RawConnection(server.port) as connection:
        return connection.get(target, *headers, method=method).read_response(method)


def cors_headers(response: Response) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in response.headers
        if name.lower().startswith(CORS_HEADERS)
    }


@pytest.mark.parametrize("target", [HANDSHAKE, "/socket.io", "/socket.io/socket.io.js"])
def test_a_preflight(target: str, server: ServerProcess) -> None:
    answer = ask(
        server,
        "OPTIONS",
        target,
        f"Origin: {PAGE}",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: x-token,content-type",
    )
    assert answer.status == 204
    assert answer.header("content-length") is None
    assert cors_headers(answer) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, HEAD, POST",
        "access-control-allow-headers": "x-token,content-type",
        "access-control-max-age": "600",
        "vary": "Origin, Access-Control-Request-Headers",
    }


def test_a_preflight_of_another_origin(server: ServerProcess) -> None:
    for origin in (f"Origin: {OTHER}", "Origin: null", "X-No-Origin: 1"):
        answer = ask(server, "OPTIONS", HANDSHAKE, origin, "Access-Control-Request-Method: POST")
        assert answer.status == 204
        assert cors_headers(answer) == {"vary": "Origin"}


@pytest.mark.parametrize("origin", [PAGE, "https://chat.apps.example"])
async def test_every_response_of_a_session(origin: str, server: ServerProcess) -> None:
    expected = {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-served-by",
        "vary": "Origin",
    }

    def check(response: httpx.Response, status: int = 200) -> None:
        assert response.status_code == status
        found = {k: v for k, v in response.headers.items() if k.startswith(CORS_HEADERS)}
        assert found == expected

    async with PollingSession(server.url, headers={"Origin": origin}) as session:
        check(await session.http.get(HANDSHAKE))
        check(await session.post("40"))
        check(await session.get())
        check(await session.post("x" * 1_000_001), 413)
        check(await session.http.get(f"{HANDSHAKE}&sid=nobody"), 400)
        check(await session.http.post(HANDSHAKE), 400)
        check(await session.http.get("/socket.io/?EIO=3&transport=polling"), 400)
        check(await session.http.get("/socket.io/socket.io.js"))
        check(await session.post("nonsense"), 400)


def test_another_origin_is_refused_without_a_header(server: ServerProcess) -> None:
    for origin in (OTHER, "null", f"{PAGE}.evil.example", "http://page.example", f"{PAGE}:444"):
        answer = ask(server, "GET", HANDSHAKE, f"Origin: {origin}")
        assert answer.status == 403
        assert answer.body == b'{"code":4,"message":"Forbidden"}'
        assert cors_headers(answer) == {"vary": "Origin"}


async def test_websockets_of_these_origins_only(server: ServerProcess) -> None:
    async with WebSocketSession(server.url, headers={"Origin": PAGE}) as session:
        await session.join_namespace()
    url = f"{server.websocket_url}/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, additional_headers={"Origin": OTHER}, proxy=None)
    assert caught.value.response.status_code == 403
    assert "access-control-allow-origin" not in caught.value.response.headers


def test_own_pages_are_still_accepted(server: ServerProcess) -> None:
    assert ask(server, "GET", HANDSHAKE, "Origin: http://localhost:8000").status == 200
    assert ask(server, "GET", HANDSHAKE).status == 200


def test_any_origin(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("native:application", "--socketio-cors-origins", "*", cwd=APPS)
    answer = ask(server, "GET", HANDSHAKE, f"Origin: {OTHER}")
    assert answer.status == 200
    assert cors_headers(answer) == {"access-control-allow-origin": "*"}


def test_a_project_that_routes_socketio_itself(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    """Its middleware decides who may connect; Engine.IO still adds the headers."""
    server = start_server(
        "routed_asgi:application",
        *("--socketio-cors-origins", PAGE),
        cwd=APPS / "project",
        env={"DJANGO_SETTINGS_MODULE": "routed_settings", "PROJECT_FOLDER": str(tmp_path)},
    )
    target = "/games/chess/live/?EIO=4&transport=polling"
    preflight = ask(
        server, "OPTIONS", target, f"Origin: {PAGE}", "Access-Control-Request-Method: POST"
    )
    assert preflight.status == 204
    assert preflight.header("access-control-allow-origin") == PAGE
    handshake = ask(server, "GET", target, f"Origin: {PAGE}")
    assert handshake.status == 200
    assert handshake.header("access-control-allow-origin") == PAGE
    other = ask(server, "GET", target, f"Origin: {OTHER}")
    assert other.status == 200
    assert cors_headers(other) == {"vary": "Origin"}


def test_cors_is_off_by_default(socketio_server: ServerProcess) -> None:
    """CVE-2020-28481: earlier versions of the reference server allowed every page."""
    preflight = ask(
        socketio_server,
        "OPTIONS",
        HANDSHAKE,
        f"Origin: {OTHER}",
        "Access-Control-Request-Method: POST",
    )
    assert preflight.status == 400
    assert preflight.body == b'{"code":2,"message":"Bad handshake method"}'
    answers = [
        preflight,
        ask(socketio_server, "GET", HANDSHAKE, f"Origin: {OTHER}"),
        ask(socketio_server, "GET", HANDSHAKE, "Origin: http://localhost:8000"),
        ask(socketio_server, "GET", "/socket.io/socket.io.js", f"Origin: {OTHER}"),
    ]
    assert [cors_headers(answer) for answer in answers] == [{}] * 4


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--socketio-cors-origins", "page.example"], 'cors_origins: "page.example" is no origin'),
        (["--socketio-cors-origins", f"{PAGE}/"], f'cors_origins: "{PAGE}/" is no origin'),
        (
            ["--socketio-cors-origins", "*", "--socketio-cors-credentials"],
            'cors_origins: "*" cannot go together with cors_credentials',
        ),
        (["--socketio-cors-credentials"], "cors_credentials: means nothing without cors_origins"),
        (["--socketio-cookie", "my cookie"], 'cookie: "my cookie" is no name of a cookie'),
        (
            ["--socketio-cookie", "io", "--socketio-cookie-attributes", "SameSite=None"],
            "cookie_attributes: SameSite=None needs Secure",
        ),
        (["--socketio-transports", "webtransport"], 'transports: "webtransport" is neither'),
    ],
)
def test_an_invalid_option_is_refused_at_the_start(arguments: list[str], reason: str) -> None:
    ended = run_to_end("native:application", *arguments, cwd=APPS)
    assert ended.returncode != 0
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr
