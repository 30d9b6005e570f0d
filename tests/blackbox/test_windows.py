"""`--limit-unsent` far below and far above its default: responses arrive complete, over HTTP/1 and
HTTP/2, and with Python in a process of its own.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import httpx
import pytest
from support.server import ServerProcess
from websockets.asyncio.client import connect

SIZE = 12_000_000

pytestmark = [
    pytest.mark.parametrize("window", ["1", "3000", "2000000", "9000000"]),
    pytest.mark.parametrize("workers", [(), ("--workers", "1")], ids=["own", "workers"]),
]
with_both = pytest.mark.parametrize("http2", [False, True])


@with_both
async def test_responses_arrive_whole(
    start_server: Callable[..., ServerProcess],
    http2: bool,
    workers: tuple[str, ...],
    window: str,
) -> None:
    server = start_server(
        "plain:application", "--limit-unsent", window, "--http2-cleartext", *workers
    )
    async with httpx.AsyncClient(
        base_url=server.url, timeout=60, http1=not http2, http2=http2
    ) as client:
        response = await client.get(f"/download?key=window&bytes={SIZE}")
        assert response.http_version.startswith("HTTP/2") == http2
        assert len(response.content) == SIZE


async def test_messages_arrive_whole(
    start_server: Callable[..., ServerProcess], workers: tuple[str, ...], window: str
) -> None:
    server = start_server("plain:application", "--limit-unsent", window, *workers)
    websocket_url = server.url.replace("http", "ws") + "/push?key=window&count=100&size=120000"
    async with connect(websocket_url, max_size=None, max_queue=1) as websocket:
        messages = [len(await websocket.recv()) for _ in range(100)]
        assert sum(messages) == SIZE


@with_both
def test_files_arrive_whole(
    start_server: Callable[..., ServerProcess],
    tmp_path: pathlib.Path,
    http2: bool,
    workers: tuple[str, ...],
    window: str,
) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(bytes(range(250)) * (SIZE // 250))
    server = start_server(
        "extensions:application", "--limit-unsent", window, "--http2-cleartext", *workers
    )
    with httpx.Client(base_url=server.url, timeout=60, http1=not http2, http2=http2) as client:
        response = client.get("/path", params={"path": str(file)})
    assert response.content == file.read_bytes()
