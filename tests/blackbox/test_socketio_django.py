"""Native and routed Socket.IO in a Django project: users, middleware, origins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.engineio import SESSIONS, PollingSession, Session, WebSocketSession, connect_packet
from support.server import ServerProcess
from support.socketio_project import OWN, cookie_of, start_project
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

MOUNTS = ["native", "routed"]
FOREIGN = {"Origin": "https://evil.org"}


@pytest.fixture(scope="module", params=MOUNTS)
def mount(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def project(mount: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The project with users alice and bob, native or routed."""
    server = start_project(mount, tmp_path_factory.mktemp(mount))
    yield server
    server.stop()


async def who(session: Session, namespace: str = "/") -> dict[str, Any]:
    await session.emit("who", namespace=namespace, ack=1)
    packet = await session.next_message()
    assert isinstance(packet, str)
    return dict(json.loads(packet[packet.index("[") :])[0])


@pytest.mark.parametrize("transport", SESSIONS)
async def test_the_user_of_the_session(transport: str, project: ServerProcess) -> None:
    for name in ("alice", "bob"):
        headers = cookie_of(project, name)
        async with SESSIONS[transport](project.url, headers=headers) as session:
            await session.join_namespace()
            seen = await who(session)
            assert (seen["user"], seen["authenticated"], seen["visits"]) == (name, True, 3)
            assert seen["cookie"]
            assert seen["kind"] == ("http" if transport == "polling" else "websocket")


@pytest.mark.parametrize("transport", SESSIONS)
async def test_clients_without_a_session_are_anonymous(
    transport: str, project: ServerProcess
) -> None:
    for headers in (OWN, {**OWN, "Cookie": "sessionid=made-up"}):
        async with SESSIONS[transport](project.url, headers=headers) as session:
            await session.join_namespace()
            seen = await who(session)
            assert (seen["user"], seen["authenticated"]) == ("AnonymousUser", False)
            await session.send(connect_packet("/lobby"))
            assert await session.next_message() == '44/lobby,{"message":"Not authorized"}'


@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_namespace_for_users(transport: str, project: ServerProcess) -> None:
    headers = cookie_of(project, "alice")
    async with SESSIONS[transport](project.url, headers=headers) as session:
        await session.join_namespace("/lobby", auth={"game": "go"})
        assert (await who(session, "/lobby"))["user"] == "alice"


async def test_the_user_is_the_same_after_the_upgrade(project: ServerProcess) -> None:
    async with PollingSession(project.url, headers=cookie_of(project, "alice")) as session:
        await session.join_namespace()
        websocket = await session.probe()
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        await websocket.send("5")
        await websocket.send('421["who"]')
        assert '"user":"alice"' in str(await websocket.recv()).replace(": ", ":")
        await websocket.close()


async def test_settings_reach_the_handshake(project: ServerProcess) -> None:
    async with PollingSession(project.url) as session:
        given = {name: session.handshake[name] for name in ("pingInterval", "pingTimeout")}
        assert given == {"pingInterval": 12_000, "pingTimeout": 7_000}
        assert session.handshake["maxPayload"] == 54_321


@pytest.mark.parametrize("transport", SESSIONS)
async def test_the_own_origin(transport: str, project: ServerProcess) -> None:
    async with SESSIONS[transport](project.url, headers=OWN) as session:
        await session.join_namespace()


async def test_no_origin(mount: str, project: ServerProcess) -> None:
    """The client is not a browser; the validator of Channels refuses it anyway."""
    if mount == "native":
        async with WebSocketSession(project.url) as session:
            await session.join_namespace()
    else:
        with pytest.raises(InvalidStatus, match="403"):
            await WebSocketSession(project.url).open()
    async with PollingSession(project.url) as session:
        await session.join_namespace()


async def test_a_foreign_origin_on_a_websocket(project: ServerProcess) -> None:
    url = f"{project.websocket_url}/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, additional_headers=FOREIGN, proxy=None)
    assert caught.value.response.status_code == 403


