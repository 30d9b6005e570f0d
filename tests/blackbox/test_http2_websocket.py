"""WebSockets over HTTP/2 (RFC 8441): ASGI, and Socket.IO."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator

import pytest
from hyperframe.frame import SettingsFrame
from support.http2_websocket import Http2WebSocket
from support.raw_http2 import Http2Connection
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually
from support.websocket_frames import CLOSE, close_frame


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess(
        "plain:application",
        *("--http2-cleartext", "--access-log", "-"),
        *("--access-log-format", '"%(r)s" %(s)s %(B)s %(D)s'),
    ).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def socketio_server() -> Iterator[ServerProcess]:
    server = ServerProcess("http2_counts:application", "--http2-cleartext", cwd=APPS).start()
    yield server
    server.stop()


@pytest.fixture
def connection(server: ServerProcess) -> Iterator[Http2Connection]:
    with Http2Connection(server.port) as connection:
        yield connection


def seen(connection: Http2Connection, key: str) -> dict[str, object]:
    return json.loads(connection.get(f"/seen?key={key}").body)


def test_extended_connect_is_announced(connection: Http2Connection) -> None:
    connection.settle()
    assert connection.server_settings[SettingsFrame.ENABLE_CONNECT_PROTOCOL] == 1


def test_messages_are_echoed(server: ServerProcess, connection: Http2Connection) -> None:
    websocket = Http2WebSocket(connection, "/echo?key=h2-echo")
    assert websocket.response.status == 200
    for text in ("", "hello", "x" * 60_000):
        websocket.send_text(text)
        assert websocket.read_text() == text
    assert connection.get("/hello").body == b"hello", "requests share the connection"
    assert websocket.close() == 1000
    connection.read_response(websocket.stream)
    eventually(lambda: seen(connection, "h2-echo").get("code") == 1000)
    # The opening has the status 200 instead of 101. The duration counts from the request on.
    server.wait_for_log(r'"GET /echo\?key=h2-echo HTTP/2" 200 \d+ [1-9]\d*')


def test_the_scope_is_a_websocket_s(connection: Http2Connection) -> None:
    websocket = Http2WebSocket(connection, "/scope?a=b", [("cookie", "c=1"), ("cookie", "d=2")])
    scope = json.loads(websocket.read_text())
    assert scope["type"] == "websocket"
    assert scope["http_version"] == "2"
    assert scope["scheme"] == "ws"
    assert scope["path"] == "/scope"
    assert scope["query_string"] == {"bytes": "a=b"}
    names = [name["bytes"] for name, _ in scope["headers"]]
    assert names == ["host", "sec-websocket-version", "cookie"]


CHANNELS = """
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

settings.configure(SECRET_KEY="key")

class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=self.scope["http_version"] + " " + text_data)

