"""Options for the cookie, the transports and the upgrades."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from support.engineio import PollingSession, SessionEnded, WebSocketSession
from support.server import ServerProcess
from support.socketio_apps import APPS
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

StartServer = Callable[..., ServerProcess]
UNKNOWN_TRANSPORT = {"code": 0, "message": "Transport unknown"}


async def test_the_cookie(start_server: StartServer) -> None:
    server = start_server("native:application", "--socketio-cookie", "io", cwd=APPS)
    async with PollingSession(server.url) as session:
        handshake = await session.http.get("/socket.io/?EIO=4&transport=polling")
        sid = handshake.text.split('"sid":"')[1].split('"')[0]
        assert handshake.headers["set-cookie"] == f"io={sid}; Path=/; HttpOnly; SameSite=Lax"
        assert "set-cookie" not in (await session.post("40")).headers
        refused = await session.http.get("/socket.io/?EIO=3&transport=polling")
        assert "set-cookie" not in refused.headers
    async with WebSocketSession(server.url) as direct:
        response = direct.websocket.response
        assert response is not None
        expected = f"io={direct.sid}; Path=/; HttpOnly; SameSite=Lax"
        assert response.headers["set-cookie"] == expected


async def test_other_attributes_of_the_cookie(start_server: StartServer) -> None:
    server = start_server(
        "native:application",
        *("--socketio-cookie", "lb"),
        *("--socketio-cookie-attributes", "Path=/socket.io; Secure; SameSite=None; Max-Age=60"),
        cwd=APPS,
    )
    response = httpx.get(f"{server.url}/socket.io/?EIO=4&transport=polling")
    attributes = response.headers["set-cookie"].partition("; ")[2]
    assert attributes == "Path=/socket.io; Secure; SameSite=None; Max-Age=60"


def test_there_is_no_cookie_by_default(socketio_server: ServerProcess) -> None:
    response = httpx.get(f"{socketio_server.url}/socket.io/?EIO=4&transport=polling")
    assert "set-cookie" not in response.headers


def test_the_client_need_not_be_served(start_server: StartServer) -> None:
    server = start_server("native:application", "--no-socketio-serve-client", cwd=APPS)
    assert httpx.get(f"{server.url}/socket.io/?EIO=4&transport=polling").status_code == 200
    response = httpx.get(f"{server.url}/socket.io/socket.io.js")
    assert response.json() == "the application was asked for /socket.io/socket.io.js"


async def test_polling_only(start_server: StartServer) -> None:
    server = start_server("native:application", "--socketio-transports", "polling", cwd=APPS)
    async with PollingSession(server.url) as session:
        assert session.handshake["upgrades"] == []
        with pytest.raises(InvalidStatus) as caught:
            await session.probe()
        assert b'"code":0' in caught.value.response.body
        await session.join_namespace()
    with pytest.raises(InvalidStatus):
        await connect(f"{server.websocket_url}/socket.io/?EIO=4&transport=websocket", proxy=None)


async def test_websocket_only(start_server: StartServer) -> None:
    server = start_server("native:application", "--socketio-transports", "websocket", cwd=APPS)
    response = httpx.get(f"{server.url}/socket.io/?EIO=4&transport=polling")
    assert response.status_code == 400
    assert response.json() == UNKNOWN_TRANSPORT
    async with WebSocketSession(server.url) as session:
        await session.join_namespace()


async def test_without_upgrades(start_server: StartServer) -> None:
    server = start_server("native:application", "--no-socketio-upgrades", cwd=APPS)
    async with PollingSession(server.url) as session:
        assert session.handshake["upgrades"] == []
        websocket = await session.probe()
        with pytest.raises(ConnectionClosed):
            await websocket.recv()
        await session.join_namespace()
    async with WebSocketSession(server.url) as session:
        await session.join_namespace()


async def test_a_client_that_joins_no_namespace(start_server: StartServer) -> None:
    server = start_server("native:application", "--socketio-connect-timeout", "0.5", cwd=APPS)
    async with WebSocketSession(server.url) as idle, WebSocketSession(server.url) as joined:
        await joined.join_namespace()
        with pytest.raises(SessionEnded):
            await idle.receive()
        # The other session has started no later.
        await joined.call("reply", 1)
    async with PollingSession(server.url) as session:
        assert await session.poll() == ["1"]


# --- methods and types of a session's requests ---


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_another_method_does_not_affect_the_session(
    method: str, socketio_server: ServerProcess
) -> None:
    async with PollingSession(socketio_server.url) as session:
        response = await session.http.request(method, session.target)
        assert response.status_code == 400
        if method != "HEAD":
            assert response.json() == {"code": 2, "message": "Bad handshake method"}
        await session.join_namespace()


async def test_a_binary_post_ends_the_session(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        headers = {"Content-Type": "application/octet-stream"}
        refused = await session.http.post(session.target, content="40", headers=headers)
        assert refused.status_code == 400
        with pytest.raises(SessionEnded, match="Session ID unknown"):
            await session.poll()


async def test_a_session_keeps_its_version(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        for version in ("EIO=3", "EIO=", "x=4"):
            response = await session.http.get(session.target.replace("EIO=4", version))
            assert response.json() == {"code": 3, "message": "Bad request"}
        await session.join_namespace()
