"""The HAProxy configurations of docs/deployment.md: HTTP/2 to the server without TLS, and a PROXY
header before the TLS connection, which the server ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import pathlib
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import aiohttp
import httpx
import pytest
from support.certificates import Authority
from support.haproxy import haproxy
from support.ports import free_port
from support.server import ROOT, ServerProcess
from websockets.asyncio.client import connect

import socketio

PROGRAM = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="HAProxy is not installed")

# HAProxy itself connects from 127.0.0.1.
CLIENT = "127.0.0.7"
FORGED = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "Forwarded": "for=6.6.6.6"}
UPLOAD = bytes(range(256)) * 8_000  # 2 MB
LONG = "b" * 200_000
PATIENCE = 60.0  # seconds


class Front(NamedTuple):
    """A frontend of HAProxy."""

    port: int
    authority: Authority
    keeps_version: bool  # the server gets the client's version of HTTP; otherwise always HTTP/2

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def context(self) -> ssl.SSLContext:
        """For one client, which sets its protocols in it."""
        return self.authority.client_context()

    def check(self, told: dict[str, Any], *, scheme: str, version: str) -> None:
        assert told["client"][0] == CLIENT
        assert told["scheme"] == scheme
        assert told["server"][1] == self.port
        assert told["http_version"] == (version if self.keeps_version else "2")


def documented(ports: dict[str, int], backends: dict[str, int], pem: pathlib.Path) -> str:
    """The blocks of the documentation, with the ports and the file of this test."""
    page = (ROOT / "docs" / "deployment.md").read_text()
    text = "".join(re.findall(r"```haproxy\n(.*?)```", page, re.DOTALL))
    for before, after in (
        ("bind :443 ssl", f"bind 127.0.0.1:{ports['http']} ssl"),
        ("bind :443\n", f"bind 127.0.0.1:{ports['tcp']}\n"),
        ("/etc/haproxy/example.org.pem", str(pem)),
        ("10.0.0.5:8000", f"127.0.0.1:{backends['http']}"),
        ("10.0.0.5:8443", f"127.0.0.1:{backends['tcp']}"),
    ):
        assert text.count(before) == 1, f"{before!r} in the documentation"
        text = text.replace(before, after)
    return text


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Front]]:
    folder = tmp_path_factory.mktemp("haproxy")
    authority = Authority(folder / "certificates")
    issued = authority.issue()
    both = folder / "certificate-and-key.pem"
    both.write_text(issued.pem + issued.key.read_text())
    ports = {name: free_port() for name in ("http", "tcp")}
    options = {
        "http": ("--http2-cleartext", "--proxy-headers"),
        "tcp": (*issued.options, "--proxy-protocol"),
    }
    assert PROGRAM is not None
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, chosen in options.items():
            servers[name] = ServerProcess("behind_proxy:application", *chosen).start()
            stack.callback(servers[name].stop)
        backends = {name: server.port for name, server in servers.items()}
        configuration = documented(ports, backends, both)
        stack.enter_context(haproxy(PROGRAM, folder, configuration, ports["tcp"]))
        yield {name: Front(port, authority, name == "tcp") for name, port in ports.items()}


@pytest.fixture(params=["http", "tcp"])
def front(request: pytest.FixtureRequest, fronts: dict[str, Front]) -> Front:
    return fronts[request.param]


def client_of(front: Front, *, http2: bool) -> httpx.Client:
    transport = httpx.HTTPTransport(verify=front.context(), http2=http2, local_address=CLIENT)
    return httpx.Client(base_url=front.url, transport=transport, headers=FORGED, timeout=PATIENCE)


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_requests(front: Front, version: str) -> None:
    with client_of(front, http2=version == "2") as client:
        # The port also comes to the server if the client does not write it.
        for host in (f"localhost:{front.port}", "localhost", "localhost"):
            answer = client.get("/", headers={"Host": host})
            assert answer.http_version.removeprefix("HTTP/") == version
            front.check(answer.json(), scheme="https", version=version)


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_an_upload(front: Front, version: str) -> None:
    with client_of(front, http2=version == "2") as client:
        told = client.post("/", content=UPLOAD).json()
    assert told["size"] == len(UPLOAD)
    front.check(told, scheme="https", version=version)


async def test_a_websocket(front: Front) -> None:
    url = front.url.replace("http", "ws", 1)
    async with connect(
        url,
        ssl=front.context(),
        additional_headers=FORGED,
        proxy=None,
        open_timeout=PATIENCE,
        local_addr=(CLIENT, 0),
    ) as websocket:
        told = json.loads(await websocket.recv())
        for text in ("a", LONG):
            await websocket.send(text)
            assert await websocket.recv() == text
    front.check(told, scheme="wss", version="1.1")


@contextlib.asynccontextmanager
async def socketio_client(
    front: Front, transports: list[str]
) -> AsyncIterator[socketio.AsyncClient]:
    connector = aiohttp.TCPConnector(ssl=front.context(), local_addr=(CLIENT, 0))
    async with aiohttp.ClientSession(connector=connector) as session:
        client = socketio.AsyncClient(http_session=session, reconnection=False)
        await client.connect(
            front.url, headers=FORGED, transports=transports, wait_timeout=PATIENCE
        )
        yield client
        await client.disconnect()


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
async def test_socketio(front: Front, transports: list[str]) -> None:
    async with socketio_client(front, transports) as client:
        heard: asyncio.Queue[str] = asyncio.Queue()
        client.on("news", heard.put)
        told = await client.call("who", timeout=PATIENCE)
        for text in ("a", LONG):
            await client.emit("everybody", text)
            assert await asyncio.wait_for(heard.get(), PATIENCE) == text
        assert client.transport() == transports[-1]
    front.check(told, scheme="wss" if transports == ["websocket"] else "https", version="1.1")
