"""WebSockets without Socket.IO: frames and ASGI messages, with the client `websockets`."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess
from support.waiting import eventually
from support.websocket_frames import TEXT, RawWebSocket, close_frame, frame
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


def client(server: ServerProcess, path: str, **options: Any) -> connect:
    return connect(server.websocket_url + path, **{"proxy": None, **options})


async def closed(websocket: ClientConnection) -> tuple[int, str]:
    """The close code and reason that the server sends."""
    with pytest.raises(ConnectionClosed) as caught:
        await asyncio.wait_for(websocket.recv(), 30)
    assert caught.value.rcvd
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def test_text_is_echoed_as_text_and_bytes_as_bytes(plain_server: ServerProcess) -> None:
    async with client(plain_server, "/echo") as websocket:
        for message in (
            "text",
            b"bytes",
            "日本 🎉",
            bytes(range(256)),
            "",
            b"",
            "x" * 126,
            "y" * 70000,
        ):
            await websocket.send(message)
            assert await websocket.recv() == message


async def test_a_megabyte_is_allowed(plain_server: ServerProcess) -> None:
    message = os.urandom(1_048_576)
    async with client(plain_server, "/echo", max_size=None) as websocket:
        await websocket.send(message)
        assert await websocket.recv() == message


async def test_many_messages_keep_their_order(plain_server: ServerProcess) -> None:
    async with client(plain_server, "/echo") as websocket:

        async def send() -> None:
            for number in range(5000):
                await websocket.send(str(number))

        sending = asyncio.create_task(send())
        assert [await websocket.recv() for _ in range(5000)] == [str(n) for n in range(5000)]
        await sending


async def test_fragments_are_joined(plain_server: ServerProcess) -> None:
    async with client(plain_server, "/echo") as websocket:
        await websocket.send(["one ", "two ", "", "three"])
        assert await websocket.recv() == "one two three"
        # A fragment may split a character of several bytes.
        encoded = "日本".encode()
        await websocket.send([encoded[:1], encoded[1:4], encoded[4:]])
        assert await websocket.recv() == encoded


async def test_pings_are_answered(plain_server: ServerProcess) -> None:
    async with client(plain_server, "/echo") as websocket:
        pong = await websocket.ping(b"payload")
        await asyncio.wait_for(pong, 30)
        # Also between the fragments of a message.
        await websocket.send("after")
        assert await websocket.recv() == "after"


async def test_a_subprotocol_and_headers_are_accepted(plain_server: ServerProcess) -> None:
    async with client(plain_server, "/subprotocol", subprotocols=["a", "b", "c"]) as websocket:
        assert websocket.subprotocol == "c"
        assert websocket.response
        assert websocket.response.headers["x-accepted"] == "yes"
        assert websocket.response.headers.get_all("set-cookie") == ["a=1", "b=2"]
        assert json.loads(await websocket.recv()) == ["a", "b", "c"]


async def test_scope(plain_server: ServerProcess) -> None:
    async with client(plain_server, "/scope?x=%20", origin="http://localhost") as websocket:
        scope = json.loads(await websocket.recv())
        own_address = list(websocket.local_address)
    assert scope["type"] == "websocket"
    assert scope["scheme"] == "ws"
    assert scope["http_version"] == "1.1"
    assert scope["path"] == "/scope"
    assert scope["query_string"] == {"bytes": "x=%20"}
    assert scope["client"] == own_address
    assert scope["server"] == ["127.0.0.1", plain_server.port]
    assert scope["subprotocols"] == []
    assert scope["state"] == {"started_by": "lifespan"}
    assert "websocket.http.response" in scope["extensions"]
    headers = {name["bytes"]: value["bytes"] for name, value in scope["headers"]}
    assert headers["origin"] == "http://localhost"


async def test_a_rejected_handshake_gets_403(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await client(plain_server, f"/reject?key={key}")
    assert caught.value.response.status_code == 403
    assert seen("code") == 1006


async def test_a_denial_response(plain_server: ServerProcess) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await client(plain_server, "/deny")
    response = caught.value.response
    assert (response.status_code, response.body) == (401, b"log in first")
    assert response.headers["x-why"] == "no"


@pytest.mark.parametrize("path", ["/fail", "/leave-early"])
async def test_a_failure_before_accept_gets_500(plain_server: ServerProcess, path: str) -> None:
    start = len(plain_server.log)
    with pytest.raises(InvalidStatus) as caught:
        await client(plain_server, path)
    assert caught.value.response.status_code == 500
    if path == "/fail":
        plain_server.wait_for_log("ValueError: websocket failed on purpose", start)


async def test_a_failure_after_accept_closes_with_1011(plain_server: ServerProcess) -> None:
    start = len(plain_server.log)
    async with client(plain_server, "/fail-late") as websocket:
        await websocket.send("go")
        assert (await closed(websocket))[0] == 1011
    plain_server.wait_for_log("ValueError: websocket failed on purpose, late", start)
    assert httpx.get(plain_server.url + "/hello").text == "hello"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (1000, "")),
        ("code=1001&reason=bye", (1001, "bye")),
        ("code=4321&reason=日本", (4321, "日本")),
    ],
)
async def test_the_application_closes(
    plain_server: ServerProcess, query: str, expected: tuple[int, str]
) -> None:
    async with client(plain_server, f"/close?{query}") as websocket:
        assert await closed(websocket) == expected


async def test_an_application_that_returns_closes(plain_server: ServerProcess) -> None:
    async with client(plain_server, "/leave") as websocket:
        code, _ = await closed(websocket)
        assert code in (1000, 1001, 1011)


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, ""), (1001, "leaving"), (3000, ""), (4999, "x" * 123)]
)
async def test_the_client_closes(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any], code: int, reason: str
) -> None:
    async with client(plain_server, f"/echo?key={key}") as websocket:
        await websocket.close(code, reason)
        assert websocket.close_code == code
    assert seen("code") == code
    assert (seen("reason") or "") == reason


@pytest.mark.parametrize("kept_back", [2, 7], ids=["within four bytes", "within two"])
def test_a_reason_may_be_split_within_a_character(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any], kept_back: int
) -> None:
    reason = "schöne Grüße 🎉"
    data = close_frame(4001, reason.encode())
    with RawWebSocket(plain_server, f"/echo?key={key}") as websocket:
        websocket.send(data[:-kept_back])
        eventually(websocket.has_been_read)
        _, closing = websocket.send(data[-kept_back:]).read_to_close()
    assert closing.code == 4001
    assert (seen("code"), seen("reason")) == (4001, reason)


async def test_a_broken_connection_is_noticed(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    async with client(plain_server, f"/echo?key={key}") as websocket:
        websocket.transport.abort()
    assert seen("code") == 1006


async def test_sending_to_a_disconnected_client_raises_an_os_error(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    async with client(plain_server, f"/send-after-end?key={key}") as websocket:
        await websocket.send("hello")
    assert seen("raised") == "OSError"


async def test_a_cancelled_receive_loses_nothing(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    async with client(plain_server, f"/cancelled-receive?key={key}") as websocket:
        assert await asyncio.to_thread(seen, "cancelled") >= 1
        for number in range(500):
            await websocket.send(str(number))
        assert [await websocket.recv() for _ in range(500)] == [str(n) for n in range(500)]


async def test_a_message_above_the_limit_closes_with_1009(plain_server: ServerProcess) -> None:
    async with client(plain_server, "/echo") as websocket:
        await websocket.send(b"x" * 1_048_577)
        assert (await closed(websocket))[0] == 1009
    async with client(plain_server, "/echo") as websocket:
        await websocket.send([b"x" * 600_000, b"x" * 600_000])
        assert (await closed(websocket))[0] == 1009


async def test_a_slow_client_makes_send_wait(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    count = 2000
    path = f"/push?key={key}&size=65536&count={count}"
    async with client(plain_server, path, max_queue=1, compression=None) as websocket:
        await asyncio.to_thread(seen, "sent")
        history: list[int] = []

        def steady() -> bool:
            history.append(seen("sent"))
            return len(history) > 20 and len(set(history[-20:])) == 1

        await asyncio.to_thread(eventually, steady)
        assert history[-1] < count // 2
        received = 0
        async for message in websocket:
            assert len(message) == 65536
            received += 1
        assert received == count


# --- The handshake with raw bytes ---


def test_frames_sent_with_the_handshake_are_not_lost(plain_server: ServerProcess) -> None:
    request = (
        b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n"
        b"Upgrade: WebSocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with RawConnection(plain_server.port) as connection:
        connection.send(request + frame(TEXT, b"early"))
        response = connection.read_response()
        assert response.status == 101
        assert response.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        while len(connection.buffer) < 7:
            assert connection.receive_more()
        assert bytes(connection.buffer) == bytes([0x81, 5]) + b"early"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Sec-WebSocket-Version: 13"], 400),
        (["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: short"], 400),
        (["Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], 426),
    ],
)
def test_an_invalid_handshake_is_refused(
    plain_server: ServerProcess, headers: list[str], expected: int
) -> None:
    with RawConnection(plain_server.port) as connection:
        connection.get("/echo", "Connection: Upgrade", "Upgrade: websocket", *headers)
        response = connection.read_response()
        assert response.status == expected
        if expected == 426:
            assert response.header("sec-websocket-version") == "13"
