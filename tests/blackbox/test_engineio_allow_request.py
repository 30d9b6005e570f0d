"""allow_request: the application decides about a handshake before the session exists."""

from __future__ import annotations

import asyncio
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts, read_notes
from support.waiting import eventually
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

PATH = "/socket.io/?EIO=4&transport="


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    started = ServerProcess("allow_request:application", cwd=APPS).start()
    yield started
    started.stop()


def get(server: ServerProcess, query: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{server.url}{PATH}polling{query}", headers=headers, timeout=60)


def error(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message}


REFUSALS = [
    ("&token=bad", "Forbidden"),
    ("", "Forbidden"),
    ("&token=good&second=no", "Forbidden"),
    ("&token=full", 'come back "later" ☕'),
    ("&token=broken", "Forbidden"),
]


@pytest.mark.parametrize(("query", "message"), REFUSALS)
def test_a_refused_request(query: str, message: str, server: ServerProcess) -> None:
    response = get(server, query)
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/json"
    assert response.json() == error(4, message)


@pytest.mark.parametrize(("query", "message"), REFUSALS)
async def test_a_refused_websocket(query: str, message: str, server: ServerProcess) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{server.websocket_url}{PATH}websocket{query}", proxy=None)
    assert caught.value.response.status_code == 403
    assert json.loads(caught.value.response.body) == error(4, message)


async def test_an_allowed_client(server: ServerProcess) -> None:
    response = await asyncio.to_thread(get, server, "&token=good&nap=1", **{"X-Test": "hello"})
    assert response.status_code == 200
    sid = json.loads(response.text[1:])["sid"]
    async with connect(f"{server.websocket_url}{PATH}websocket&token=good", proxy=None) as direct:
        assert str(await direct.recv()).startswith("0{")
    asked = await asyncio.to_thread(read_notes, server, "asked")
    assert [f"{PATH}polling&token=good&nap=1", "127.0.0.1", "hello", False] in asked
    # Only once: later requests and the upgrade do not call it.
    before = len(await asyncio.to_thread(read_notes, server, "asked"))
    upgrade = f"{server.websocket_url}{PATH}websocket&sid={sid}"
    async with connect(upgrade, proxy=None) as websocket:
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        await websocket.send("5")
        await websocket.send("40")
        assert str(await websocket.recv()).startswith("40{")
    assert len(await asyncio.to_thread(read_notes, server, "asked")) == before


async def test_headers_of_the_first_response(server: ServerProcess) -> None:
    response = await asyncio.to_thread(get, server, "&token=good&node=n1")
    assert response.headers.get_list("set-cookie") == ["node=n1; Path=/", "second=2"]
    assert response.headers["x-node"] == "n1"
    sid = json.loads(response.text[1:])["sid"]
    later = httpx.post(f"{server.url}{PATH}polling&sid={sid}", content="40")
    assert "x-node" not in later.headers
    url = f"{server.websocket_url}{PATH}websocket&token=good&node=n2"
    async with connect(url, proxy=None) as direct:
        assert direct.response is not None
        assert direct.response.headers["x-node"] == "n2"
        assert len(direct.response.headers.get_all("set-cookie")) == 2


def test_what_fails_is_logged(server: ServerProcess) -> None:
    start = len(server.log)
    get(server, "&token=broken")
    server.wait_for_log("ValueError: allow_request failed on purpose", start)


def test_allow_request_is_called_after_the_other_checks_and_before_the_version(
    server: ServerProcess,
) -> None:
    before = len(read_notes(server, "asked"))
    foreign = {"Origin": "https://evil.example"}
    assert get(server, "&token=full", **foreign).json() == error(4, "Forbidden")
    posted = httpx.post(f"{server.url}{PATH}polling&token=full")
    assert posted.json() == error(2, "Bad handshake method")
    assert get(server, "&sid=nobody").json() == error(1, "Session ID unknown")
    assert len(read_notes(server, "asked")) == before
    old = f"{server.url}/socket.io/?EIO=3&transport=polling"
    assert httpx.get(f"{old}&token=bad").json() == error(4, "Forbidden")
    assert httpx.get(f"{old}&token=good").json() == error(5, "Unsupported protocol version")


async def test_many_handshakes_wait_at_the_same_time(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        targets = [f"{PATH}polling&token={t}&wait=0.3" for t in ("good", "bad") * 50]
        answers = await asyncio.gather(*(client.get(target) for target in targets))
    assert [answer.status_code for answer in answers] == [200, 403] * 50
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 50


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_a_client_that_disconnects_while_it_waits(transport: str, server: ServerProcess) -> None:
    sessions = read_counts(server)["sessions"]
    upgrade = (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    query = f"&token=good&wait=0.5&goes={transport}"
    with RawConnection(server.port) as connection:
        connection.get(f"{PATH}{transport}{query}", *(upgrade if transport == "websocket" else ()))
        eventually(lambda: any(query in note[0] for note in read_notes(server, "asked")))
        connection.close_abruptly()
    # After a later handshake that waits longer, this one has been decided too.
    assert get(server, "&token=good&wait=1").status_code == 200
    assert read_counts(server)["sessions"] == sessions + 1


async def test_a_decision_that_takes_too_long(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server(
        "allow_request:application", "--websocket-connect-timeout", "0.3", cwd=APPS
    )
    waiting = "&token=good&wait=3600"

    def running_tasks() -> int:
        return int(httpx.get(f"{server.url}/tasks", timeout=60).text)

    before = await asyncio.to_thread(running_tasks)
    response = await asyncio.to_thread(get, server, waiting)
    assert response.status_code == 403
    assert response.json() == error(4, "Forbidden")
    server.wait_for_log(
        "1 handshake was refused with 403: allow_request or allow_origin did not decide within "
        "300 ms"
    )
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{server.websocket_url}{PATH}websocket{waiting}", proxy=None)
    assert caught.value.response.status_code == 403
    assert (await asyncio.to_thread(get, server, "&token=good")).status_code == 200
    server.wait_for_log("allow_request.by_token has run for 0.3 s and is cancelled")
    await asyncio.to_thread(eventually, lambda: running_tasks() <= before)
    assert "Traceback" not in server.log


def test_allow_request_is_called_for_routed_handshakes(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    """Called after the project's middleware, with the scope that it has changed."""
    server = start_server(
        "routed_asgi_allow_request:application",
        cwd=APPS / "project",
        env={"DJANGO_SETTINGS_MODULE": "routed_settings", "PROJECT_FOLDER": str(tmp_path)},
    )
    target = f"{server.url}/games/chess/live/?EIO=4&transport=polling"
    assert httpx.get(target).json() == error(4, "No chess today")
    assert httpx.get(target.replace("chess", "go")).status_code == 200
