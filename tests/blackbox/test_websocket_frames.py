"""WebSocket frames byte by byte, in the categories of the Autobahn test suite."""

from __future__ import annotations

import contextlib
import random
import uuid

import httpx
import pytest
from support.engineio import connect_packet, event_packet
from support.server import ServerProcess
from support.socketio_apps import disconnects, read_notes
from support.waiting import eventually
from support.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    RSV2,
    RSV3,
    TEXT,
    RawWebSocket,
    close_frame,
    frame,
)

GOODBYE = close_frame(1000)


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)] if size else [data]


# The input; the payloads of messages and of pongs in response; further input; and the code of the
# server's close frame.
Case = tuple[bytes, list[bytes], list[bytes], bytes, int]


def fine(data: bytes, messages: list[bytes], pongs: list[bytes]) -> Case:
    return data, messages, pongs, GOODBYE, 1000


def wrong(data: bytes, code: int = 1002) -> Case:
    """The bytes come after a valid message."""
    return frame(TEXT, b"first"), [b"first"], [], data, code


CASES: dict[str, Case] = {
    # 1: framing
    **{
        f"1 {kind} of {size}": fine(frame(opcode, b"*" * size), [b"*" * size], [])
        for kind, opcode in (("text", TEXT), ("binary", BINARY))
        for size in (0, 125, 126, 127, 128, 65535, 65536)
    },
    # 2: pings and pongs
    "2 empty ping": fine(frame(PING), [], [b""]),
    "2 ping with text": fine(frame(PING, b"hello"), [], [b"hello"]),
    "2 ping with bytes": fine(frame(PING, b"\x00\xff\xfe\xfd"), [], [b"\x00\xff\xfe\xfd"]),
    "2 ping of 125": fine(frame(PING, b"\xfe" * 125), [], [b"\xfe" * 125]),
    "2 ping of 126": wrong(frame(PING, b"\xfe" * 126)),
    "2 pongs nobody asked for": fine(frame(PONG, b"x") + frame(PONG), [], []),
    "2 ten pings": fine(
        b"".join(frame(PING, b"%d" % i) for i in range(10)), [], [b"%d" % i for i in range(10)]
    ),
    # 3: reserved bits
    **{
        f"3 reserved bits {bits:#x} on {opcode}": wrong(frame(opcode, b"x", reserved=bits))
        for bits in (RSV1, RSV2, RSV3, RSV1 | RSV2, RSV1 | RSV2 | RSV3)
        for opcode in (TEXT, BINARY, PING, CLOSE)
    },
    # 4: opcodes
    **{
        f"4 reserved opcode {opcode}": wrong(frame(opcode, b"x") + frame(PING))
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    # 5: fragments
    "5 fragmented ping": wrong(frame(PING, b"a", final=False) + frame(CONTINUATION, b"b")),
    "5 fragmented pong": wrong(frame(PONG, b"a", final=False)),
    "5 two fragments": fine(
        frame(TEXT, b"a", final=False) + frame(CONTINUATION, b"b"), [b"ab"], []
    ),
    "5 a ping between fragments": fine(
        frame(TEXT, b"a", final=False) + frame(PING, b"p") + frame(CONTINUATION, b"b"),
        [b"ab"],
        [b"p"],
    ),
    "5 pings between fragments": fine(
        frame(TEXT, b"a", final=False)
        + frame(PING, b"1")
        + frame(CONTINUATION, b"b", final=False)
        + frame(PING, b"2")
        + frame(CONTINUATION, b"c"),
        [b"abc"],
        [b"1", b"2"],
    ),
    "5 empty fragments": fine(
        frame(TEXT, final=False) + frame(CONTINUATION, final=False) + frame(CONTINUATION),
        [b""],
        [],
    ),
    "5 continuation of nothing": wrong(frame(CONTINUATION, b"a")),
    "5 open continuation of nothing": wrong(
        frame(CONTINUATION, b"a", final=False) + frame(TEXT, b"b")
    ),
    "5 a message within a message": wrong(frame(TEXT, b"a", final=False) + frame(TEXT, b"b")),
    # 7: closing
    "7 a message after the close": wrong(GOODBYE + frame(TEXT, b"b") + frame(PING), 1000),
    "7 two closes": wrong(GOODBYE + close_frame(1001), 1000),
    "7 close within a message": wrong(frame(TEXT, b"a", final=False) + GOODBYE, 1000),
    "7 close without a code": wrong(frame(CLOSE), 1005),
    "7 close of one byte": wrong(frame(CLOSE, b"x")),
    "7 close with the longest reason": wrong(close_frame(1000, b"x" * 123), 1000),
    "7 close with a reason too long": wrong(close_frame(1000, b"x" * 124)),
    "7 close with invalid UTF-8": wrong(close_frame(1000, b"\xce\xba\xed\xa0\x80"), 1007),
    **{
        f"7 close with {code}": wrong(close_frame(code), code)
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 3000, 3999, 4999)
    },
    **{
        f"7 close with {code}": wrong(close_frame(code))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "unmasked": wrong(frame(TEXT, b"a", masked=False)),
}


SOCKETIO_FAULTS = [
    (frame(3), 1002),
    (frame(TEXT, b"\xff"), 1007),
    (frame(TEXT, bytes(1_000_001)), 1009),
]


def send(websocket: RawWebSocket, data: bytes, piece: int) -> None:
    with contextlib.suppress(OSError):  # the server may close before it has read everything
        for part in in_pieces(data, piece):
            websocket.send(part)


def is_faulty(case: Case) -> bool:
    """Whether the server's close frame is for a fault; otherwise it answers the client's."""
    _, _, _, data, code = case
    return code in (1002, 1007, 1009) and data != close_frame(code)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if is_faulty(case)])
