"""Many requests of all kinds to a Django project at once, of which clients abort some."""

from __future__ import annotations

import asyncio
import hashlib
import os
import pathlib
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.server import ServerProcess
from support.waiting import eventually

pytestmark = pytest.mark.timeout(400)  # with a sanitizer, on a busy machine

REQUESTS = int(os.environ.get("DJANGO_LOAD_REQUESTS", "2000"))
CLIENTS = 64
THREADS = 8
ABORTED = 0.3
KINDS = ("sync", "async", "awaits", "stream", "stream-async", "stream-mixed", "upload", "file")
FILE = b"file " * 100_000
PART = 8192
PARTS = 20


class Client:
    """One connection after the other; each request is made whole or aborted somewhere."""

    def __init__(self, port: int, choose: random.Random) -> None:
        self._port = port
        self._choose = choose
        self.answered = 0
        self.wrong: list[str] = []

    async def ask(self, number: int) -> None:
        kind = self._choose.choice(KINDS)
        content = self._choose.randbytes(self._choose.choice([100, 100_000, 3_000_000]))
        request = upload(number, content) if kind == "upload" else get(f"/{kind}/{number}")
        expected = {
            "upload": hashlib.sha256(content).hexdigest().encode(),
            "file": FILE,
        }.get(kind, str(number).encode())
        if kind.startswith("stream"):
            expected = str(number).encode().ljust(PART) * PARTS
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            if self._choose.random() < ABORTED:
                await self._abort(reader, writer, request)
                return
            writer.write(request)
            status, body = await read_response(reader)
            self.answered += 1
            if status != 200 or body != expected:
                self.wrong.append(f"{kind} {number}: {status} {len(body)} bytes {body[:60]!r}")
        finally:
            writer.close()

    async def _abort(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> None:
        """Before the whole request, before the response, or within it; with FIN or RST."""
        where = self._choose.random()
        if where < 0.3:
            writer.write(request[: self._choose.randrange(len(request))])
        else:
            writer.write(request)
        if where < 0.6:
            await asyncio.sleep(self._choose.random() * 0.03)
        else:
            await reader.read(self._choose.choice([1, 1000, 50_000]))
        if self._choose.random() < 0.5:
            writer.transport.abort()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


def upload(number: int, content: bytes) -> bytes:
    body = (
        b'--mark\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        + content
        + b"\r\n--mark--\r\n"
    )
    head = (
        f"POST /upload/{number} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Type: multipart/form-data; boundary=mark\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def read_response(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = joined_chunks(body)
    return int(head.split(b" ")[1]), body


def joined_chunks(body: bytes) -> bytes:
    """Raises ValueError for a body that was cut."""
    parts = []
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return b"".join(parts)
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]


async def ask_all(port: int, seed: int, requests: int) -> list[Client]:
    clients = [Client(port, random.Random(seed + number)) for number in range(CLIENTS)]
    numbers = iter(range(1, requests + 1))

    async def run(client: Client) -> None:
        for number in numbers:
            await client.ask(number)

    await asyncio.gather(*map(run, clients))
    return clients


def state(server: ServerProcess) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}/state", timeout=60).json()
    return found


def is_quiet(server: ServerProcess) -> bool:
    """No thread works, and each request has ended; but for the one that asks, whose middleware
    has a thread.
    """
    found = state(server)
    return (
        (found["busy"], found["queued"], found["borrowed"]) == (0, 0, 1)
        and found["started"] == found["finished"] + 1
        and found["made"] == found["closed"]
    )


def start(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path, *options: str
) -> ServerProcess:
    return start_server(
        "django_load:application",
        *("--threads", str(THREADS), "--no-access-log", *options),
        env={"LOAD_FOLDER": str(tmp_path)},
    )


def test_requests_of_all_kinds_leave_nothing_behind(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    seed = int(os.environ.get("DJANGO_LOAD_SEED") or random.randrange(1 << 30))
    print(f"DJANGO_LOAD_SEED={seed}")
    server = start(start_server, tmp_path)
    asyncio.run(ask_all(server.port, seed + 1, REQUESTS // 4))  # caches fill
    eventually(lambda: is_quiet(server))
    before, memory = state(server), server.memory()

    clients = asyncio.run(ask_all(server.port, seed, REQUESTS))

    assert [wrong for client in clients for wrong in client.wrong] == []
    assert sum(client.answered for client in clients) > REQUESTS / 2
    eventually(lambda: is_quiet(server))
    after = state(server)
    assert "left behind" not in after
    eventually(lambda: state(server)["idle"] <= THREADS)
    # A descriptor that is kept for each request would be a thousand. Threads that have been started
    # since have connections, and SQLite keeps some descriptors of closed ones.
    allowed = before["descriptors"] + 3 * THREADS
    eventually(lambda: state(server)["descriptors"] <= allowed)
    eventually(lambda: state(server)["tasks"] <= before["tasks"])
    assert after["alive"] <= before["alive"] + THREADS
    # A body that is kept for each request would be hundreds of megabytes.
    assert server.growth(memory) < 64 << 20
    assert "left a transaction open" not in server.log
    assert "Traceback" not in server.log


def test_a_stop_under_load_is_clean(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    seed = int(os.environ.get("DJANGO_LOAD_SEED") or random.randrange(1 << 30))
    print(f"DJANGO_LOAD_SEED={seed}")
    server = start(start_server, tmp_path, "--timeout-graceful-shutdown", "5")

    async def load_and_stop() -> None:
        load = asyncio.ensure_future(ask_all(server.port, seed, 1_000_000))
        while state_now := await asyncio.to_thread(state, server):
            if state_now.get("finished", 0) > 200:
                break
        await asyncio.to_thread(server.stop)
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)

    asyncio.run(load_and_stop())
    assert "left a transaction open" not in server.log
