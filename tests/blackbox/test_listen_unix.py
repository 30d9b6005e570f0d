"""Unix sockets and inherited descriptors from the command line, with every protocol."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import stat
from collections.abc import Callable

import aiohttp
import httpx
import pytest
from support.server import ServerProcess, run_to_end
from websockets.asyncio.client import unix_connect

import socketio


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    return str(tmp_path / "app.sock")


def get(path: str) -> httpx.Response:
    with httpx.Client(transport=httpx.HTTPTransport(uds=path)) as client:
        return client.get("http://name/")


async def test_http_websocket_and_socketio(
    start_server: Callable[..., ServerProcess], path: str
) -> None:
    server = start_server("endpoints:application", listen=["-u", path])
    assert get(path).json()["client"] is None
    async with unix_connect(path) as websocket:
        assert json.loads(await websocket.recv())["server"] == [path, None]
    for transport in ("polling", "websocket"):
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
            client = socketio.AsyncClient(http_session=session)
            await client.connect("http://name", transports=[transport])
            assert (await client.call("who"))["client"] is None
            await client.disconnect()
    assert "Traceback" not in server.log


def test_the_file_is_removed_with_the_server(
    start_server: Callable[..., ServerProcess], path: str
) -> None:
    server = start_server("endpoints:application", "--unix-socket-mode", "600", listen=["-u", path])
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    server.stop()
    assert not os.path.exists(path)


def test_a_stale_socket_is_replaced_and_a_live_one_refused(
    start_server: Callable[..., ServerProcess], path: str
) -> None:
    killed = start_server("endpoints:application", listen=["-u", path])
    killed.process.send_signal(signal.SIGKILL)
    killed.wait()
    assert os.path.exists(path)
    start_server("endpoints:application", listen=["-u", path])
    assert get(path).status_code == 200
    refused = run_to_end("endpoints:application", "-u", path)
    assert refused.returncode == 3
    assert f"a server is already listening on {path}" in refused.stderr
    assert get(path).status_code == 200


def test_a_file_that_is_not_a_socket_is_not_removed(path: str) -> None:
    pathlib.Path(path).write_text("precious")
    refused = run_to_end("endpoints:application", "-u", path)
    assert refused.returncode == 3
    assert "is not a socket" in refused.stderr
    assert pathlib.Path(path).read_text() == "precious"


def test_a_start_that_fails_leaves_no_file(path: str) -> None:
    assert run_to_end("failing_lifespan:application", "-u", path).returncode == 3
    assert not os.path.exists(path)


@pytest.mark.parametrize("number", [0, 5])
def test_an_inherited_descriptor(start_server: Callable[..., ServerProcess], number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        put = f'exec {number}<&{listening.fileno()}; exec "$@"'
        server = start_server(
            "endpoints:application",
            listen=["--fd", str(number)],
            prefix=["bash", "-c", put, "bash"],
            pass_fds=[listening.fileno()],
        )
        assert server.port == listening.getsockname()[1]
        assert httpx.get(server.url).status_code == 200


def test_a_descriptor_that_does_not_listen_is_refused() -> None:
    refused = run_to_end("endpoints:application", "--fd", "0")
    assert refused.returncode == 3
    assert "file descriptor 0 is not a socket" in refused.stderr


def test_several_at_once(start_server: Callable[..., ServerProcess], path: str) -> None:
    server = start_server("endpoints:application", "-u", path, "-u", path + "2")
    server.wait_for_log(f"Listening on unix:{path}2")
    assert httpx.get(server.url).status_code == get(path).status_code == 200
    assert get(path + "2").status_code == 200
