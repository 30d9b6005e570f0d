"""`--limit-unsent` far below and far above its default: responses arrive complete."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import httpx
import pytest
from support.server import ServerProcess
from websockets.asyncio.client import connect

SIZE = 12_000_000
WINDOWS = ("1", "3000", "2000000", "9000000")


@pytest.mark.parametrize("window", WINDOWS)
async def test_responses_and_messages_arrive_whole(
    start_server: Callable[..., ServerProcess], window: str
) -> None:
    server = start_server("plain:application", "--limit-unsent", window)
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        response = await client.get(f"/download?key=window&bytes={SIZE}")
        assert len(response.content) == SIZE
    websocket_url = server.url.replace("http", "ws") + "/push?key=window&count=100&size=120000"
    async with connect(websocket_url, max_size=None, max_queue=1) as websocket:
        messages = [len(await websocket.recv()) for _ in range(100)]
        assert sum(messages) == SIZE


@pytest.mark.parametrize("window", WINDOWS)
def test_files_arrive_whole(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path, window: str
) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(bytes(range(250)) * (SIZE // 250))
    server = start_server("extensions:application", "--limit-unsent", window)
    response = httpx.get(server.url + "/path", params={"path": str(file)}, timeout=60)
    assert response.content == file.read_bytes()
