"""allow_origin, headers and on_connection_error, with one process and with several."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.server import ServerProcess
from support.socketio_apps import APPS
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
TENANT = "https://a.tenant.example"
OTHER = "https://evil.example"


@pytest.fixture(scope="module", params=[(), ("--workers", "2")], ids=["one process", "workers"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    started = ServerProcess(
        "handshake_hooks:application", "--socketio-cors-credentials", *request.param, cwd=APPS
    ).start()
    yield started
    started.stop()


def ask(server: ServerProcess, target: str, method: str = "GET", **headers: str) -> httpx.Response:
    body = "40" if method == "POST" else None
    return httpx.request(method, server.url + target, headers=headers, content=body, timeout=30)


def test_an_origin_that_the_function_allows(server: ServerProcess) -> None:
    preflight = ask(server, HANDSHAKE, "OPTIONS", Origin=TENANT)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    handshake = ask(server, HANDSHAKE, Origin=TENANT)
    assert handshake.status_code == 200
    sid = json.loads(handshake.text[1:])["sid"]
    posted = ask(server, f"{HANDSHAKE}&sid={sid}", "POST", Origin=TENANT)
    for response in (preflight, handshake, posted):
        assert response.headers["access-control-allow-origin"] == TENANT
        assert response.headers["access-control-allow-credentials"] == "true"
        assert response.headers["vary"].startswith("Origin")


async def test_an_origin_that_the_function_refuses(server: ServerProcess) -> None:
    preflight = await asyncio.to_thread(ask, server, HANDSHAKE, "OPTIONS", Origin=OTHER)
    assert "access-control-allow-origin" not in preflight.headers
    handshake = await asyncio.to_thread(ask, server, HANDSHAKE, Origin=OTHER)
    assert handshake.status_code == 403
    assert "access-control-allow-origin" not in handshake.headers
    url = server.websocket_url + HANDSHAKE.replace("polling", "websocket")
    with pytest.raises(InvalidStatus, match="403"):
        await connect(url, proxy=None, origin=OTHER)  # type: ignore[arg-type]
    async with connect(url, proxy=None, origin=TENANT) as websocket:  # type: ignore[arg-type]
        assert str(await websocket.recv()).startswith("0{")


def test_the_server_s_own_origin_is_not_asked_about(server: ServerProcess) -> None:
    assert ask(server, HANDSHAKE, Origin=server.url).status_code == 200
    ask(server, HANDSHAKE, Origin="https://last.example")
    server.wait_for_log("asked about https://last.example")
    assert "asked about http://127.0.0.1" not in server.log


async def test_headers_of_all_responses(server: ServerProcess) -> None:
    handshake = await asyncio.to_thread(ask, server, HANDSHAKE + "&shard=7")
    sid = json.loads(handshake.text[1:])["sid"]
    posted = await asyncio.to_thread(ask, server, f"{HANDSHAKE}&sid={sid}", "POST")
    url = server.websocket_url + HANDSHAKE.replace("polling", "websocket")
    async with (
        connect(f"{url}&sid={sid}", proxy=None) as upgraded,
        connect(f"{url}&shard=8", proxy=None) as direct,
    ):
        assert upgraded.response is not None
        assert direct.response is not None
        shards = [r.headers["x-shard"] for r in (handshake, posted, upgraded.response)]
        assert shards == ["7", "7", "7"]
        assert direct.response.headers["x-shard"] == "8"


REFUSALS: list[tuple[str, str, list[Any]]] = [
    ("GET", "EIO=4&transport=x", [0, "Transport unknown", {"transport": "x"}]),
    ("GET", "EIO=4&transport=polling&sid=s", [1, "Session ID unknown", {"sid": "s"}]),
    ("PUT", "EIO=4&transport=polling", [2, "Bad handshake method", {"method": "PUT"}]),
    ("GET", "EIO=4&transport=websocket", [3, "Bad request", {"transport": "websocket"}]),
    ("GET", "EIO=3&transport=polling", [5, "Unsupported protocol version", {"protocol": "3"}]),
]


@pytest.mark.parametrize(("method", "query", "report"), REFUSALS)
def test_refused_requests(
    method: str, query: str, report: list[Any], server: ServerProcess
) -> None:
    assert ask(server, f"/socket.io/?{query}", method).status_code == 400
    line = "refused " + json.dumps([*report, "127.0.0.1"])
    server.wait_for_log(re.escape(line))
