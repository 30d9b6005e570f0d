"""X-Forwarded-* and Forwarded: for requests, WebSockets and Socket.IO, and only from proxies."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from support.server import ServerProcess, run_to_end
from websockets.asyncio.client import connect

import socketio

HEADERS = {
    "X-Forwarded-For": "6.6.6.6, 192.0.2.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "example.org",
    "X-Forwarded-Port": "444",
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess("endpoints:application", "--proxy-headers").start()
    yield server
    server.stop()


def ask(server: ServerProcess, headers: dict[str, str] = HEADERS) -> dict[str, Any]:
    return httpx.get(server.url, headers=headers).json()


def test_a_request(server: ServerProcess) -> None:
    assert ask(server) == {
        "client": ["192.0.2.1", 444],
        "server": ["example.org", 444],
        "scheme": "https",
        "host": [f"127.0.0.1:{server.port}"],  # Django evaluates the header itself
    }


def test_requests_of_one_connection_have_their_own_clients(server: ServerProcess) -> None:
    with httpx.Client() as client:
        for last in (1, 2, 3):
            headers = {"X-Forwarded-For": f"192.0.2.{last}"}
            found = client.get(server.url, headers=headers).json()
            assert found["client"] == [f"192.0.2.{last}", 0]
        assert client.get(server.url).json()["client"][0] == "127.0.0.1"


def test_the_header_forwarded(server: ServerProcess) -> None:
    found = ask(server, {"Forwarded": 'for="[2001:db8::1]:5";proto=https;host=example.org'})
    assert found["client"] == ["2001:db8::1", 5]
    assert found["server"] == ["example.org", 443]
    assert found["scheme"] == "https"


async def test_a_websocket(server: ServerProcess) -> None:
    async with connect(server.websocket_url, additional_headers=HEADERS, proxy=None) as websocket:
        found = json.loads(await websocket.recv())
    assert found["client"] == ["192.0.2.1", 444]
    assert found["scheme"] == "wss"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_a_socketio_handshake(server: ServerProcess, transport: str) -> None:
    client = socketio.AsyncClient()
    await client.connect(server.url, headers=HEADERS, transports=[transport])
    found = await client.call("who")
    await client.disconnect()
    assert found["client"] == ["192.0.2.1", 444]
    assert found["scheme"] == ("wss" if transport == "websocket" else "https")


def test_no_other_machine_is_trusted_by_default(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("endpoints:application")
    found = ask(server, {**HEADERS, "Forwarded": "for=192.0.2.1"})
    assert found["client"][0] == "127.0.0.1"
    assert found["server"] == ["127.0.0.1", server.port]
    assert found["scheme"] == "http"


def test_a_client_that_is_not_a_proxy_is_not_trusted(
    start_server: Callable[..., ServerProcess],
) -> None:
    trusted = ("--proxy-headers", "--forwarded-allow-ips", "10.0.0.0/8,unix")
    server = start_server("endpoints:application", *trusted)
    assert ask(server)["client"][0] == "127.0.0.1"


def test_a_proxy_that_comes_through_a_unix_socket(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    path = str(tmp_path / "app.sock")
    start_server("endpoints:application", "--proxy-headers", listen=["--unix-socket", path])
    with httpx.Client(transport=httpx.HTTPTransport(uds=path)) as client:
        found = client.get("http://name/", headers={"X-Forwarded-For": "192.0.2.1"}).json()
        assert found["client"] == ["192.0.2.1", 0]
        assert found["server"] == [path, None]
        assert client.get("http://name/").json()["client"] is None


def test_networks_and_configured_headers(start_server: Callable[..., ServerProcess]) -> None:
    trusted = ("--forwarded-allow-ips", "127.0.0.0/8,192.0.2.0/24")
    names = ("--proxy-headers-host", "X-Real-IP", "--proxy-headers-port", "X-Real-Port")
    server = start_server("endpoints:application", "--proxy-headers", *trusted, *names)
    headers = {**HEADERS, "X-Real-IP": "198.51.100.7, 192.0.2.9", "X-Real-Port": "77"}
    found = ask(server, headers)
    assert found["client"] == ["198.51.100.7", 77]
    assert found["server"] == ["example.org", 444]


def test_an_invalid_address_in_the_option_is_named() -> None:
    result = run_to_end("endpoints:application", "--forwarded-allow-ips", "127.0.0.1,proxy")
    assert result.returncode in (2, 3)
    assert '"proxy" is no address' in result.stderr
