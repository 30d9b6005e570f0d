"""Pings and timeouts of WebSockets, and of applications whose clients have disconnected.

The server checks its timeouts about once a second, so no test is faster than that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess
from support.waiting import eventually
from support.websocket_frames import (
    PING,
    PONG,
    TEXT,
    RawWebSocket,
    close_frame,
    frame,
    handshake_headers,
)
from websockets.asyncio.client import connect

TIMES = [
    "--ping-interval=0.5",
    "--ping-timeout=1",
    "--websocket-connect-timeout=1",
    "--application-close-timeout=1",
    "--log-level=info",
]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """plain.py with short timeouts."""
    process = ServerProcess("plain:application", *TIMES).start()
    yield process
    process.stop()


@pytest.fixture
def seen(server: ServerProcess, key: str) -> Callable[[str], Any]:
    """seen(name): waits for an observation of the application under this test's key."""

    def wait(name: str) -> Any:
        def probe() -> dict[str, Any] | None:
            answer = httpx.get(f"{server.url}/seen?key={key}").json()
            return answer if name in answer else None

        return eventually(probe)[name]

    return wait


def test_a_client_that_answers_pings_stays_connected(server: ServerProcess) -> None:
    with RawWebSocket(server) as websocket:
        for _ in range(4):
            ping = websocket.read_frame()
            assert (ping.first, ping.payload) == (0x80 | PING, b"")
            websocket.send(frame(PONG))
        websocket.send(frame(TEXT, b"still here"))
        assert websocket.read_frame().payload == b"still here"


async def test_the_client_websockets_answers_pings(server: ServerProcess) -> None:
    url = server.websocket_url + "/echo"
    async with connect(url, proxy=None, ping_interval=None) as websocket:
        await asyncio.sleep(0)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(websocket.recv(), 4)  # more than two pings and timeouts
        await websocket.send("still here")
        assert await websocket.recv() == "still here"


def test_a_client_that_answers_no_ping_is_closed_with_1011(
    server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    start = len(server.log)
    with RawWebSocket(server, f"/echo?key={key}") as websocket:
        frames, closing = websocket.read_to_close()
    assert [f.opcode for f in frames] == [PING]
    assert (closing.code, closing.reason) == (1011, "ping timed out")
    assert (seen("code"), seen("reason")) == (1006, "ping timed out")
    server.wait_for_log(r"WebSocket /echo of 127.0.0.1:\d+ is closed: nothing came", start)


def test_pings_and_pongs_continue_while_python_is_blocked(server: ServerProcess) -> None:
    with RawWebSocket(server, "/block?seconds=3") as websocket:
        websocket.send(frame(TEXT, b"block")).send(frame(PING, b"are you there"))
        before = []
        while (answer := websocket.read_frame()).opcode != TEXT:
            before.append(answer)
            if answer.opcode == PING:
                websocket.send(frame(PONG))
    assert [f.payload for f in before if f.opcode == PONG] == [b"are you there"]
    assert sum(f.opcode == PING for f in before) >= 2


def test_no_pings_when_they_are_switched_off(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("plain:application", "--ping-interval=0", "--websocket-timeout=3")
    with RawWebSocket(server) as websocket:
        frames, closing = websocket.read_to_close()
    assert frames == []
    assert (closing.code, closing.reason) == (1001, "maximum lifetime reached")


def test_a_handshake_that_is_not_accepted_in_time_gets_403(
    server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    start = len(server.log)
    with RawConnection(server.port) as connection:
        connection.get(f"/never-accept?key={key}", *handshake_headers())
        assert connection.read_response().status == 403
        assert connection.is_closed()
    assert seen("code") == 1006
    server.wait_for_log(r"WebSocket /never-accept of .* was not accepted within 1 s", start)


def test_an_application_that_does_not_notice_a_close_is_cancelled(
    server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    start = len(server.log)
    with RawWebSocket(server, f"/stay?key={key}") as websocket:
        websocket.send(close_frame(1000)).read_to_close()
    assert seen("code") == 1000
    assert seen("cancelled")
    line = server.wait_for_log(r"Cancelled 1 s after its client had left: .*", start)[0]
    assert "WebSocket /stay of 127.0.0.1:" in line
    assert "plain_websocket.py" in line


@pytest.mark.parametrize("path", ["/stay", "/st%0Aay"])
def test_a_request_that_does_not_notice_its_client_leaving_is_cancelled(
    server: ServerProcess, key: str, seen: Callable[[str], Any], path: str
) -> None:
    start = len(server.log)
    with RawConnection(server.port) as connection:
        connection.get(f"{path}?key={key}")
        assert seen("started")
    assert seen("cancelled")
    server.wait_for_log(f"Cancelled 1 s after its client had left: GET {path} of 127", start)


def test_a_task_after_a_complete_response_is_not_cancelled(
    server: ServerProcess, key: str, seen: Callable[[str], Any]
) -> None:
    start = len(server.log)
    with RawConnection(server.port) as connection:
        connection.get(f"/work-after-answer?key={key}&gate={key}")
        assert connection.read_response().body == b"answer"
    # Another request without a response is cancelled later than this one would have been.
    with RawConnection(server.port) as connection:
        connection.get("/stay?key=other")
        eventually(lambda: httpx.get(f"{server.url}/seen?key=other").json())
    server.wait_for_log(r"Cancelled 1 s after its client had left: GET /stay", start)
    assert "left: GET /work-after-answer" not in server.log[start:]
    httpx.get(f"{server.url}/open?gate={key}")
    assert seen("worked") is True
