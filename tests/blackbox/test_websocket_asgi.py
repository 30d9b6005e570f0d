"""The ASGI messages of a WebSocket, and backpressure in both directions."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.parse
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


def test_a_protocol_error_reaches_the_application_as_1006_with_its_reason(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    with RawWebSocket(plain_server, f"/echo?key={key}") as websocket:
        websocket.send(frame(TEXT, b"\xff")).read_to_close()
    assert (seen("code"), seen("reason")) == (1006, "invalid UTF-8")


def test_a_limit_reaches_the_application_as_1009(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    for data, reason in (
        (frame(BINARY, bytes(1_048_577)), "frame too big"),
        (frame(BINARY, bytes(1_048_576), final=False) + frame(0, b"x"), "message too big"),
    ):
        with RawWebSocket(plain_server, f"/echo?key={key}") as websocket:
            _, closing = websocket.send(data).read_to_close()
        assert (closing.code, closing.reason) == (1009, reason)
        eventually(lambda reason=reason: (seen("code"), seen("reason")) == (1009, reason))


# The actions of the application after websocket.connect, in order; the result of each; and the
# result for the client: a status, or messages and the code of the close frame. As in uvicorn 0.54,
# unless docs/asgi.md says otherwise.
ACCEPT, CLOSE_IT = {"type": "accept"}, {"type": "close"}
SEND = {"type": "send", "text": "x"}
DENY = {"type": "http.response.start", "status": 401}
BODY = {"type": "http.response.body", "body": "no"}
PART = {**BODY, "more_body": True}
REFUSED = "RuntimeError"
Steps = tuple[list[Any], list[str], list[Any]]
ORDERS: dict[str, Steps] = {
    "close before accept": (
        [CLOSE_IT, "receive", "receive"],
        ["ok", "disconnect 1006", "disconnect 1006"],
        [403],
    ),
    "close before accept with a code": ([{**CLOSE_IT, "code": 4001}], ["ok"], [403]),
    "close twice before accept": ([CLOSE_IT, CLOSE_IT], ["ok", REFUSED], [403]),
    "accept after a close before accept": ([CLOSE_IT, ACCEPT], ["ok", REFUSED], [403]),
    "send before accept": ([SEND], [REFUSED], [500]),
    "accept twice": ([ACCEPT, ACCEPT, SEND], ["ok", REFUSED, "ok"], [b"x", 1000]),
    "close twice": ([ACCEPT, CLOSE_IT, CLOSE_IT], ["ok", "ok", REFUSED], [1000]),
    "send after close": ([ACCEPT, CLOSE_IT, SEND], ["ok", "ok", REFUSED], [1000]),
    "accept after close": ([ACCEPT, CLOSE_IT, ACCEPT], ["ok", "ok", REFUSED], [1000]),
    "receive after close": (
        [ACCEPT, CLOSE_IT, "receive", "receive"],
        ["ok", "ok", "disconnect 1000", "disconnect 1000"],
        [1000],
    ),
    "return before accept": ([], [], [500]),
    "return after accept": ([ACCEPT], ["ok"], [1000]),
    "exception before accept": (["raise"], [], [500]),
    "exception after accept": ([ACCEPT, "raise"], ["ok"], [1011]),
    "denial": ([DENY, BODY, "receive"], ["ok", "ok", "disconnect 1006"], [401]),
    "denial's body first": ([BODY], [REFUSED], [500]),
    "denial without a body": ([DENY], ["ok"], [500]),
    "denial started twice": ([DENY, DENY, BODY], ["ok", REFUSED, "ok"], [401]),
    "close after a denial's start": ([DENY, CLOSE_IT, BODY], ["ok", REFUSED, "ok"], [401]),
    "accept after a denial's start": ([DENY, ACCEPT, BODY], ["ok", REFUSED, "ok"], [401]),
    "body after a denial's end": ([DENY, BODY, BODY], ["ok", "ok", REFUSED], [401]),
    "denial after accept": ([ACCEPT, DENY], ["ok", REFUSED], [1000]),
    "send of nothing": ([ACCEPT, {"type": "send"}], ["ok", "ValueError"], [1000]),
    "send of None": (
        [ACCEPT, {"type": "send", "text": None, "bytes": None}],
        ["ok", "ValueError"],
        [1000],
    ),
    "send of both": ([ACCEPT, {**SEND, "bytes": "b"}], ["ok", "ok"], [b"b", 1000]),
    "message of no known type": ([ACCEPT, {"type": "frobnicate"}], ["ok", REFUSED], [1000]),
    "close with a code that none is": (
        [ACCEPT, {**CLOSE_IT, "code": 1005}, {**CLOSE_IT, "code": 999}],
        ["ok", "ValueError", "ValueError"],
        [1000],
    ),
    "close with None": (
        [ACCEPT, {**CLOSE_IT, "code": None, "reason": None}],
        ["ok", "ok"],
        [1000],
    ),
    "a subprotocol that nobody offered": (
        [{**ACCEPT, "subprotocol": "z"}, SEND],
        ["ok", "ok"],
        [b"x", 1000],
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_order_of_messages(
    plain_server: ServerProcess, key: str, seen: Callable[[str], Any], name: str
) -> None:
    steps, results, expected = ORDERS[name]
    path = "/steps?" + urllib.parse.urlencode({"key": key, "steps": json.dumps(steps)})
    if isinstance(expected[0], int) and expected[0] < 1000:
        with RawConnection(plain_server.port) as connection:
            response = connection.get(path, *handshake_headers()).read_response()
        assert response.status == expected[0]
    else:
        with RawWebSocket(plain_server, path) as websocket:
            frame_or_close = websocket.read_frame()
            answers: list[Any] = []
            while frame_or_close.opcode != CLOSE:
                answers.append(frame_or_close.payload)
                frame_or_close = websocket.read_frame()
            websocket.send(close_frame(frame_or_close.code))
            assert [*answers, frame_or_close.code] == expected
            assert websocket.read_to_end() == b""
    eventually(lambda: seen("results") == results)


def test_a_message_directly_before_a_close_arrives_first(plain_server: ServerProcess) -> None:
    # The application gets both; its echo would be too late.
    for _ in range(20):
        with RawWebSocket(plain_server) as websocket:
            websocket.send(frame(TEXT, b"last") + close_frame(1000))
            assert websocket.read_to_close()[1].code == 1000


def test_a_long_denial_waits_for_its_client(
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
    """The value that `probe` returns repeatedly."""
    history: list[int] = []

    def same() -> bool:
        history.append(probe())
        return len(history) > 20 and len(set(history[-20:])) == 1

    eventually(same)
    return history[-1]


@pytest.fixture
def small_server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A server whose memory is used only by this test."""
    return start_server("plain:application")


def test_a_slow_client_needs_no_more_memory(small_server: ServerProcess, key: str) -> None:
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


async def test_a_slow_application_needs_no_more_memory(
    small_server: ServerProcess, key: str
) -> None:
    """100 MB are sent to an application that receives nothing at first."""
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


def test_idle_connections_need_little_memory(small_server: ServerProcess) -> None:
    """Compression is negotiated, but not used."""
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
