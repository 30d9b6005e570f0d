"""Load of many kinds on two servers, so that each metric moves; for scripts/check_dashboard."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import Awaitable, Callable

import aiohttp
import httpx
from support.server import ServerProcess
from websockets.asyncio.client import connect

import socketio

PATHS = (
    *("articles/1999/", "articles/2001/", "articles/2024/", "loop/", "slow/50/", "slow/200/"),
    *("calculate/", "refuses/", "fails/", "nothing/", "articles/no-year/"),
)
PAUSE = 0.05  # seconds between the requests of a user


class Load:
    """Users of both servers, until `seconds` are over. One has TLS, the other has not."""

    def __init__(
        self,
        plain: ServerProcess,
        secure: ServerProcess,
        trusting: Callable[[], ssl.SSLContext],
        seconds: float,
    ) -> None:
        """`trusting` makes a context for each client, because clients set their protocols in it."""
        self._servers = (plain, secure)
        self._plain = plain
        self._secure = secure
        self._trusting = trusting
        self._end = time.monotonic() + seconds
        self._chance = random.Random(1)

    async def run(self) -> None:
        users = [
            *(self._user(server) for server in self._servers for _ in range(3)),
            *(self._echo(server) for server in self._servers for _ in range(3)),
            *(self._chat(server, way) for server in self._servers for way in ("websocket", "both")),
            *(self._chat(server, "polling") for server in self._servers),
            self._crowd(),
            self._refused_handshakes(),
        ]
        await asyncio.gather(*(self._again_and_again(user) for user in users))

    async def _again_and_again(self, user: Callable[[], Awaitable[None]]) -> None:
        while time.monotonic() < self._end:
            await user()

    def _client(self, server: ServerProcess) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=server.url, verify=self._trusting(), http2=server.has_tls, timeout=60
        )

    def _user(self, server: ServerProcess) -> Callable[[], Awaitable[None]]:
        async def session() -> None:
            async with self._client(server) as client:
                for path in self._chance.sample(PATHS, 6):
                    await client.request(self._chance.choice(("GET", "GET", "POST")), path)
                    await asyncio.sleep(PAUSE)

        return session

    def _echo(self, server: ServerProcess) -> Callable[[], Awaitable[None]]:
        async def session() -> None:
            tls = self._trusting() if server.has_tls else None
            url = f"{server.websocket_url}/echo/"
            async with connect(url, ssl=tls, proxy=None) as websocket:
                for _ in range(self._chance.randint(10, 60)):
                    await websocket.send("x" * 100)
                    await websocket.recv()
                    await asyncio.sleep(PAUSE)

        return session

    def _chat(self, server: ServerProcess, way: str) -> Callable[[], Awaitable[None]]:
        transports = ["polling", "websocket"] if way == "both" else [way]

        async def session() -> None:
            connector = aiohttp.TCPConnector(ssl=self._trusting())
            async with aiohttp.ClientSession(connector=connector) as http:
                client = socketio.AsyncClient(http_session=http, reconnection=False)
                await client.connect(server.url, transports=transports, wait_timeout=60)
                await client.call("join", "talk")
                for number in range(self._chance.randint(20, 60)):
                    await client.call("say", f"{number}")
                    await asyncio.sleep(4 * PAUSE)
                if self._chance.random() < 0.5:
                    await client.disconnect()
            # Otherwise the connection has ended without a word.

        return session

    def _crowd(self) -> Callable[[], Awaitable[None]]:
        """More slow requests at once than the plain server has threads, places in the queue, and
        than it serves at once."""

        async def session() -> None:
            async with self._client(self._plain) as client:
                many = [client.get("slow/800/") for _ in range(40)]
                answers = await asyncio.gather(*many)
            assert {answer.status_code for answer in answers} == {200, 503}
            await asyncio.sleep(5)

        return session

    def _refused_handshakes(self) -> Callable[[], Awaitable[None]]:
        async def session() -> None:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._secure.port)
                writer.write(b"no TLS\r\n\r\n")
                await reader.read()
                writer.close()
            await asyncio.sleep(1)

        return session
