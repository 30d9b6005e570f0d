"""Random and hostile clients: the server keeps working and frees their memory and descriptors.

The random inputs depend on a seed, which is printed; SIOSERVE_ABUSE_SEED repeats a run, and
SIOSERVE_ABUSE_SCALE multiplies the amount.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import struct
from collections.abc import AsyncIterator, Iterator

import pytest
from support.engineio import SEPARATOR, WebSocketSession, event_packet
from support.hostile import (
    HANDSHAKE,
    PATIENCE,
    WEBSOCKET,
    Peer,
    frame,
    open_session,
    open_sockets,
    open_websocket,
    request,
    upgrade_request,
)
from support.sanitizers import ADDRESS_SANITIZER
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually

SCALE = int(os.environ.get("SIOSERVE_ABUSE_SCALE", "1"))
SETTINGS = {
    "SIO_ENGINEIO_PING_INTERVAL_MS": 1000,
    "SIO_ENGINEIO_PING_TIMEOUT_MS": 1000,
}
# AddressSanitizer keeps 256 MB of freed memory.
MEMORY = 400_000_000 if ADDRESS_SANITIZER else 64_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    env = {"SIO_SETTINGS": json.dumps(SETTINGS)}
    server = ServerProcess("configured:application", cwd=APPS, env=env).start()
    yield server
    server.stop()  # asserts that there is no sanitizer report


@pytest.fixture
async def chance(server: ServerProcess) -> AsyncIterator[random.Random]:
    """Random numbers. After the test, the server answers and has no more open sockets."""
    seed = os.environ.get("SIOSERVE_ABUSE_SEED") or str(random.randrange(1 << 32))
    print(f"SIOSERVE_ABUSE_SEED={seed}")
    before = open_sockets(server)
    yield random.Random(seed)
    async with WebSocketSession(server.url) as session:
        await session.join_namespace()
        assert await session.call("reply", "still here") == ["still here"]
    await asyncio.to_thread(eventually, lambda: open_sockets(server) <= before)


# --- HTTP ---


async def test_random_bytes(server: ServerProcess, chance: random.Random) -> None:
    starts = [b"", b"GET / HTTP/1.1\r\n", request("POST", HANDSHAKE, b"4"), upgrade_request("/")]

    async def client() -> None:
        peer = await Peer.connect(server)
        await peer.send(chance.choice(starts) + chance.randbytes(chance.randrange(4000)))
        if chance.random() < 0.5:
            peer.writer.write_eof()
            await peer.read_to_end()
        peer.abort()

    for _ in range(10 * SCALE):
        await asyncio.gather(*(client() for _ in range(50)))


async def test_requests_cut_anywhere(server: ServerProcess, chance: random.Random) -> None:
    peer = await Peer.connect(server)
    target = await open_session(peer)
    whole = [
        request("POST", f"{HANDSHAKE}&sid=nobody", b"4hello"),
        request("POST", target, b"40"),
        request("GET", target),
        upgrade_request(WEBSOCKET) + frame(1, b"40"),
        request("POST", "/notes?key=x", b"", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n",
    ]

    async def client(data: bytes, size: int) -> None:
        cut = await Peer.connect(server)
        await cut.send(data[:size])
        if chance.random() < 0.3:
            cut.writer.write_eof()
            await cut.read_to_end()
        cut.abort()

    for data in whole:
        await asyncio.gather(*(client(data, size) for size in range(len(data))))
    peer.abort()


async def test_connections_that_open_and_close(
    server: ServerProcess, chance: random.Random
) -> None:
    for _ in range(10 * SCALE):
        peers = await asyncio.gather(*(Peer.connect(server) for _ in range(100)))
        for peer in peers:
            if chance.random() < 0.5:
                peer.send_later(request("GET", "/block?seconds=0"))
            peer.abort()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("GET", "/" + "x" * 1_000_000), 414),
        (request("GET", "/", b"", "X: " + "y" * 1_000_000), 431),
        (request("GET", "/", b"", *(f"X{i}: 1" for i in range(20_000))), 431),
        (request("GET", "/", b"", *["X:" + " " * 30_000] * 20), 431),
    ],
    ids=["target", "header", "headers", "spaces"],
)
async def test_giant_heads(
    data: bytes, status: int, server: ServerProcess, chance: random.Random
) -> None:
    peer = await Peer.connect(server)
    peer.send_later(data)
    assert (await peer.response())[0] == status
    peer.abort()


async def test_pipelined_flood_while_the_application_blocks(
    server: ServerProcess, chance: random.Random
) -> None:
    """Requests do not accumulate: the server reads no further than it can answer."""
    before = server.memory()
    peers = await asyncio.gather(*(Peer.connect(server) for _ in range(4)))
    await peers[0].send(request("GET", "/block?seconds=1"))
    await asyncio.to_thread(server.wait_for_log, "blocking the event loop")
    for peer in peers:
        peer.send_later(request("GET", "/notes?key=x") * 200_000)
    # Several hundred responses that are not read.
    for peer in peers:
        await peer.reader.readexactly(50_000)
    assert server.memory() - before < MEMORY
    for peer in peers:
        peer.abort()


async def test_malformed_requests_while_the_application_blocks(
    server: ServerProcess, chance: random.Random
) -> None:
    """The log lines with the requested paths do not fill the memory."""
    server.forget_peak_memory()
    before = server.memory()
    blocking, start = await Peer.connect(server), len(server.log)
    await blocking.send(request("GET", "/block?seconds=4"))
    await asyncio.to_thread(server.wait_for_log, "blocking the event loop", start)

    async def client() -> None:
        peer = await Peer.connect(server)
        peer.send_later(request("GET", "/" + "x" * 16_000, b"", "nonsense"))
        assert (await peer.response())[0] == 400
        peer.abort()

    for _ in range(40):
        await asyncio.gather(*(client() for _ in range(100)))
    assert server.peak_growth(before) < MEMORY
    blocking.abort()


# --- WebSocket frames ---


async def test_random_frames(server: ServerProcess, chance: random.Random) -> None:
    def some_frame() -> bytes:
        size = chance.choice([0, 0, 1, 2, 5, 125, 126, 65536])
        payload = chance.choice([b"4", b"42", b"2", b""]) + chance.randbytes(size)
        first = chance.choice([0, 0x80, 0x80, 0x80, 0xC0, 0x90])
        announced = -1 if chance.random() < 0.8 else chance.choice([0, 3, 70_000, 1 << 40, 1 << 63])
        data = frame(chance.choice([0, 1, 1, 2, 8, 9, 10, 11, 3]), payload, first=first)
        if announced >= 0:
            data = frame(chance.choice([1, 2, 9]), payload, first=first, announced=announced)
        return data if chance.random() < 0.9 else data[:1] + bytes([data[1] & 0x7F]) + data[2:]

    async def client() -> None:
        peer = await open_websocket(server)
        await peer.send(b"".join(some_frame() for _ in range(chance.randrange(1, 20))))
        if chance.random() < 0.5:
            peer.writer.write_eof()
            await peer.read_to_end()
        peer.abort()

    for _ in range(6 * SCALE):
        await asyncio.gather(*(client() for _ in range(50)))


async def test_tiny_fragments(server: ServerProcess, chance: random.Random) -> None:
    """They form one message, and empty fragments do not need memory."""
    before = server.memory()
    peer = await open_websocket(server)
    text = event_packet("reply", "x" * 50_000, ack=1).encode()
    await peer.send(frame(1, b"40"))
    pieces = [frame(0, bytes([byte]), first=0) + frame(0, first=0) for byte in text[1:]]
    await peer.send(frame(1, text[:1], first=0) + b"".join(pieces) + frame(0))
    await peer.reader.readuntil(b"431[")
    await peer.send(frame(8, struct.pack(">H", 1000)))
    assert await peer.read_to_end()
    assert server.memory() - before < MEMORY
    peer.abort()


@pytest.mark.parametrize("opcode", [9, 10], ids=["pings", "pongs"])
async def test_control_frames_of_a_client_that_reads_nothing(
    opcode: int, server: ServerProcess, chance: random.Random
) -> None:
    before = server.memory()
    peer = await open_websocket(server)
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(20 * SCALE):
        await peer.send(frame(opcode, bytes(125)) * 5_000)
    assert server.memory() - before < MEMORY
    peer.abort()


async def test_close_storm(server: ServerProcess, chance: random.Random) -> None:
    closes = [b"", b"\x03", b"\x03\xe8", b"\x03\xed", b"\x03\xe8\xff\xfe", b"\x0f\xa0" + b"x" * 123]

    async def client() -> None:
        peer = await open_websocket(server)
        peer.send_later(frame(1, b"40"))
        for _ in range(chance.randrange(1, 5)):
            peer.send_later(frame(8, chance.choice(closes)) + frame(1, b'42["echo",1]'))
        if chance.random() < 0.5:
            await peer.read_to_end()
        peer.abort()

    for _ in range(4 * SCALE):
        await asyncio.gather(*(client() for _ in range(100)))


# --- Engine.IO and Socket.IO ---


async def test_requests_of_sessions_in_random_order(
    server: ServerProcess, chance: random.Random
) -> None:
    """Polls, posts, probes and disconnects of the same sessions, all at the same time."""
    opener = await Peer.connect(server)
    targets = [await open_session(opener) for _ in range(40 * SCALE)]
    bodies = [
        b"40",
        b"41",
        b"1",
        b"2",
        b"3",
        b"5",
        b"6",
        b"40/none,",
        b'42["echo",1]',
        b'421["reply",1]\x1e3',
        b'451-["echo",{"_placeholder":true,"num":0}]\x1ebAAAA',
        b'451-["echo",{"_placeholder":true,"num":0}]',
        b'42["kick",true]',
        b"b!!!",
        b"",
        b"\xff\xfe",
    ]

    async def client() -> None:
        target = chance.choice(targets)
        peer = await Peer.connect(server)
        try:
            match chance.randrange(4):
                case 0:
                    await peer.send(request("GET", target))
                    if chance.random() < 0.7:
                        await peer.response()
                case 1 | 2:
                    await peer.send(request("POST", target, chance.choice(bodies)))
                    if chance.random() < 0.8:
                        await peer.response()
                case _:
                    await peer.send(upgrade_request(target.replace("=polling", "=websocket")))
                    await peer.response()
                    for packet in (b"2probe", b"5", b"40", b'42["echo",1]', b"41"):
                        if chance.random() < 0.8:
                            await peer.send(frame(1, packet))
                    if chance.random() < 0.5:
                        await peer.read_to_end()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the end of the session may close the connection
        peer.abort()

    for _ in range(4 * SCALE):
        await asyncio.gather(*(client() for _ in range(100)))
    opener.abort()


async def test_mutated_packets(server: ServerProcess, chance: random.Random) -> None:
    packets = [
        b'42["echo",1,"2",{"3":[true,null,-1.5e3]}]',
        b'421["reply","\\u65e5\\ud83d\\ude00"]',
        b'43/,0[{"a":[]}]',
        b'452-7["reply",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
        b'461-1[{"_placeholder":true,"num":0}]',
        b'40/none?a=b,{"token":1}',
        b"41/none,",
    ]

    def mutated() -> bytes:
        data = bytearray(chance.choice(packets))
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(data))
            other = chance.choice(packets)
            part = chance.choice([b"", chance.randbytes(1), b'"', b"9" * 25, other[at:], b"\\u"])
            data[at : at + chance.randrange(3)] = part
            data = data or bytearray(b"4")
        return bytes(data)

    async def client() -> None:
        peer = await open_websocket(server)
        await peer.send(frame(1, b"40"))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await peer.reader.readuntil(b"40{")
            for _ in range(20):
                await peer.send(frame(1, mutated()) + frame(2, b"bytes") * chance.randrange(3))
        peer.abort()

    for _ in range(6 * SCALE):
        await asyncio.gather(*(client() for _ in range(50)))


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (SEPARATOR * 900_000, 400),
        (SEPARATOR.join(["6"] * 400_000), 200),
        (SEPARATOR.join(["3"] * 400_000), 200),
        ("40" + SEPARATOR + SEPARATOR.join(["42[1]"] * 150_000), None),
        ("42" + deep(400_000), 400),
        ("40" + '{"a":' * 150_000 + "1" + "}" * 150_000, 400),
        (SEPARATOR.join(["4510-[1]"] * 100_000), 400),
        ("451000000-[1]", 400),
        ("4599999999999999999999-[1]", 400),
        ("40" + SEPARATOR + '4510-["echo"]' + SEPARATOR + SEPARATOR.join(["bAAAA"] * 9), 200),
        ("40" + SEPARATOR + "42" + "9" * 500_000 + "[1]", 400),
        ("40/" + "n" * 900_000, 400),
        (SEPARATOR.join(f"40/{n}," for n in range(60_000)), 200),
        (SEPARATOR.join(["40", "41"] * 100_000), 400),
        ("b" + "A" * 900_000, 400),
        ("4" * 1_000_000, 400),
        ("42[1" + ",1e999" * 100_000 + "]", 400),
        ("42[1" + ",{}" * 300_000 + "]", 400),
    ],
    ids=[
        "separators",
        "noops",
        "pongs",
        "events before the answer",
        "deep array",
        "deep auth",
        "binary headers",
        "many attachments",
        "endless attachments",
        "attachments that never come",
        "endless ack id",
        "long namespace",
        "unknown namespaces",
        "joining and leaving",
        "binary without header",
        "fours",
        "numbers out of range",
        "empty objects",
    ],
)
async def test_payload_bombs(
    body: str, status: int | None, server: ServerProcess, chance: random.Random
) -> None:
    """Without a status: how far it gets before its ping timeout depends on the machine."""
    before = server.memory()
    peer = await Peer.connect(server)
    target = await open_session(peer)
    peer.send_later(request("POST", target, body.encode()))
    answer = (await peer.response())[0]
    assert answer == status if status else answer in (200, 400)
    assert server.memory() - before < MEMORY
    peer.abort()


async def test_thousands_of_abandoned_sessions(
    server: ServerProcess, chance: random.Random
) -> None:
    """They time out, in whatever state they were."""
    peer = await Peer.connect(server)
    targets = []
    for _ in range(1_000 * SCALE):
        targets.append(await open_session(peer))
        if chance.random() < 0.3:
            await peer.send(request("POST", targets[-1], b"40"))
            assert (await peer.response())[0] == 200

    async def is_swept(target: str) -> bool:
        await peer.send(request("POST", target, b"6"))
        return (await peer.response())[0] == 400

    for target in targets:
        async with asyncio.timeout(PATIENCE):
            while not await is_swept(target):
                await asyncio.sleep(0.01)
    peer.abort()
