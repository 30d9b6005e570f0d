"""permessage-deflate (RFC 7692): its negotiation, and errors in compressed messages."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from support.server import ROOT, ServerProcess
from support.websocket_frames import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    TEXT,
    Deflate,
    RawWebSocket,
    close_frame,
    frame,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

LIMIT = 1_048_576
OFFER = "Sec-WebSocket-Extensions: permessage-deflate"
WORDS = b"The quick brown fox jumps over the lazy dog. " * 20


def open_compressed(server: ServerProcess, parameters: str = "") -> RawWebSocket:
    websocket = RawWebSocket(server, "/echo", OFFER + parameters)
    assert websocket.response.header("sec-websocket-extensions"), websocket.response
    return websocket


def exchange(websocket: RawWebSocket, deflate: Deflate, message: bytes) -> bool:
    """Sends a compressed message and checks its echo; returns whether the echo was compressed."""
    websocket.send(frame(BINARY, deflate.compress(message), reserved=RSV1))
    echo = websocket.read_frame()
    assert echo.opcode == BINARY
    compressed = bool(echo.first & RSV1)
    assert (deflate.decompress(echo.payload) if compressed else echo.payload) == message
    return compressed


@pytest.mark.parametrize("server_takeover", [True, False])
@pytest.mark.parametrize("client_takeover", [True, False])
@pytest.mark.parametrize("server_bits", [None, 9, 11, 15])
@pytest.mark.parametrize("client_bits", [None, "", 9, 11, 15])
def test_all_parameters(
    plain_server: ServerProcess,
    server_takeover: bool,
    client_takeover: bool,
    server_bits: int | None,
    client_bits: int | str | None,
) -> None:
    parameters = "" if server_takeover else "; server_no_context_takeover"
    parameters += "" if client_takeover else "; client_no_context_takeover"
    if server_bits is not None:
        parameters += f"; server_max_window_bits={server_bits}"
    if client_bits is not None:
        parameters += "; client_max_window_bits" + (f"={client_bits}" if client_bits else "")
    with open_compressed(plain_server, parameters) as websocket:
        answer = websocket.response.header("sec-websocket-extensions") or ""
        name, *accepted = answer.split("; ")
        chosen = dict(parameter.partition("=")[::2] for parameter in accepted)
        assert name == "permessage-deflate"
        assert ("server_no_context_takeover" in chosen) is not server_takeover
        assert ("client_no_context_takeover" in chosen) is not client_takeover
        assert ("server_max_window_bits" in chosen) is (server_bits is not None)
        assert ("client_max_window_bits" in chosen) is (client_bits is not None)
        assert int(chosen.get("server_max_window_bits", 15)) <= (server_bits or 15)
        assert int(chosen.get("client_max_window_bits", 15)) <= int(client_bits or 15)
        deflate = Deflate(
            own_bits=int(chosen.get("client_max_window_bits", 15)),
            peer_bits=int(chosen.get("server_max_window_bits", 15)),
            own_takeover=client_takeover,
            peer_takeover=server_takeover,
        )
        for message in (WORDS, WORDS, os.urandom(20_000), WORDS * 40):
            assert exchange(websocket, deflate, message)


@pytest.mark.parametrize(
    ("offers", "answer"),
    [
        ("permessage-deflate; unknown", None),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; client_max_window_bits=16", None),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits", None),
        ("x-webkit-deflate-frame", None),
        ("permessage-deflate; unknown, permessage-deflate", "permessage-deflate"),
        (
            "mux, permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=12",
        ),
    ],
)
def test_an_invalid_offer_is_ignored(
    plain_server: ServerProcess, offers: str, answer: str | None
) -> None:
    with RawWebSocket(plain_server, "/echo", f"Sec-WebSocket-Extensions: {offers}") as websocket:
        assert websocket.response.header("sec-websocket-extensions") == answer
        assert websocket.send(frame(TEXT, b"plain")).read_frame().payload == b"plain"


def test_context_takeover_makes_a_repeated_message_tiny(plain_server: ServerProcess) -> None:
    noise = os.urandom(1000)
    with open_compressed(plain_server) as websocket:
        deflate = Deflate()
        sizes = []
        for _ in range(2):
            websocket.send(frame(BINARY, deflate.compress(noise), reserved=RSV1))
            echo = websocket.read_frame()
            sizes.append(len(echo.payload))
            assert deflate.decompress(echo.payload) == noise
    assert sizes[0] > 1000
    assert sizes[1] < 100


def test_small_messages_are_not_compressed(plain_server: ServerProcess) -> None:
    with open_compressed(plain_server) as websocket:
        deflate = Deflate()
        assert not exchange(websocket, deflate, b"x" * 127)
        assert exchange(websocket, deflate, b"x" * 128)
        # Compressed and uncompressed messages can be mixed.
        assert websocket.send(frame(TEXT, b"plain")).read_frame().payload == b"plain"
        assert exchange(websocket, deflate, WORDS)
        assert not exchange(websocket, deflate, b"")


def test_compressed_fragments(plain_server: ServerProcess) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    source = random.Random(seed)
    with open_compressed(plain_server) as websocket:
        deflate = Deflate()
        for _ in range(20):
            message = source.choice([WORDS, source.randbytes(3000)])
            data = deflate.compress(message)
            cuts = sorted(source.randrange(len(data) + 1) for _ in range(source.randrange(1, 200)))
            parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
            stream = frame(BINARY, parts[0], final=False, reserved=RSV1)
            for part in parts[1:]:
                stream += frame(CONTINUATION, part, final=False)
            websocket.send(stream + frame(PING, b"p") + frame(CONTINUATION))
            assert websocket.read_frame().opcode == PONG
            echo = websocket.read_frame()
            assert deflate.decompress(echo.payload) == message


def bomb(size: int) -> bytes:
    deflater = zlib.compressobj(9, wbits=-15)
    chunks = [deflater.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)]
    chunks.append(deflater.flush(zlib.Z_SYNC_FLUSH))
    return b"".join(chunks).removesuffix(Deflate.TAIL)


def test_a_bomb_is_cut_off_at_the_limit(plain_server: ServerProcess) -> None:
    data = bomb(1_000_000_000)
    assert len(data) < LIMIT
    before = plain_server.memory()
    with open_compressed(plain_server) as websocket:
        with contextlib.suppress(OSError):  # the server may close before it has read everything
            websocket.send(frame(BINARY, data, reserved=RSV1))
        frames, closing = websocket.read_to_close()
    assert frames == []
    assert (closing.code, closing.reason) == (1009, "message too big")
    assert plain_server.growth(before) < 32_000_000


def test_many_decompressed_messages_wait_for_the_application(
    start_server: Callable[..., ServerProcess], key: str
) -> None:
    server = start_server("plain:application")
    message = frame(BINARY, raw_deflate(bytes(LIMIT)), reserved=RSV1)
    count = 60
    assert len(message) * count < 65_536  # the most that the server may read at once
    before = server.memory()
    with RawWebSocket(server, f"/hold?key={key}", OFFER) as websocket:
        websocket.send(message * count).send(frame(PING))
        with RawWebSocket(server, f"/release?key={key}") as other:
            assert other.read_frame().code == 1000
        websocket.send(frame(TEXT, b"end"))
        while (answer := websocket.read_frame()).opcode == PONG:
            pass
        assert answer.payload == b"%d" % (count * LIMIT)
        assert server.peak_growth(before) < 24_000_000


def test_the_limit_is_for_the_decompressed_message(
    plain_server: ServerProcess,
) -> None:
    with open_compressed(plain_server) as websocket:
        deflate = Deflate()
        assert exchange(websocket, deflate, bytes(LIMIT))
        noise = os.urandom(LIMIT)
        assert len(Deflate().compress(noise)) > LIMIT
        assert exchange(websocket, deflate, noise)
        websocket.send(frame(BINARY, deflate.compress(bytes(LIMIT + 1)), reserved=RSV1))
        assert websocket.read_to_close()[1].code == 1009


def raw_deflate(message: bytes) -> bytes:
    return Deflate().compress(message)


VIOLATIONS = {
    "corrupt data": (frame(BINARY, b"\x07\x00", reserved=RSV1), 1007),
    "data cut off": (frame(BINARY, raw_deflate(WORDS)[:30], reserved=RSV1), 1007),
    "invalid UTF-8": (frame(TEXT, raw_deflate(b"a\xff"), reserved=RSV1), 1007),
    "UTF-8 cut off": (frame(TEXT, raw_deflate("日".encode()[:2]), reserved=RSV1), 1007),
    "invalid UTF-8 in fragments": (
        frame(TEXT, raw_deflate(b"ok\xff")[:2], final=False, reserved=RSV1)
        + frame(CONTINUATION, raw_deflate(b"ok\xff")[2:]),
        1007,
    ),
    "marked continuation": (
        frame(TEXT, raw_deflate(WORDS)[:9], final=False, reserved=RSV1)
        + frame(CONTINUATION, raw_deflate(WORDS)[9:], reserved=RSV1),
        1002,
    ),
    "compressed ping": (frame(PING, raw_deflate(b"p"), reserved=RSV1), 1002),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_closes(plain_server: ServerProcess, name: str) -> None:
    data, code = VIOLATIONS[name]
    with open_compressed(plain_server) as websocket:
        frames, closing = websocket.send(data).read_to_close()
    assert frames == []
    assert closing.code == code


def test_no_compression_if_it_is_switched_off(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server("plain:application", "--no-ws-per-message-deflate")
    with RawWebSocket(server, "/echo", OFFER) as websocket:
        assert websocket.response.header("sec-websocket-extensions") is None
        assert websocket.send(frame(TEXT, WORDS)).read_frame().first == 0x81
        closing = websocket.send(frame(TEXT, raw_deflate(b"x"), reserved=RSV1)).read_to_close()[1]
        assert closing.code == 1002


def test_engineio_websockets_are_not_compressed(socketio_server: ServerProcess) -> None:
    path = "/socket.io/?EIO=4&transport=websocket"
    with RawWebSocket(socketio_server, path, OFFER) as websocket:
        assert websocket.response.header("sec-websocket-extensions") is None


def test_the_limits_can_be_set(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(
        "plain:application", "--websocket-max-message-size=1000", "--websocket-max-frame-size=500"
    )
    with RawWebSocket(server) as websocket:
        whole = frame(BINARY, bytes(500), final=False) + frame(CONTINUATION, bytes(500))
        assert len(websocket.send(whole).read_frame().payload) == 1000
        assert websocket.send(frame(BINARY, bytes(501))).read_to_close()[1].code == 1009
    with RawWebSocket(server) as websocket:
        whole = frame(BINARY, bytes(500), final=False) + frame(
            CONTINUATION, bytes(500), final=False
        )
        closing = websocket.send(whole + frame(CONTINUATION, b"x")).read_to_close()[1]
        assert closing.code == 1009


def test_a_limit_of_zero_is_no_limit(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(
        "plain:application", "--websocket-max-message-size=0", "--websocket-max-frame-size=0"
    )
    message = os.urandom(5_000_000)
    with RawWebSocket(server) as websocket:
        assert websocket.send(frame(BINARY, message)).read_frame().payload == message
    with open_compressed(server) as websocket:
        websocket.send(frame(BINARY, raw_deflate(message), reserved=RSV1))
        echo = websocket.read_frame()
        assert echo.payload == message  # too large to be compressed


# --- Real clients ---


@pytest.mark.parametrize("server_takeover", [True, False])
@pytest.mark.parametrize("client_takeover", [True, False])
@pytest.mark.parametrize("bits", [None, 9, 12, 15])
async def test_the_client_websockets(
    plain_server: ServerProcess, server_takeover: bool, client_takeover: bool, bits: int | None
) -> None:
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover=not server_takeover,
        client_no_context_takeover=not client_takeover,
        server_max_window_bits=bits,
        client_max_window_bits=bits or True,
    )
    url = plain_server.websocket_url + "/echo"
    async with connect(url, proxy=None, extensions=[factory], max_size=None) as websocket:
        for message in ("", "small", "x" * 5000, WORDS * 500, os.urandom(LIMIT), "日本" * 10_000):
            await websocket.send(message)
            assert await websocket.recv() == message
        await websocket.send(["fragments " * 100, "of one ", "", "message"])
        assert await websocket.recv() == "fragments " * 100 + "of one message"
        await websocket.send(bytes(LIMIT + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await websocket.recv()
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"serverNoContextTakeover": True, "clientNoContextTakeover": True},
        {"serverMaxWindowBits": 9, "clientMaxWindowBits": 9},
        {"threshold": 0},
    ],
)
def test_the_client_ws_of_node(plain_server: ServerProcess, options: dict[str, Any]) -> None:
    result = subprocess.run(
        ["node", "ws_echo.mjs", plain_server.websocket_url + "/echo", json.dumps(options)],
        cwd=ROOT / "tests" / "blackbox" / "js",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "permessage-deflate" in result.stdout


def test_close_frames_are_not_compressed(plain_server: ServerProcess) -> None:
    with open_compressed(plain_server) as websocket:
        assert websocket.send(close_frame(4000, b"bye")).read_to_close()[1].first == 0x88
