"""Handshakes, the order of their checks, origins, and the client library's files."""

from __future__ import annotations

import re

import httpx
import pytest
from support.engineio import SESSIONS, PollingSession
from support.server import ROOT, ServerProcess
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

MESSAGES = [
    "Transport unknown",
    "Session ID unknown",
    "Bad handshake method",
    "Bad request",
    "Forbidden",
    "Unsupported protocol version",
]
FOREIGN = {"Origin": "https://evil.example"}


def error(code: int) -> dict[str, object]:
    return {"code": code, "message": MESSAGES[code]}


@pytest.mark.parametrize("transport", SESSIONS)
async def test_the_open_packet(transport: str, socketio_server: ServerProcess) -> None:
    async with SESSIONS[transport](socketio_server.url) as session:
        handshake = dict(session.handshake)
        assert re.fullmatch(r"[A-Za-z0-9_-]{20}", handshake.pop("sid"))
        assert handshake == {
            "upgrades": ["websocket"] if transport == "polling" else [],
            "pingInterval": 25000,
            "pingTimeout": 20000,
            "maxPayload": 1000000,
        }


async def test_the_open_packet_has_the_settings(small_payload_server: ServerProcess) -> None:
    async with PollingSession(small_payload_server.url) as session:
        assert session.handshake["maxPayload"] == 1000


async def test_sids_differ_from_each_other_and_from_socket_ids(
    socketio_server: ServerProcess,
) -> None:
    seen = set()
    for _ in range(10):
        async with PollingSession(socketio_server.url) as session:
            seen |= {session.sid, await session.join_namespace()}
    assert len(seen) == 20


async def test_headers_of_polling_responses(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        handshake = await session.http.get("/socket.io/?EIO=4&transport=polling")
        posted = await session.post("40")
        polled = await session.get()
    for response in (handshake, polled):
        assert response.headers["content-type"] == "text/plain; charset=UTF-8"
        assert response.headers["cache-control"] == "no-store"
    assert posted.text == "ok"
    assert posted.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in handshake.headers


@pytest.mark.parametrize("path", ["/socket.io", "/socket.io/"])
async def test_the_slash_at_the_end_is_optional(path: str, socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url, path) as session:
        await session.join_namespace()


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("GET", "EIO=4", 0),
        ("GET", "EIO=4&transport=", 0),
        ("GET", "EIO=4&transport=carrier-pigeon", 0),
        ("GET", "EIO=4&transport=polling&sid=nobody", 1),
        ("POST", "EIO=4&transport=polling&sid=nobody", 1),
        ("POST", "EIO=4&transport=polling", 2),
        ("PUT", "EIO=4&transport=polling", 2),
        ("DELETE", "EIO=4&transport=polling", 2),
        ("OPTIONS", "EIO=4&transport=polling", 2),
        ("GET", "EIO=4&transport=websocket", 3),
        ("GET", "EIO=3&transport=polling", 5),
        ("GET", "EIO=44&transport=polling", 5),
        ("GET", "transport=polling", 5),
        # Two errors in each request: the order of the checks.
        ("POST", "transport=nothing&sid=nobody", 0),
        ("PUT", "transport=polling&sid=nobody", 1),
        ("POST", "EIO=3&transport=polling", 2),
    ],
)
def test_a_wrong_request(
    method: str, query: str, code: int, socketio_server: ServerProcess
) -> None:
    response = httpx.request(method, f"{socketio_server.url}/socket.io/?{query}")
    assert response.status_code == 400
    assert response.json() == error(code)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("headers", "query", "code"),
    [
        (FOREIGN, "EIO=4&transport=polling", 4),
        (FOREIGN, "EIO=3&transport=polling", 4),
        ({"Origin": "null"}, "EIO=4&transport=polling", 4),
        ({"Origin": "http://127.0.0.1.evil.example"}, "EIO=4&transport=polling", 4),
    ],
)
def test_a_foreign_origin(
    headers: dict[str, str], query: str, code: int, socketio_server: ServerProcess
) -> None:
    response = httpx.get(f"{socketio_server.url}/socket.io/?{query}", headers=headers)
    assert response.status_code == 403
    assert response.json() == error(code)
    assert "access-control-allow-origin" not in response.headers


def test_the_method_is_checked_before_the_origin(socketio_server: ServerProcess) -> None:
    url = f"{socketio_server.url}/socket.io/?EIO=4&transport=polling"
    assert httpx.post(url, headers=FOREIGN).json() == error(2)


@pytest.mark.parametrize("transport", SESSIONS)
async def test_own_origins_are_accepted(transport: str, socketio_server: ServerProcess) -> None:
    for origin in ("http://127.0.0.1:3000", "https://localhost", "http://app.localhost:8000"):
        headers = {"Origin": origin}
        async with SESSIONS[transport](socketio_server.url, headers=headers) as session:
            await session.join_namespace()


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("EIO=4&transport=websocket", FOREIGN, 403, 4),
        ("EIO=4&transport=carrier-pigeon", {}, 400, 0),
        ("EIO=4&transport=websocket&sid=nobody", {}, 400, 1),
        ("EIO=4&transport=polling", {}, 400, 3),
        ("EIO=3&transport=websocket", {}, 400, 5),
    ],
)
async def test_a_wrong_websocket(
    query: str, headers: dict[str, str], status: int, code: int, socketio_server: ServerProcess
) -> None:
    url = f"{socketio_server.websocket_url}/socket.io/?{query}"
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, additional_headers=headers, proxy=None)
    response = caught.value.response
    assert response.status_code == status
    assert (
        response.body
        == str(error(code)).replace("'", '"').replace(": ", ":").replace(", ", ",").encode()
    )


async def test_the_transport_of_a_session_is_checked(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        target = session.target.replace("polling", "websocket")
        assert (await session.http.get(target)).json() == error(3)
        await session.join_namespace()


async def test_sessions_belong_to_their_path(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        response = await session.http.get(session.target.replace("/socket.io/", "/elsewhere/"))
        assert response.json() == "the application was asked for /elsewhere/"
        await session.join_namespace()


def test_other_paths_are_the_applications(socketio_server: ServerProcess) -> None:
    for path in ("/", "/socket.iox", "/socket.io/other"):
        answer = httpx.get(socketio_server.url + path).json()
        assert answer == f"the application was asked for {path}"


@pytest.mark.parametrize(
    "name", ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.js.map"]
)
def test_the_client_library(name: str, socketio_server: ServerProcess) -> None:
    url = f"{socketio_server.url}/socket.io/{name}"
    response = httpx.get(url)
    assert response.status_code == 200
    kind = "application/json" if name.endswith(".map") else "application/javascript; charset=utf-8"
    assert response.headers["content-type"] == kind
    package = ROOT / "tests/blackbox/js/node_modules/socket.io-client/dist"
    assert response.content == (package / name).read_bytes()

    etag = response.headers["etag"]
    again = httpx.get(url, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == etag
    assert httpx.get(url, headers={"If-None-Match": '"other"'}).status_code == 200

    head = httpx.head(url)
    assert head.headers["content-length"] == str(len(response.content))
    assert httpx.post(url).status_code == 405