def test_messages_before_a_faulty_frame_are_answered(
    plain_server: ServerProcess, name: str
) -> None:
    """In one write, as Autobahn sends them in its strict cases."""
    good, answers, _, faulty, code = CASES[name]
    with RawWebSocket(plain_server) as websocket:
        frames, closing = websocket.send(good + faulty).read_to_close()
    assert [answer.payload for answer in frames if answer.opcode in (TEXT, BINARY)] == answers
    assert closing.code == code


def test_many_messages_before_a_faulty_frame_are_answered(plain_server: ServerProcess) -> None:
    with RawWebSocket(plain_server) as websocket:
        messages = [b"%d" % number for number in range(2_000)]
        websocket.send(b"".join(frame(TEXT, message) for message in messages) + frame(3))
        frames, closing = websocket.read_to_close()
    assert [answer.payload for answer in frames] == messages
    assert closing.code == 1002


def test_a_faulty_frame_closes_an_application_that_takes_nothing(
    plain_server: ServerProcess, key: str
) -> None:
    with RawWebSocket(plain_server, f"/block?seconds=0.3&key={key}") as websocket:
        websocket.send(frame(TEXT, b"a") + frame(TEXT, b"b") + frame(3))
        frames, closing = websocket.read_to_close()
    assert [answer.payload for answer in frames] == [b"a", b"b"]
    assert closing.code == 1002


@pytest.mark.parametrize(("faulty", "code"), SOCKETIO_FAULTS)
def test_socketio_events_before_a_faulty_frame_are_acknowledged(
    socketio_server: ServerProcess, faulty: bytes, code: int
) -> None:
    key = str(uuid.uuid4())
    packets = [connect_packet(auth={"key": key})]
    packets += [event_packet("reply", number, ack=number) for number in range(50)]
    with RawWebSocket(socketio_server, "/socket.io/?EIO=4&transport=websocket") as websocket:
        websocket.read_frame()
        # At once: the client is not even let in when the fault comes.
        websocket.send(b"".join(frame(TEXT, packet.encode()) for packet in packets) + faulty)
        frames, closing = websocket.read_to_close()
    assert [answer.payload for answer in frames[1:]] == [b"43%d[%d]" % (n, n) for n in range(50)]
    assert closing.code == code
    [[reason, reference_reason, _]] = disconnects(socketio_server, key)
    expected = ("engineio_websocket_disconnect", "transport error")
    if code == 1009:
        expected = ("engineio_payload_too_large", "transport error")
    assert (reason, reference_reason) == expected


def test_socketio_handlers_get_the_events_before_a_faulty_frame(
    socketio_server: ServerProcess,
) -> None:
    key = str(uuid.uuid4())
    with RawWebSocket(socketio_server, "/socket.io/?EIO=4&transport=websocket") as websocket:
        websocket.read_frame()
        websocket.send(frame(TEXT, connect_packet(auth={"key": key}).encode()))
        websocket.read_frame()
        websocket.send(frame(TEXT, event_packet("hold").encode()) + frame(3))
        assert websocket.read_to_close()[1].code == 1002
    eventually(lambda: "holding" in str(read_notes(socketio_server, key)))
    httpx.get(f"{socketio_server.url}/release", params={"key": key})


@pytest.mark.parametrize("shape", ["whole", "byte by byte"])
@pytest.mark.parametrize("name", CASES)
def test_frames(plain_server: ServerProcess, name: str, shape: str) -> None:
    first, messages, pongs, then, code = CASES[name]
    piece = 0 if shape == "whole" else 1 if len(first) < 1000 else 997
    with RawWebSocket(plain_server) as websocket:
        send(websocket, first, piece)
        # A pong may arrive before an echo, which comes from Python.
        answers = [websocket.read_frame() for _ in messages + pongs]
        send(websocket, then, piece)
        frames, closing = websocket.read_to_close()
    assert [f.payload for f in answers if f.opcode in (TEXT, BINARY)] == messages
    assert [f.payload for f in answers if f.opcode == PONG] == pongs
    assert frames == []
    assert closing.code == code


