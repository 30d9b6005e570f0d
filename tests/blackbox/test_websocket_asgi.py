"""The ASGI messages of a WebSocket, and backpressure in both directions."""

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
from support.websocket_frames import (
    BINARY,
    CLOSE,
    TEXT,
    RawWebSocket,
    close_frame,
    frame,
    handshake_headers,
)
from websockets.asyncio.client import connect

MEGABYTE = 1_000_000


def test_receive_and_send_are_coroutine_functions(plain_server: ServerProcess) -> None:
    with RawWebSocket(plain_server, "/functions") as websocket:
        assert json.loads(websocket.read_frame().payload) == [True, True]


def test_a_close_without_a_code_is_1005(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    with RawWebSocket(plain_server, f"/echo?key={key}") as websocket:
        _, closing = websocket.send(frame(CLOSE)).read_to_close()
    assert closing.payload == b""
    assert (seen("code"), seen("reason")) == (1005, "")


def test_code_and_reason_reach_the_application(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    with RawWebSocket(plain_server, f"/echo?key={key}") as websocket:
        websocket.send(close_frame(4321, "日本".encode())).read_to_close()
    assert (seen("code"), seen("reason")) == (4321, "日本")


def test_a_violation_reaches_the_application_as_1006_with_its_reason(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    with RawWebSocket(plain_server, f"/echo?key={key}") as websocket:
        websocket.send(frame(TEXT, b"\xff")).read_to_close()
    assert (seen("code"), seen("reason")) == (1006, "invalid UTF-8")


def test_a_message_and_a_close_at_once_arrive_in_order(plain_server: ServerProcess) -> None:
    # The application gets both; its echo comes too late to be sent.
    for _ in range(20):
        with RawWebSocket(plain_server) as websocket:
            websocket.send(frame(TEXT, b"last") + close_frame(1000))
            assert websocket.read_to_close()[1].code == 1000


def test_a_denial_at_length_waits_for_its_client(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    count = 1_000
    with RawConnection(plain_server.port, receive_buffer=65_536) as connection:
        connection.get(f"/deny-at-length?key={key}&count={count}", *handshake_headers())
        assert steady(lambda: int(seen("sent"))) < count // 2
        response = connection.read_response()
        assert response.status == 403
        assert len(response.body) == count * 65_536
        assert connection.is_closed()


def steady(probe: Callable[[], int]) -> int:
    """The value that `probe` keeps on returning."""
    history: list[int] = []

    def same() -> bool:
        history.append(probe())
        return len(history) > 20 and len(set(history[-20:])) == 1

    eventually(same)
    return history[-1]


@pytest.fixture
def small_server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A server whose memory is this test's alone."""
    return start_server("plain:application")


def test_a_client_that_reads_slowly_costs_no_memory(small_server: ServerProcess, key: str) -> None:
    """200 MB are sent to a client that reads nothing at first."""
    before = small_server.memory()
    count = 3_000
    path = f"/push?key={key}&size=65536&count={count}"

    def sent() -> int:
        return int(httpx.get(f"{small_server.url}/seen?key={key}").json().get("sent", 0))

    with RawWebSocket(small_server, path, receive_buffer=65_536) as websocket:
        assert 0 < steady(sent) < count // 2
        assert small_server.growth(before) < 32 * MEGABYTE
        received = 0
        while (message := websocket.read_frame()).opcode == BINARY:
            received += len(message.payload)
            if received % (100 * 65_536) == 0:
                assert small_server.growth(before) < 32 * MEGABYTE
    assert received == count * 65_536


async def test_an_application_that_receives_slowly_costs_no_memory(
    small_server: ServerProcess, key: str
) -> None:
    """100 MB are sent to an application that takes nothing at first."""
    before = small_server.memory()
    message, count = os.urandom(100_000), 1_000
    sent = 0
    url = small_server.websocket_url
    options: dict[str, Any] = {"proxy": None, "compression": None, "ping_interval": None}
    async with connect(f"{url}/hold?key={key}", **options) as websocket:

        async def send() -> None:
            nonlocal sent
            for _ in range(count):
                await websocket.send(message)
                sent += 1
            await websocket.send("end")

        sending = asyncio.create_task(send())
        await asyncio.to_thread(steady, lambda: sent)
        assert sent < count // 2
        assert small_server.growth(before) < 32 * MEGABYTE
        async with connect(f"{url}/release?key={key}", **options) as other:
            await other.wait_closed()
        assert await asyncio.wait_for(websocket.recv(), 60) == str(count * len(message))
        await sending
    assert small_server.growth(before) < 32 * MEGABYTE


def test_idle_connections_cost_little(small_server: ServerProcess) -> None:
    """Compression was agreed on, and has not been used."""
    before = small_server.memory()
    count = 500
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    websockets = [RawWebSocket(small_server, "/echo", offer) for _ in range(count)]
    for websocket in websockets:
        websocket.send(frame(TEXT, b"hello"))
        assert websocket.read_frame().payload == b"hello"
    each = small_server.growth(before) / count
    print(f"{each:.0f} bytes for each connection")
    assert each < 16_000
    for websocket in websockets:
        websocket.socket.close()