application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/echo/", Echo.as_asgi())])})
"""


def test_consumers_of_channels_share_a_connection(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    (tmp_path / "consumers.py").write_text(CHANNELS)
    server = start_server("consumers:application", "--http2-cleartext", cwd=tmp_path)
    with Http2Connection(server.port) as connection:
        websockets = [Http2WebSocket(connection, "/ws/echo/") for _ in range(3)]
        for number, websocket in enumerate(websockets):
            websocket.send_text(f"text {number}")
        for number, websocket in enumerate(websockets):
            assert websocket.read_text() == f"2 text {number}"
            assert websocket.close() == 1000


def test_a_subprotocol_is_chosen(connection: Http2Connection) -> None:
    websocket = Http2WebSocket(connection, "/subprotocol", [("sec-websocket-protocol", "one, two")])
    assert websocket.response.header("sec-websocket-protocol") == "two"
    assert websocket.response.header("x-accepted") == "yes"
    assert json.loads(websocket.read_text()) == ["one", "two"]


def test_messages_are_compressed(connection: Http2Connection) -> None:
    websocket = Http2WebSocket(
        connection, "/scope", [("sec-websocket-extensions", "permessage-deflate")]
    )
    assert "permessage-deflate" in (websocket.response.header("sec-websocket-extensions") or "")
    assert websocket.read_frame().first & 0x40


def test_a_websocket_is_refused_or_denied(connection: Http2Connection) -> None:
    assert connection.read_response(Http2WebSocket(connection, "/reject").stream).status == 403
    denied = connection.read_response(Http2WebSocket(connection, "/deny").stream)
    assert (denied.status, denied.body) == (401, b"log in first")
    assert denied.header("x-why") == "no"
    assert connection.read_response(Http2WebSocket(connection, "/fail").stream).status == 500


def test_the_application_closes(connection: Http2Connection) -> None:
    websocket = Http2WebSocket(connection, "/close?code=4000&reason=enough")
    received = websocket.read_frame()
    assert (received.opcode, received.code, received.reason) == (CLOSE, 4000, "enough")
    websocket.send(close_frame(4000))
    connection.read_response(websocket.stream)


def test_an_application_that_fails_closes_with_1011(connection: Http2Connection) -> None:
    websocket = Http2WebSocket(connection, "/fail-late")
    websocket.send_text("go")
    assert websocket.read_frame().code == 1011


def test_a_reset_is_a_disconnect(connection: Http2Connection) -> None:
    websocket = Http2WebSocket(connection, "/echo?key=h2-reset")
    assert websocket.response.status == 200
    connection.reset(websocket.stream)
    eventually(lambda: seen(connection, "h2-reset").get("code") == 1006)


def test_many_websockets_share_a_connection(connection: Http2Connection) -> None:
    websockets = [Http2WebSocket(connection, "/echo") for _ in range(50)]
    for number, websocket in enumerate(websockets):
        websocket.send_text(str(number))
    for number, websocket in reversed(list(enumerate(websockets))):
        assert websocket.read_text() == str(number)


def test_a_slow_client_holds_the_application_up(server: ServerProcess) -> None:
    with Http2Connection(
        server.port, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 65_535}
    ) as connection:
        websocket = Http2WebSocket(connection, "/push?size=10000&count=1000&key=h2-push")
        eventually(lambda: seen(connection, "h2-push").get("sent", 0) > 10)  # type: ignore[operator]
        connection.settle()
        assert seen(connection, "h2-push")["sent"] < 200  # type: ignore[operator]
        connection.open_window(websocket.stream, 1 << 30)
        for _ in range(1000):
            assert len(websocket.read_frame().payload) == 10_000
        assert websocket.read_frame().opcode == CLOSE


def test_an_invalid_handshake_is_refused(connection: Http2Connection) -> None:
    fields = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":authority", "example.org"),
        (":path", "/echo"),
        ("sec-websocket-version", "12"),
    ]
    response = connection.read_response(connection.request_with(fields, end=False))
    assert response.status == 426
    assert response.header("sec-websocket-version") == "13"


# --- Socket.IO ---


def socketio(connection: Http2Connection) -> Http2WebSocket:
    """A client in the default namespace."""
    websocket = Http2WebSocket(connection, "/socket.io/?EIO=4&transport=websocket")
    assert websocket.read_text().startswith("0{")
    websocket.send_text("40")
    assert websocket.read_text().startswith("40{")
    return websocket


def test_socketio_runs_over_a_websocket(socketio_server: ServerProcess) -> None:
    with Http2Connection(socketio_server.port) as connection:
        websocket = socketio(connection)
        websocket.send_text('421["hello","Ada"]')
        assert websocket.read_text() == '431["hello Ada"]'


def test_socketio_emits_to_many_clients_of_a_connection(socketio_server: ServerProcess) -> None:
    with Http2Connection(socketio_server.port) as connection:
        websockets = [socketio(connection) for _ in range(20)]
        websockets[3].send_text('42["everybody","to all"]')
        for websocket in websockets:
            assert websocket.read_text() == '42["news","to all"]'
        counts = json.loads(connection.get("/counts").body)
        assert counts["http2_connections"] == 1
        assert counts["http2_streams"] == 21


def test_socketio_runs_over_polling(socketio_server: ServerProcess) -> None:
    with Http2Connection(socketio_server.port) as connection:
        path = "/socket.io/?EIO=4&transport=polling"
        opened = connection.get(path).body
        sid = json.loads(opened[1:])["sid"]
        path += f"&sid={sid}"
        waiting = connection.request("GET", path)
        posted = connection.read_response(connection.request("POST", path, body=b"40"))
        assert posted.body == b"ok"
        assert connection.read_response(waiting).body.startswith(b"40{")
        posted = connection.request("POST", path, body=b'421["hello","Bob"]')
        assert connection.read_response(posted).body == b"ok"
        assert connection.get(path).body == b'431["hello Bob"]'
