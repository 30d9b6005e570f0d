"""Where a server listens: Unix sockets, inherited descriptors, several addresses, and the scope."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import socket
import stat
from collections.abc import AsyncIterator, Callable
from typing import Any

import _sioserve
import httpx
import pytest
from native import respond

Scopes = list[dict[str, Any]]


@contextlib.asynccontextmanager
async def listening(listen: Callable[[Any], Any]) -> AsyncIterator[Scopes]:
    """A server that listens as `listen(server)` does; yields the scopes of its requests."""
    scopes: Scopes = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await respond(send)

    server = _sioserve.Server(application)
    listen(server)
    stopped = asyncio.Event()
    server.start(asyncio.get_running_loop(), stopped.set)
    try:
        yield scopes
    finally:
        server.stop()
        await asyncio.wait_for(stopped.wait(), 15)


def exists(path: str) -> bool:
    return os.path.exists(path)


async def get(url: str, unix_path: str | None = None) -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(uds=unix_path)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        return await client.get(url)


async def test_a_unix_socket_has_no_client_and_its_path_as_server(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "app.sock")
    async with listening(lambda server: server.listen_unix(path)) as scopes:
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o666
        assert (await get("http://name/", path)).text == "ok"
        assert scopes[0]["client"] is None
        assert scopes[0]["server"] == (path, None)
    assert not exists(path)


async def test_a_path_that_is_not_utf_8(tmp_path: pathlib.Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.sock")
    async with listening(lambda server: server.listen_unix(path)) as scopes:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await reader.read()).endswith(b"ok")
        writer.close()
        assert scopes[0]["server"] == (path, None)


async def test_several_at_once(tmp_path: pathlib.Path) -> None:
    paths = [str(tmp_path / name) for name in ("one", "two")]
    addresses: list[str] = []

    def listen(server: Any) -> None:
        addresses.append(server.listen_tcp("127.0.0.1", 0))
        addresses.append(server.listen_tcp("localhost", 0))
        addresses.extend(server.listen_unix(path, 0o600) for path in paths)

    async with listening(listen):
        assert addresses[0].startswith("http://127.0.0.1:")
        assert addresses[1].startswith("http://")
        assert addresses[2:] == ["unix:" + path for path in paths]
        for url in addresses[:2]:
            assert (await get(url)).text == "ok"
        for path in paths:
            assert (await get("http://name/", path)).text == "ok"


async def test_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    addresses: list[str] = []
    async with listening(lambda server: addresses.append(server.listen_tcp("::1", 0))) as scopes:
        assert addresses[0].startswith("http://[::1]:")
        assert (await get(addresses[0])).text == "ok"
        assert scopes[0]["client"][0] == scopes[0]["server"][0] == "::1"


async def test_an_inherited_socket_stays_open_when_the_server_stops() -> None:
    with socket.create_server(("127.0.0.1", 0)) as owner:
        host, port = owner.getsockname()
        url = f"http://{host}:{port}"
        for _ in range(2):
            async with listening(lambda server: server.listen_fd(owner.fileno())) as scopes:
                assert (await get(url)).text == "ok"
                assert scopes[0]["server"] == (host, port)
        # No server accepts now, but clients may wait in its backlog.
        socket.create_connection((host, port), timeout=15).close()


def test_a_descriptor_that_is_not_a_listening_socket(tmp_path: pathlib.Path) -> None:
    server = _sioserve.Server(lambda scope: None)
    with (tmp_path / "file").open("w") as file, pytest.raises(OSError, match="is not a socket"):
        server.listen_fd(file.fileno())
    with socket.socket() as unbound, pytest.raises(OSError, match="does not listen"):
        server.listen_fd(unbound.fileno())


def test_arguments_are_checked() -> None:
    server = _sioserve.Server(lambda scope: None)
    with pytest.raises(ValueError, match="mode"):
        server.listen_unix("x", 0o10000)
    with pytest.raises(TypeError):
        server.listen_unix(7)
    with pytest.raises(ValueError, match="null"):
        server.listen_unix("x\0y")
