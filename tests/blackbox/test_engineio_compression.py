"""Compression of responses to polling requests, and of WebSocket messages if configured."""

from __future__ import annotations

import asyncio
import json
import random
import re
import zlib
from collections.abc import Callable, Iterator

import pytest
from support.engineio import PollingSession, WebSocketSession, event_packet
from support.raw_http import RawConnection, Response
from support.server import ServerProcess
from support.socketio_apps import APPS, read_notes
from support.waiting import eventually
from support.websocket_frames import BINARY, RSV1, TEXT, Deflate, Frame, RawWebSocket, frame

StartServer = Callable[..., ServerProcess]
OFFER = "Sec-WebSocket-Extensions: permessage-deflate"
SOCKETIO = "/socket.io/?EIO=4&transport=websocket"
GZIP = 31  # zlib's number for the format
ZLIB = 15


async def echoed(session: PollingSession, text: str, accept: str) -> tuple[Response, str]:
    """The response to a GET that waits for this echo, and the expected text."""
    await session.emit("echo", text)
    headers = (f"Accept-Encoding: {accept}",) if accept else ()
    expected = f"42{json.dumps(['echo', text], separators=(',', ':'))}"
    return await asyncio.to_thread(fetch, session, headers), expected


def fetch(session: PollingSession, headers: tuple[str, ...]) -> Response:
    with RawConnection(int(session.url.rsplit(":", 1)[1])) as connection:
        return connection.get(session.target, *headers).read_response()


@pytest.mark.parametrize(
    ("accept", "coding", "bits"),
    [
        ("gzip, deflate", "gzip", GZIP),
        ("deflate", "deflate", ZLIB),
        ("gzip;q=0.2, deflate;q=0.7", "deflate", ZLIB),
        ("*", "gzip", GZIP),
        ("gzip;q=0, identity", None, 0),
        ("br", None, 0),
        ("", None, 0),
    ],
)
async def test_a_long_response_is_compressed(
    accept: str, coding: str | None, bits: int, socketio_server: ServerProcess
) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        answer, expected = await echoed(session, "long " * 1000, accept)
        assert answer.status == 200
        assert answer.header("content-encoding") == coding
        assert answer.header("vary") == "Accept-Encoding"
        assert answer.header("content-type") == "text/plain; charset=UTF-8"
        assert answer.header("content-length") == str(len(answer.body))
        body = zlib.decompress(answer.body, bits) if coding else answer.body
        assert body.decode() == expected
        if coding:
            assert len(answer.body) < 200


