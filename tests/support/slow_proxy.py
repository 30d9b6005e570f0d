"""A TCP proxy that delays what it forwards for random times, for tests."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

LONGEST = 0.05  # seconds


class SlowProxy:
    """Forwards connections to a port of 127.0.0.1. It runs in a thread of its own.

    Each chunk of data has its own delay. The bytes of a connection stay in order, but connections
    overtake each other. The seed says the delays, but not how the data is split into chunks.
    """

    def __init__(self, port: int, seed: str) -> None:
        self.port = 0  # where it listens, set by start()
        self.delayed = 0  # chunks
        self._onward = port
        self._seed = seed
        self._numbers = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connections: set[asyncio.Task[None]] = set()

    def start(self) -> SlowProxy:
        self._thread.start()
        self._run(self._listen())
        return self

    def stop(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._listener.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(self._numbers)
        onward = None
        try:
            back, onward = await asyncio.open_connection("127.0.0.1", self._onward)
            await asyncio.gather(
                self._relay(reader, onward, random.Random(f"{self._seed} {number} there")),
                self._relay(back, writer, random.Random(f"{self._seed} {number} back")),
            )
        except OSError:
            pass  # the server is away
        finally:
            writer.close()
            if onward is not None:
                onward.close()

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random
    ) -> None:
        """Later chunks do not wait longer because of earlier ones, except for their order."""
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        forwarding = asyncio.create_task(self._forward(due, writer))
        try:
            data = b"-"
            while data:
                with suppress(ConnectionError):
                    data = b""
                    data = await reader.read(65536)
                delay = LONGEST * dice.random() ** 4  # most are short
                due.put_nowait((self._loop.time() + delay, data))
            await forwarding
        finally:
            forwarding.cancel()

    async def _forward(
        self, due: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while True:
                time, data = await due.get()
                await asyncio.sleep(max(0.0, time - self._loop.time()))
                if not data:
                    break
                writer.write(data)
                self.delayed += 1
                await writer.drain()
        writer.close()