# 6: UTF-8. The payload of a single frame, and whether it is valid text.
TEXTS = {
    "a word": ("κόσμε".encode(), True),
    "edges of each length": ("\0\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff".encode(), True),
    "non-characters": ("\ufffe\uffff\U0001fffe\ufdd0".encode(), True),
    "around the surrogates": ("\ud7ff\ue000\ufffd".encode(), True),
    "a surrogate": (b"\xed\xa0\x80", False),
    "a pair of surrogates": (b"\xed\xa0\x80\xed\xb0\x80", False),
    "above the last character": (b"\xf4\x90\x80\x80", False),
    "five bytes": (b"\xf8\x88\x80\x80\x80", False),
    "overlong of two": (b"\xc0\xaf", False),
    "overlong of three": (b"\xe0\x80\xaf", False),
    "overlong of four": (b"\xf0\x80\x80\xaf", False),
    "a lone continuation byte": (b"a\x80b", False),
    "a character cut by the end": ("κόσμε".encode()[:-1], False),
    "a character cut by another": (b"\xce\xce\xba", False),
    "bytes that never occur": (b"\xfe\xff", False),
}


@pytest.mark.parametrize("shape", ["whole", "fragments", "byte by byte"])
@pytest.mark.parametrize("name", TEXTS)
def test_text_must_be_utf8(plain_server: ServerProcess, name: str, shape: str) -> None:
    text, valid = TEXTS[name]
    if shape == "fragments":
        parts = [frame(TEXT, final=False)]
        parts += [frame(CONTINUATION, text[i : i + 1], final=False) for i in range(len(text))]
        parts.append(frame(CONTINUATION))
    else:
        parts = in_pieces(frame(TEXT, text), 0 if shape == "whole" else 1)
    with RawWebSocket(plain_server) as websocket:
        with contextlib.suppress(OSError):  # the server may close before it has read everything
            for part in parts:
                websocket.send(part)
        if valid:
            assert websocket.read_frame().payload == text
            websocket.send(GOODBYE)
        frames, closing = websocket.read_to_close()
    assert frames == []
    assert closing.code == (1000 if valid else 1007)


def test_masks_are_removed(plain_server: ServerProcess) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    source = random.Random(seed)
    with RawWebSocket(plain_server) as websocket:
        for size in [*range(40), 1000, 65535, 65536, 100_001]:
            mask, payload = source.randbytes(4), source.randbytes(size)
            data = frame(BINARY, payload)
            head = data[: len(data) - size - 4]
            covered = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
            websocket.send(head + mask + covered)
            assert websocket.read_frame().payload == payload


def test_the_close_frame_has_the_reason(plain_server: ServerProcess) -> None:
    reasons = {
        frame(TEXT, b"\xff"): "invalid UTF-8",
        frame(3): "protocol error",
        frame(BINARY, bytes(1_048_577))[:20]: "frame too big",
    }
    for data, reason in reasons.items():
        with RawWebSocket(plain_server) as websocket:
            _, closing = websocket.send(data).read_to_close()
            assert closing.reason == reason


def test_a_limit_is_enforced_at_the_frame_header(plain_server: ServerProcess) -> None:
    # 2^62 bytes are announced; one is sent.
    data = bytes([0x82, 0xFF]) + (2**62).to_bytes(8, "big") + bytes(4) + b"x"
    with RawWebSocket(plain_server) as websocket:
        assert websocket.send(data).read_to_close()[1].code == 1009
    # The second fragment would exceed the limit of the message.
    data = frame(BINARY, bytes(1_048_576), final=False) + frame(CONTINUATION, b"x")
    with RawWebSocket(plain_server) as websocket:
        assert websocket.send(data).read_to_close()[1].code == 1009


def test_tiny_fragments_need_no_more_memory_than_their_bytes(plain_server: ServerProcess) -> None:
    before = plain_server.memory()
    with RawWebSocket(plain_server) as websocket:
        websocket.send(frame(BINARY, final=False))
        fragments = frame(CONTINUATION, b"x", final=False) + frame(CONTINUATION, final=False)
        for _ in range(100):
            websocket.send(fragments * 5_000)
        websocket.send(frame(CONTINUATION, b"y"))
        answer = websocket.read_frame()
    assert len(answer.payload) == 500_001
    assert plain_server.growth(before) < 32_000_000
