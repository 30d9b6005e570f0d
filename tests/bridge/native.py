"""An in-process server: the extension module on the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from typing import Any

import _sioserve
import httpx


@contextlib.asynccontextmanager
async def serving(application: Any, dispatcher: Any = None, **options: Any) -> AsyncIterator[Any]:
    """A running `_sioserve.Server` on a free port; see Running."""
    server = _sioserve.Server(application, dispatcher, **options)
    address = server.listen_tcp("127.0.0.1", 0).removeprefix("http://")
    stopped = asyncio.Event()
    before = threads()
    server.start(asyncio.get_running_loop(), stopped.set)
    (io_thread,) = {thread for thread in threads() - before if name_of(thread) != "sioserve-log"}
    try:
        yield Running(server, address, io_thread)
    finally:
        server.stop()
        await asyncio.wait_for(stopped.wait(), 15)


def threads() -> set[str]:
    """This process's threads; threads of other tests may end at any time."""
    return set(os.listdir("/proc/self/task"))


def name_of(thread: str) -> str:
    return pathlib.Path(f"/proc/self/task/{thread}/comm").read_text().strip()


class Running:
    """A server, its address, and the name of its I/O thread in threads()."""

    def __init__(self, server: Any, address: str, io_thread: str) -> None:
        self.server = server
        self.address = address
        self.io_thread = io_thread
        self.url = f"http://{address}"

    async def get(self, path: str = "/", **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(self.url + path, **options)

    async def post(self, content: Any, path: str = "/", **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(self.url + path, content=content, **options)


async def respond(send: Any, body: bytes = b"ok", status: int = 200) -> None:
    """The simplest response."""
    await send({"type": "http.response.start", "status": status})
    await send({"type": "http.response.body", "body": body})


def run_script(source: str) -> subprocess.CompletedProcess[str]:
    """Run Python source in a separate process, with this process's modules."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
