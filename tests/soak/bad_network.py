"""A proxy in front of the server that delays, cuts and resets connections."""

from __future__ import annotations

import asyncio
import contextlib
import random


class BadNetwork:
    """Listens on `port` when started. `calm` ends the cuts and delays."""

    def __init__(self, target: int, dice: random.Random) -> None:
        self.port = 0
        self.cuts = 0
        self.calm = False
        self._target = target
        self._dice = dice
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, to_server = await asyncio.open_connection("127.0.0.1", self._target)
        pumps = [
            asyncio.create_task(self._pump(reader, to_server)),
            asyncio.create_task(self._pump(upstream, writer)),
        ]
        life = self._dice.expovariate(1 / 20)  # seconds until it is cut
        try:
            _, running = await asyncio.wait(
                pumps, timeout=None if self.calm else life, return_when=asyncio.FIRST_COMPLETED
            )
            if len(running) == 2:
                self.cuts += 1
                if self._dice.random() < 0.5:  # closed; otherwise reset
                    to_server.close()
                    writer.close()
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            to_server.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not self.calm and self._dice.random() < 0.05:
                    await asyncio.sleep(self._dice.random() * 0.2)
                writer.write(data)
                await writer.drain()
