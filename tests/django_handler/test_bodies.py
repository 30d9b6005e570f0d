"""Request bodies, uploads and files."""

from __future__ import annotations

import asyncio
import pathlib
from typing import Any

import pytest
from django.test import override_settings
from notes import values
from world import Exchange, world

BOTH = pytest.mark.parametrize("suffix", ["", "-async"])


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    file = tmp_path / "file.txt"
    file.write_bytes(b"content of the file")
    values.clear()
    values["path"] = file
    return file


class FileExchange(Exchange):
    content: bytes | None = None

    async def send(self, message: dict[str, Any]) -> None:
        await super().send(message)
        if message["type"] == "http.response.pathsend":
            await asyncio.sleep(0)
            assert not values["file"].closed
            self.content = pathlib.Path(message["path"]).read_bytes()


@pytest.mark.only_ours("Django reads files itself")
@BOTH
@pytest.mark.parametrize("unlink", [False, True])
async def test_a_file_is_sent_by_its_descriptor(
    suffix: str, unlink: bool, path: pathlib.Path
) -> None:
    values["unlink"] = unlink
    async with world() as server:
        exchange = FileExchange(f"/file{suffix}")
        await server.serve(exchange)
        await server.settle()
    assert [message["type"] for message in exchange.sent] == [
        "http.response.start",
        "http.response.pathsend",
    ]
    assert exchange.content == b"content of the file"
    assert exchange.header(b"content-length") == b"19"
    assert values["file"].closed


@BOTH
async def test_a_file_is_read_where_the_server_sends_none(suffix: str, path: pathlib.Path) -> None:
    async with world() as server:
        exchange = await server.ask(f"/file{suffix}", extensions={})
    assert exchange.body == b"content of the file"
    assert values["file"].closed


@BOTH
@override_settings(MIDDLEWARE=["django.middleware.gzip.GZipMiddleware"])
async def test_a_file_that_middleware_changes_is_read(suffix: str, path: pathlib.Path) -> None:
    import gzip

    path.write_bytes(b"x" * 100_000)
    async with world() as server:
        exchange = await server.ask(f"/file{suffix}", headers=[(b"accept-encoding", b"gzip")])
    assert exchange.header(b"content-encoding") == b"gzip"
    assert gzip.decompress(exchange.body) == b"x" * 100_000


async def test_a_file_in_memory_is_sent_in_chunks() -> None:
    async with world() as server:
        exchange = await server.ask("/bytes-file")
    assert exchange.body == b"x" * 200_000
    assert len(exchange.sent) == 6  # start, four parts, the end


def multipart(size: int) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    body = (
        b"--mark\r\n"
        b'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + b"x" * size + b"\r\n--mark--\r\n"
    )
    return body, [(b"content-type", b"multipart/form-data; boundary=mark")]


@BOTH
@pytest.mark.parametrize(
    ("size", "kind"),
    [(1000, "InMemoryUploadedFile"), (3_000_000, "TemporaryUploadedFile")],
)
@pytest.mark.parametrize("parts", [1, 4])
@override_settings(MIDDLEWARE=[])
async def test_uploads(suffix: str, size: int, kind: str, parts: int) -> None:
    body, headers = multipart(size)
    step = len(body) // parts + 1
    pieces = [body[start : start + step] for start in range(0, len(body), step)]
    async with world() as server:
        exchange = await server.ask(f"/upload{suffix}", "POST", body=pieces, headers=headers)
    assert exchange.body == f'{{"size": {size}, "type": "{kind}"}}'.encode()
    assert values["upload"].file.closed


@override_settings(MIDDLEWARE=[])
@pytest.mark.parametrize("parts", [[b""], [b"abc"], [b"abc", b"def"], [b"x" * 5_000_000, b"y"]])
async def test_the_body(parts: list[bytes]) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10_000_000):
        async with world() as server:
            exchange = await server.ask("/body", "POST", body=list(parts))
    assert exchange.body == b"".join(parts)


async def test_a_client_that_leaves_before_its_body_is_complete() -> None:
    class Leaves(Exchange):
        async def receive(self) -> dict[str, Any]:
            if self.received:
                return {"type": "http.disconnect"}
            return await super().receive()

    async with world() as server:
        exchange = Leaves("/body", "POST", body=[b"abc", b"def"])
        await server.serve(exchange)
    assert exchange.sent == []