async def test_a_short_response_is_not_compressed(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        answer, expected = await echoed(session, "short", "gzip")
        assert answer.header("content-encoding") is None
        assert answer.header("vary") is None
        assert answer.body.decode() == expected


async def test_very_long_responses_are_compressed(socketio_server: ServerProcess) -> None:
    """They are compressed on another thread."""
    generator = random.Random(5)
    texts = ["".join(generator.choices("abcdefgh", k=500_000)) for _ in range(10)]
    received: list[str] = []
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        for text in texts:
            await session.emit("echo", text)
        while len(received) < len(texts):
            answer = await asyncio.to_thread(fetch, session, ("Accept-Encoding: gzip",))
            if answer.body == b"2":
                await session.send("3")
                continue
            assert answer.header("content-encoding") == "gzip"
            packets = zlib.decompress(answer.body, GZIP).decode().split("\x1e")
            received += [json.loads(packet[2:])[1] for packet in packets if packet != "2"]
        assert received == texts
        await session.call("reply", 1)


async def test_a_client_that_disconnects_while_its_response_is_compressed(
    socketio_server: ServerProcess,
) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        for _ in range(5):
            await session.emit("echo", "x" * 900_000)
        await session.emit("reply", ack=1)
        with RawConnection(socketio_server.port) as connection:
            connection.get(session.target, "Accept-Encoding: gzip")
            connection.close_abruptly()
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()


async def test_the_threshold_is_an_option(start_server: StartServer) -> None:
    server = start_server("native:application", "--socketio-compression-threshold", "64", cwd=APPS)
    async with PollingSession(server.url) as session:
        await session.join_namespace()
        answer, _ = await echoed(session, "x" * 100, "gzip")
        assert answer.header("content-encoding") == "gzip"


async def test_compression_can_be_switched_off(start_server: StartServer) -> None:
    server = start_server("native:application", "--no-socketio-http-compression", cwd=APPS)
    async with PollingSession(server.url) as session:
        await session.join_namespace()
        answer, expected = await echoed(session, "long " * 1000, "gzip")
        assert answer.header("content-encoding") is None
        assert answer.header("vary") is None
        assert answer.body.decode() == expected


# --- compress(False) ---

TEXT_OF_2_KB = "long " * 400
OWN = [[["compress", False]], [["compress", False], ["emit_with_ack"]]]
FOR_ALL = [
    [["server"], ["compress", False]],
    [["name_space"], ["compress", False]],
    [["server"], ["to", "lobby"], ["compress", False]],
    [["server"], ["compress", False], ["to", "lobby"], ["emit_with_ack"]],
]
CHAINS = OWN + FOR_ALL


def in_room(chain: list[list[object]], room: str) -> list[list[object]]:
    """The chain with another name for "lobby": clients of other tests may still be in that room."""
    return [[room if part == "lobby" else part for part in step] for step in chain]


def undone(chain: list[list[object]]) -> list[list[object]]:
    """The chain with one more compress(True)."""
    at = chain.index(["compress", False])
    return [*chain[: at + 1], ["compress", True], *chain[at + 1 :]]


def acknowledgements(event: bytes) -> list[str]:
    """The packet that acknowledges the event, if it asks for one."""
    asked = re.match(rb"42(\d+)\[", event)
    return [f"43{int(asked[1])}[]"] if asked else []


@pytest.mark.parametrize("chain", CHAINS, ids=str)
async def test_a_response_with_events_that_decline_compression(
    chain: list[list[object]], socketio_server: ServerProcess, key: str
) -> None:
    chain = in_room(chain, key)
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        await session.emit("join", key)
        for steps, coding in ((chain, None), (undone(chain), "gzip")):
            await session.emit("tell", steps, TEXT_OF_2_KB)
            answer = await asyncio.to_thread(fetch, session, ("Accept-Encoding: gzip",))
            assert answer.header("content-encoding") == coding
            assert answer.header("vary") == (coding and "Accept-Encoding")
            body = zlib.decompress(answer.body, GZIP) if coding else answer.body
            assert body.endswith(f'["said","{TEXT_OF_2_KB}"]'.encode())
            for packet in acknowledgements(body):
                await session.send(packet)


async def test_a_response_is_compressed_if_one_of_its_events_may_be(
    socketio_server: ServerProcess, key: str
) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace(auth={"key": key})
        await session.emit("tell", CHAINS[0], TEXT_OF_2_KB)
        await session.emit("echo", "short")
        await session.emit("note", "told")
        await asyncio.to_thread(eventually, lambda: ["told"] in read_notes(socketio_server, key))
        answer = await asyncio.to_thread(fetch, session, ("Accept-Encoding: gzip",))
        assert answer.header("content-encoding") == "gzip"
        packets = zlib.decompress(answer.body, GZIP).decode().split("\x1e")
        assert [packet[:9] for packet in packets if packet != "2"] == ['42["said"', '42["echo"']


# --- WebSockets ---


def socketio_websocket(server: ServerProcess, *headers: str) -> RawWebSocket:
    """A WebSocket that has joined "/"."""
    websocket = RawWebSocket(server, SOCKETIO, *headers)
    assert websocket.read_frame().payload.startswith(b"0{")
    websocket.send(frame(TEXT, b"40"))
    assert websocket.read_frame().payload.startswith(b"40{")
    return websocket


def echo(websocket: RawWebSocket, text: str) -> Frame:
    websocket.send(frame(TEXT, event_packet("echo", text).encode()))
    return websocket.read_frame()


def test_websockets_are_not_compressed_by_default(socketio_server: ServerProcess) -> None:
    with socketio_websocket(socketio_server, OFFER) as websocket:
        assert websocket.response.header("sec-websocket-extensions") is None
        assert not echo(websocket, "x" * 5_000).first & RSV1


def test_websockets_from_the_threshold_on(start_server: StartServer) -> None:
    server = start_server("native:application", "--socketio-per-message-deflate", cwd=APPS)
    with socketio_websocket(server, OFFER) as websocket:
        assert websocket.response.header("sec-websocket-extensions")
        deflate = Deflate()
        packet = len('42["echo",""]')
        below = echo(websocket, "x" * (1023 - packet))
        assert not below.first & RSV1
        assert len(below.payload) == 1023
        for _ in range(2):
            compressed = echo(websocket, "x" * (1024 - packet))
            assert compressed.first & RSV1
            assert len(compressed.payload) < 100
            assert deflate.decompress(compressed.payload) == (
                b'42["echo","' + b"x" * (1024 - packet) + b'"]'
            )
        message = event_packet("reply", "y" * 2_000, ack=3).encode()
        websocket.send(frame(TEXT, deflate.compress(message), reserved=RSV1))
        answer = deflate.decompress(websocket.read_frame().payload)
        assert answer == b'433["' + b"y" * 2_000 + b'"]'
    with socketio_websocket(server) as websocket:
        assert not echo(websocket, "x" * 5_000).first & RSV1


async def test_a_client_library_with_compression(start_server: StartServer) -> None:
    server = start_server("native:application", "--socketio-per-message-deflate", cwd=APPS)
    async with WebSocketSession(server.url) as session:
        response = session.websocket.response
        assert response is not None
        assert "permessage-deflate" in response.headers["Sec-WebSocket-Extensions"]
        await session.join_namespace()
        for text in ("short", "long " * 10_000):
            await session.emit("echo", text)
            assert await session.next_event() == ["echo", text]


@pytest.fixture(scope="module")
def compressing_server() -> Iterator[ServerProcess]:
    server = ServerProcess("native:application", "--socketio-per-message-deflate", cwd=APPS)
    yield server.start()
    server.stop()


def read_said(websocket: RawWebSocket, deflate: Deflate) -> tuple[bool, list[bytes]]:
    """Whether the next event was compressed, and its messages, which must all be alike."""
    frames = [websocket.read_frame()]
    coded = bool(frames[0].first & RSV1)
    messages = [deflate.decompress(frames[0].payload) if coded else frames[0].payload]
    while messages[0].startswith(b"451-") and len(messages) < 2:
        frames.append(websocket.read_frame())
        messages.append(deflate.decompress(frames[-1].payload) if coded else frames[-1].payload)
    assert {bool(f.first & RSV1) for f in frames} == {coded}
    return coded, messages


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_a_message_that_declines_compression(
    chain: list[list[object]], compressing_server: ServerProcess, key: str
) -> None:
    chain = in_room(chain, key)
    with socketio_websocket(compressing_server, OFFER) as websocket:
        deflate = Deflate()
        websocket.send(frame(TEXT, event_packet("join", key).encode()))
        for steps, compressed in ((chain, False), (undone(chain), True), (chain, False)):
            websocket.send(frame(TEXT, event_packet("tell", steps, TEXT_OF_2_KB).encode()))
            coded, messages = read_said(websocket, deflate)
            assert coded == compressed
            assert messages[0].endswith(f'["said","{TEXT_OF_2_KB}"]'.encode())
            for packet in acknowledgements(messages[0]):
                websocket.send(frame(TEXT, packet.encode()))


def test_a_broadcast_that_declines_compression(compressing_server: ServerProcess) -> None:
    chains = [[["broadcast"], ["compress", False]], [["compress", False], ["to", "lobby"]]]
    with (
        socketio_websocket(compressing_server, OFFER) as sender,
        socketio_websocket(compressing_server, OFFER) as other,
    ):
        deflate = Deflate()
        other.send(frame(TEXT, event_packet("join", "lobby").encode()))
        other.send(frame(TEXT, event_packet("reply", ack=1).encode()))
        assert other.read_frame().payload == b"431[]"
        for chain in chains:
            for steps, compressed in ((chain, False), (undone(chain), True)):
                sender.send(frame(TEXT, event_packet("tell", steps, TEXT_OF_2_KB).encode()))
                assert read_said(other, deflate)[0] == compressed


def test_attachments_are_compressed_like_their_event(compressing_server: ServerProcess) -> None:
    with socketio_websocket(compressing_server, OFFER) as websocket:
        deflate = Deflate()
        for steps, compressed in ((CHAINS[0], False), (undone(CHAINS[0]), True)):
            placeholder = {"_placeholder": True, "num": 0}
            event = json.dumps(["tell", steps, TEXT_OF_2_KB, placeholder])
            websocket.send(frame(TEXT, f"451-{event}".encode()))
            websocket.send(frame(BINARY, b"bytes" * 400))
            coded, messages = read_said(websocket, deflate)
            assert coded == compressed
            assert messages[1] == b"bytes" * 400
