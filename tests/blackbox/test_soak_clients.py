"""Hundreds of clients that are slow, send incomplete data or disappear: memory does not grow.

SIOSERVE_SOAK_SECONDS makes it longer, SIOSERVE_SOAK_SEED repeats a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest
from support.hostile import open_sockets, request, upgrade_request
from support.sanitizers import ADDRESS_SANITIZER
from support.server import ServerProcess
from support.waiting import eventually

SECONDS = float(os.environ.get("SIOSERVE_SOAK_SECONDS", "30"))
SEED = int(os.environ.get("SIOSERVE_SOAK_SEED", "0")) or random.randrange(1, 1 << 32)
CLIENTS = 300
# Memory is at rest when it was no higher in this many rounds than in any before them, but for this
# many bytes. A kilobyte that each client leaves behind would be 1.2 MiB in four rounds.
ROUNDS_AT_REST = 4
MARGIN = 1 << 19
# Allocators take memory in steps of some megabytes, which can come late.
MOST_ROUNDS = 30
MEMORY_TELLS = not ADDRESS_SANITIZER
SHORT_TIMES = [
    argument
    for name in ("first-byte", "headers", "body", "send", "half-close", "keep-alive")
    for argument in (f"--timeout-{name}", "1")
]
# More than the kernel buffers for a client that reads nothing.
DOWNLOAD = "/download?key=soak&bytes=30000000"


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def read_to_end(self) -> None:
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        self.writer.transport.abort()


Behaviour = Callable[[Client, random.Random], Awaitable[None]]


async def says_nothing(client: Client, dice: random.Random) -> None:
    await client.read_to_end()


async def leaves_at_once(client: Client, dice: random.Random) -> None:
    client.reset()


async def leaves_in_the_head(client: Client, dice: random.Random) -> None:
    head = request("GET", "/hello")
    await client.send(head[: dice.randrange(1, len(head))])
    if dice.random() < 0.5:
        client.reset()


async def waits_in_the_head(client: Client, dice: random.Random) -> None:
    head = request("GET", "/hello", b"", "X: " + "a" * dice.randrange(10_000))
    await client.send(head[:-1])
    await client.read_to_end()


async def drips_the_head(client: Client, dice: random.Random) -> None:
    for byte in request("GET", "/hello"):
        await client.send(bytes([byte]))
        await asyncio.sleep(0.03)
    await client.read_to_end()


async def leaves_in_the_body(client: Client, dice: random.Random) -> None:
    await client.send(request("POST", dice.choice(["/count", "/early"]), bytes(100_000))[:-1000])
    if dice.random() < 0.5:
        client.reset()


async def waits_in_the_body(client: Client, dice: random.Random) -> None:
    await client.send(request("POST", "/count", bytes(100_000))[:-1000])
    await client.read_to_end()


async def waits_in_a_chunk(client: Client, dice: random.Random) -> None:
    await client.send(request("PUT", "/count", b"", "Transfer-Encoding: chunked") + b"ffff\r\nabc")
    await client.read_to_end()


async def reads_nothing(client: Client, dice: random.Random) -> None:
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await client.send(request("GET", DOWNLOAD))
    await asyncio.sleep(2.5)
    client.reset()


async def reads_a_little(client: Client, dice: random.Random) -> None:
    await client.send(request("GET", DOWNLOAD))
    for _ in range(dice.randrange(20)):
        await client.reader.read(65536)
        await asyncio.sleep(0.02)
    if dice.random() < 0.5:
        client.reset()


async def pipelines_and_leaves(client: Client, dice: random.Random) -> None:
    await client.send(request("GET", "/hello") * 50)
    client.reset()


async def ends_its_side(client: Client, dice: random.Random) -> None:
    await client.send(request("GET", "/stream?parts=100"))
    with contextlib.suppress(OSError):  # the server may have closed, in the busiest moments
        client.writer.write_eof()
    await client.read_to_end()


async def waits_and_leaves(client: Client, dice: random.Random) -> None:
    await client.send(request("GET", dice.choice(["/disconnect-only", "/stream-for-ever"])))
    await asyncio.sleep(0.1)
    if dice.random() < 0.5:
        client.reset()


async def sends_nonsense(client: Client, dice: random.Random) -> None:
    await client.send(dice.randbytes(dice.randrange(1, 5000)))
    await client.read_to_end()


async def opens_a_websocket_and_leaves(client: Client, dice: random.Random) -> None:
    await client.send(upgrade_request("/echo"))
    with contextlib.suppress(ConnectionError):
        await client.reader.read(1)
    if dice.random() < 0.5:
        client.reset()


BEHAVIOURS: list[Behaviour] = [
    says_nothing,
    leaves_at_once,
    leaves_in_the_head,
    waits_in_the_head,
    drips_the_head,
    leaves_in_the_body,
    waits_in_the_body,
    waits_in_a_chunk,
    reads_nothing,
    reads_a_little,
    pipelines_and_leaves,
    ends_its_side,
    waits_and_leaves,
    sends_nonsense,
    opens_a_websocket_and_leaves,
]


async def be_a_client(server: ServerProcess, behaviour: Behaviour, dice: random.Random) -> None:
    client = Client(*await asyncio.open_connection("127.0.0.1", server.port))
    try:
        await asyncio.wait_for(behaviour(client, dice), 60)
    finally:
        client.writer.close()


async def play_a_round(server: ServerProcess, dice: random.Random) -> None:
    behaviours = [BEHAVIOURS[number % len(BEHAVIOURS)] for number in range(CLIENTS)]
    dice.shuffle(behaviours)
    seeds = [random.Random(dice.getrandbits(64)) for _ in behaviours]
    await asyncio.gather(*map(be_a_client, [server] * CLIENTS, behaviours, seeds))


def tasks(server: ServerProcess) -> int:
    return int(httpx.get(server.url + "/tasks", headers={"connection": "close"}).text)


@pytest.mark.timeout(SECONDS + 300)
async def test_memory_does_not_grow(start_server) -> None:  # type: ignore[no-untyped-def]
    print(f"seed {SEED}")
    server = start_server("plain:application", "--no-access-log", *SHORT_TIMES)
    dice = random.Random(SEED)
    before, sockets = tasks(server), open_sockets(server)
    figures: list[int] = []
    begin = time.monotonic()
    while len(figures) < MOST_ROUNDS or time.monotonic() - begin < SECONDS:
        await play_a_round(server, dice)
        await asyncio.to_thread(eventually, lambda: open_sockets(server) <= sockets)
        await asyncio.to_thread(eventually, lambda: tasks(server) <= before)
        figures.append(server.memory())
        print(f"round {len(figures)}: {figures[-1] / (1 << 20):.1f} MiB")
        if time.monotonic() - begin >= SECONDS and at_rest(figures):
            return
    pytest.fail(f"memory grew to the end: {figures}")


def at_rest(figures: list[int]) -> bool:
    """Whether the last rounds needed no more memory than those before them; `figures` in bytes."""
    earlier, last = figures[:-ROUNDS_AT_REST], figures[-ROUNDS_AT_REST:]
    if len(earlier) < ROUNDS_AT_REST:
        return False
    return not MEMORY_TELLS or max(last) - max(earlier) < MARGIN
