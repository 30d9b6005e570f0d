"""The load generator bench/web_load, against servers that answer slowly, in parts, or wrongly."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from support.load_generators import build_load_generators

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HELLO = b"HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH: 5\r\n\r\nhello"


@contextlib.contextmanager
def server(handler: Handler) -> Iterator[int]:
    """A server in a thread; gives its port."""
    loop = asyncio.new_event_loop()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    listening = loop.run_until_complete(asyncio.start_server(guarded, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def load(scenario: str, port: int, *arguments: int | float) -> subprocess.CompletedProcess[str]:
    command = [build_load_generators()["WEB_LOAD"], scenario, str(port)]
    clients, seconds, *rest = map(str, arguments)
    return subprocess.run(
        [*command, clients, seconds, str(os.getpid()), *rest],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def counted(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def answers(*parts: bytes) -> Handler:
    """Answers each request with these, one after the other."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(0)
        while await reader.readuntil(b"\r\n\r\n"):
            for part in parts:
                writer.write(part)
                await asyncio.sleep(0)

    return handler


def test_responses_are_counted() -> None:
    with server(answers(HELLO)) as port:
        found = counted(load("requests", port, 4, 0.2, 5))
    assert found["count"] > 10
    assert found["seconds"] >= 0.2
    assert 0 < found["cpu"] < 2
    assert 0 < found["latency"]["50"] <= found["latency"]["99"] <= found["latency"]["100"]


def test_responses_may_come_byte_by_byte() -> None:
    parts = [bytes([byte]) for byte in HELLO]
    with server(answers(*parts)) as port:
        assert counted(load("requests", port, 2, 0.2, 5))["count"] > 1


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (HELLO[:-5] + b"hello", None),
        (b"HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nhello", "not 200: HTTP/1.1 500"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell", "an answer of 4 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "without Content-Length"),
        (b"", "closed a connection"),
    ],
)
def test_a_wrong_response_is_an_error(response: bytes, reason: str | None) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n") and response:
            writer.write(response)

    with server(handler) as port:
        done = load("requests", port, 1, 0.1, 5)
    assert (done.returncode == 0) == (reason is None)
    assert (reason or "") in done.stderr


def test_latency_has_no_coordinated_omission() -> None:
    """The server stops for half of the measured second: that delays a third of the requests by
    more than 150 ms, though the only connection could not send them at that time.
    """
    stopped = False

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal stopped
        number = 0
        while await reader.readuntil(b"\r\n\r\n"):
            number += 1
            if number == 70 and not stopped:  # after the warm-up, of 50
                stopped = True
                await asyncio.sleep(0.5)
            writer.write(HELLO)

    with server(handler) as port:
        found = counted(load("paced", port, 1, 1, 5, 100))
    assert found["latency"]["75"] > 150
    assert found["latency"]["100"] > 450


async def upgraded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    accept = base64.b64encode(
        hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
    )
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + accept)
    writer.write(b"\r\n\r\n")


async def message_of(reader: asyncio.StreamReader) -> bytes:
    first = await reader.readexactly(2)
    assert first[0] == 0x81
    assert first[1] & 0x80
    size = first[1] & 0x7F
    if size > 125:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    assert await reader.readexactly(4) == bytes(4)
    return await reader.readexactly(size)


def frames_of(message: bytes) -> Iterator[bytes]:
    """A ping, and the message in two frames."""
    yield b"\x89\x02hi"
    half = len(message) // 2
    for opcode, part in ((b"\x01", message[:half]), (b"\x80", message[half:])):
        if len(part) < 126:
            yield opcode + bytes([len(part)]) + part
        else:
            yield opcode + b"\x7e" + len(part).to_bytes(2, "big") + part


@pytest.mark.parametrize("size", [2, 64, 300, 16384])
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_echoes_may_come_in_frames_and_pieces(size: int, piece: int) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgraded(reader, writer)
        while message := await message_of(reader):
            answer = b"".join(frames_of(message))
            for start in range(0, len(answer), piece):
                writer.write(answer[start : start + piece])
                await asyncio.sleep(0)

    with server(handler) as port:
        assert counted(load("echo", port, 2, 0.1, size))["count"] > 0


def test_a_broadcast_is_counted_for_each_client() -> None:
    writers: list[asyncio.StreamWriter] = []
    sent = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await upgraded(reader, writer)
        writers.append(writer)
        while message := await message_of(reader):
            sent += 1
            for each in writers:
                each.write(b"\x81" + bytes([len(message)]) + message)

    with server(handler) as port:
        found = counted(load("broadcast", port, 3, 0.2, 10))
    assert len(writers) == 3
    assert 3 < found["count"] <= 3 * sent


def test_a_server_that_closes_is_an_error() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgraded(reader, writer)
        await message_of(reader)
        writer.write(b"\x88\x00")
        await reader.read()

    with server(handler) as port:
        done = load("echo", port, 1, 0.1, 10)
    assert done.returncode == 1
    assert "closed a WebSocket" in done.stderr
