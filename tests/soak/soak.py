"""scripts/soak: many clients of three languages behind a bad network, against a model.

Each answer has what was sent, the events of each speaker arrive in order, what handlers have kept
in a database is there, and what the server holds at the end (memory, descriptors, threads, tasks,
sessions) is what it held before.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import pathlib
import random
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Any

import httpx

import socketio

HERE = pathlib.Path(__file__).resolve().parent
JARS = HERE.parents[1] / "build" / "java"
sys.path.insert(0, str(HERE.parent))

from bad_network import BadNetwork  # noqa: E402
from database import Database  # noqa: E402
from support.server import ServerProcess  # noqa: E402

WAYS = [["polling"], ["websocket"], ["polling", "websocket"]]
# How much more the server may hold at the end than before. An allocator keeps what was freed,
# so what is allocated tells more than the process's size.
THREADS = 4  # of the server, each with its database connection
MARGINS = {
    "memory": 24 << 20,
    "allocated": 2 << 20,
    "python_blocks": 20_000,
    "descriptors": THREADS,
    "threads": THREADS,  # they are started when they are needed
}
REPORT_EVERY = 300  # seconds
COUNTS = ("allocated", "python_blocks", "tasks", "sessions", "sockets", "rooms")
OPTIONS = (
    *("--socketio-ping-interval", "3", "--socketio-ping-timeout", "3"),
    *("--threads", str(THREADS)),
)


class Failures(list[str]):
    def report(self, what: str) -> None:
        print("FAILED", what, flush=True)
        self.append(what)


async def live(
    number: int,
    url: str,
    end: asyncio.Event,
    failures: Failures,
    dice: random.Random,
    database: Database | None,
) -> int:
    """One python-socketio client; returns the number of right answers."""
    # It connects again below; two attempts at a time would make two sessions with these handlers.
    client = socketio.AsyncClient(reconnection=False)
    last: dict[str, int] = {}
    answers = 0

    async def said(speaker: str, spoken: int) -> None:
        if spoken <= last.get(speaker, -1):
            failures.report(f"out of order: {speaker} {spoken}")
        last[speaker] = spoken

    client.on("said", said)
    turn = 0
    while not end.is_set():
        turn += 1
        sent: Any = dice.choice([turn, "x" * dice.randrange(200_000), bytes(dice.randrange(1000))])
        try:
            if not client.connected:
                await client.connect(url, transports=WAYS[number % 3], wait_timeout=10)
            if await client.call("reply", sent, timeout=20) == sent:
                answers += 1
                if database is not None:
                    database.answers += 1
            else:
                failures.report("a wrong answer")
            if turn % 5 == 0:
                await client.emit("say", (f"python-{number}", turn))
            if database is not None and turn % 3 == 0:
                who = f"{number}-{turn}-{dice.random()}"
                if await client.call(dice.choice(["visit", "visit_later"]), who, timeout=20):
                    database.kept.add(who)
        # Cut off: there need not be an answer. A cut during an upgrade is a TypeError, because
        # python-engineio 4.15.1 takes aiohttp's close code for a packet.
        except Exception:
            with contextlib.suppress(Exception):
                await client.disconnect()
            await asyncio.sleep(dice.random())
        await asyncio.sleep(dice.random() * 0.5)
    with contextlib.suppress(Exception):
        await client.disconnect()
    return answers


async def read_slowly(port: int, end: asyncio.Event) -> None:
    """A WebSocket that is opened and hardly read."""
    while not end.is_set():
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
                b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
                b"\x81\x82\0\0\0\x0040"  # CONNECT
            )
            for _ in range(10):
                await asyncio.wait_for(reader.read(64), 2)
                await asyncio.sleep(0.5)
            writer.transport.abort()
        await asyncio.sleep(0.2)


class OtherLanguage:
    """Clients in a process of their own, such as clients.mjs; `answers` at the end."""

    def __init__(
        self, name: str, command: Sequence[str | pathlib.Path], failures: Failures
    ) -> None:
        self.answers = 0
        self.name = name
        self._command = command
        self._failures = failures

    async def start(self, url: str, count: int) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(*self._command, url, str(count)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            word, _, rest = line.decode().strip().partition(" ")
            if word == "answers":
                self.answers = int(rest)
            else:
                self._failures.report(f"{self.name}: {word} {rest}")

    async def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(self._reading, 60)
        if await self._process.wait():
            self._failures.report(f"{self.name} clients ended with {self._process.returncode}")


def other_languages(failures: Failures) -> list[OtherLanguage]:
    """JavaScript, and Java if it is installed."""
    languages = [OtherLanguage("JavaScript", ["node", HERE / "clients.mjs"], failures)]
    if shutil.which("java") and JARS.is_dir():
        command = ["java", "-Xmx512m", "-cp", f"{JARS}/*", HERE / "Clients.java"]
        languages.append(OtherLanguage("Java", command, failures))
    return languages


async def run(
    server: ServerProcess, seconds: float, clients: int, seed: int, database: Database | None
) -> Failures:
    failures = Failures()
    dice = random.Random(seed)
    network = BadNetwork(server.port, dice)
    await network.start()
    url = f"http://127.0.0.1:{network.port}"
    end = asyncio.Event()
    others = other_languages(failures)
    each = clients // (len(others) + 1)
    for other in others:
        await other.start(url, each)
    python = [
        asyncio.create_task(
            live(number, url, end, failures, random.Random(seed + number), database)
        )
        for number in range(each)
    ]
    slow = [asyncio.create_task(read_slowly(network.port, end)) for _ in range(clients // 20)]
    await asyncio.sleep(seconds)
    network.calm = True
    end.set()
    for other in others:
        await other.stop()
    answers = {other.name: other.answers for other in others}
    answers["Python"] = sum(await asyncio.gather(*python))
    await asyncio.gather(*slow)
    await network.close()
    print(f"  answers {answers}, {network.cuts} cuts", flush=True)
    failures.extend(f"no answers: {name}" for name, count in answers.items() if not count)
    return failures


async def state(server: ServerProcess) -> dict[str, int]:
    """What the server holds now."""
    folder = pathlib.Path(f"/proc/{server.process.pid}")
    async with httpx.AsyncClient(timeout=30) as http:
        counts = (await http.get(server.url)).json()
    return {
        "memory": server.memory(),
        "descriptors": len(os.listdir(folder / "fd")),
        "threads": len(os.listdir(folder / "task")),
        **{name: counts[name] for name in COUNTS},
    }


async def state_at_rest(server: ServerProcess) -> dict[str, int]:
    """What the server holds when the sessions of clients that vanished have ended."""
    deadline = time.monotonic() + 60
    while (await state(server))["sessions"] and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)  # the last connections close
    return await state(server)


async def report(server: ServerProcess) -> None:
    """Prints what the server holds, from time to time."""
    started = time.monotonic()
    while True:
        await asyncio.sleep(REPORT_EVERY)
        minutes = (time.monotonic() - started) / 60
        print(f"  {minutes:4.0f} min {await state(server)}", flush=True)


def new_server(port: int, database: Database | None) -> ServerProcess:
    environment = {} if database is None else database.environment
    listen = ("--port", str(port))
    return ServerProcess("soak_app:application", *OPTIONS, cwd=HERE, listen=listen, env=environment)


async def soak(minutes: float, clients: int, seed: int, database: Database | None) -> int:
    print(f"seed {seed}, {clients} clients", flush=True)
    for name in ("asyncio", "engineio.client"):  # of sessions that the client loses
        logging.getLogger(name).setLevel(logging.CRITICAL)
    part = minutes * 60 / 4
    failures = Failures()
    end, restarting = asyncio.Event(), None
    if database is not None:
        restarting = asyncio.create_task(database.restart_often(end, failures))
    server = new_server(0, database).start()
    try:
        for _ in range(2):  # with a restart in the middle of each
            running = asyncio.create_task(run(server, part, clients, seed, database))
            await asyncio.sleep(part / 2)
            await asyncio.to_thread(server.stop)
            server = new_server(server.port, database)
            await asyncio.to_thread(server.start)
            failures += await running
            seed += 1000
        before = await state_at_rest(server)
        reporting = asyncio.create_task(report(server))
        failures += await run(server, 2 * part, clients, seed, database)
        reporting.cancel()
        after = await state_at_rest(server)
        if database is not None and restarting is not None:
            end.set()
            await restarting
            failures += database.lost()
    finally:
        await asyncio.to_thread(server.stop)
    print(f"before {before}\nafter  {after}")
    for name, held in after.items():
        if held > before[name] + MARGINS.get(name, 0):
            failures.append(f"{name} grew from {before[name]} to {held}")
    if "Traceback" in server.log:
        failures.append("a traceback in the server's log")
    for failure in failures:
        print("FAILED", failure)
    print("failed" if failures else "passed")
    return int(bool(failures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("minutes", type=float)
    parser.add_argument("--clients", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--postgresql", help="the folder of its programs", type=pathlib.Path)
    arguments = parser.parse_args()
    database = Database(arguments.postgresql) if arguments.postgresql else None
    try:
        sys.exit(asyncio.run(soak(arguments.minutes, arguments.clients, arguments.seed, database)))
    finally:
        if database is not None:
            database.remove()