async def test_a_foreign_origin_on_polling(mount: str, project: ServerProcess) -> None:
    """Refused natively; with routing, the project's middleware decides, and that of Channels
    ignores HTTP.
    """
    url = f"{project.url}/socket.io/?EIO=4&transport=polling"
    response = httpx.get(url, headers=FOREIGN)
    if mount == "native":
        assert response.status_code == 403
        assert response.json() == {"code": 4, "message": "Forbidden"}
    else:
        assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


async def test_errors_of_handshakes(project: ServerProcess) -> None:
    for query, code in (("transport=x", 0), ("EIO=4&transport=polling&sid=no", 1)):
        response = httpx.get(f"{project.url}/socket.io/?{query}")
        assert (response.status_code, response.json()["code"]) == (400, code)
    response = httpx.post(f"{project.url}/socket.io/?EIO=4&transport=polling")
    assert (response.status_code, response.json()["code"]) == (400, 2)
    response = httpx.get(f"{project.url}/socket.io/?EIO=3&transport=polling")
    assert (response.status_code, response.json()["code"]) == (400, 5)


async def test_a_sync_view_emits(mount: str, project: ServerProcess) -> None:
    room = "everybody" if mount == "native" else "game go"
    headers = cookie_of(project, "alice")
    async with (
        WebSocketSession(project.url, headers=headers) as session,
        httpx.AsyncClient() as http,
    ):
        await session.join_namespace("/lobby", auth={"game": "go"})
        params: dict[str, str | int] = {"room": room, "amount": 50}
        await http.get(f"{project.url}/announce/", params=params)
        heard = [await session.next_event("/lobby") for _ in range(50)]
        assert heard == [["announced", number] for number in range(50)]


@pytest.mark.parametrize("mount", ["routed"], indirect=True, scope="module")
class TestRouted:
    @pytest.mark.parametrize("transport", SESSIONS)
    @pytest.mark.parametrize(
        ("path", "namespace", "route"),
        [
            ("/socket.io/", "/", {}),
            ("/socket.io", "/", {}),
            ("/games/go/live/", "/lobby", {"game": "go"}),
            ("/games/chess/live", "/lobby", {"game": "chess"}),
            ("/reports/socket.io/", "/reports", {}),
        ],
    )
    async def test_each_path(
        self,
        path: str,
        namespace: str,
        route: dict[str, str],
        transport: str,
        project: ServerProcess,
    ) -> None:
        headers = cookie_of(project, "alice")
        async with SESSIONS[transport](project.url, path, headers) as session:
            await session.join_namespace(namespace)
            seen = await who(session, namespace)
            assert seen["path"] == path
            assert seen["route"] == route
            assert seen["user"] == "alice"

    async def test_a_session_answers_on_its_own_path_only(self, project: ServerProcess) -> None:
        async with PollingSession(project.url) as session:
            target = session.target.replace("/socket.io/", "/reports/socket.io/")
            response = await session.http.get(target)
            assert response.json() == {"code": 1, "message": "Session ID unknown"}
            await session.join_namespace()

    def test_other_paths_are_djangos(self, project: ServerProcess) -> None:
        assert httpx.get(f"{project.url}/modules/").status_code == 200
        assert httpx.get(f"{project.url}/nothing/").status_code == 404

    async def test_other_websockets_are_not_served(self, project: ServerProcess) -> None:
        with pytest.raises(InvalidStatus):
            await connect(f"{project.websocket_url}/elsewhere/", proxy=None)
        async with WebSocketSession(project.url, headers=OWN) as session:
            await session.join_namespace()


@pytest.mark.parametrize("mount", ["native"], indirect=True, scope="module")
class TestNative:
    def test_channels_is_not_needed(self, project: ServerProcess) -> None:
        modules = httpx.get(f"{project.url}/modules/").json()
        assert "django.apps" in modules
        assert "channels" not in modules

    def test_other_paths_are_djangos(self, project: ServerProcess) -> None:
        assert httpx.get(f"{project.url}/nothing/").status_code == 404
