"""Socket.IO clients over HTTPS and wss."""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp
import pytest
from support.certificates import Authority
from support.node_clients import TRANSPORTS, Clients, NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS

import socketio


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[ServerProcess]:
    server = ServerProcess("native:application", *authority.issue().options, cwd=APPS).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def trusting_node(authority: Authority) -> Iterator[NodeClients]:
    clients = NodeClients({"NODE_EXTRA_CA_CERTS": str(authority.certificate)})
    yield clients
    clients.close()


@pytest.fixture(params=TRANSPORTS)
def clients(
    request: pytest.FixtureRequest, server: ServerProcess, trusting_node: NodeClients
) -> Clients:
    return Clients(trusting_node, server, request.param)


@pytest.mark.parametrize(
    "scenario",
    ["acknowledgesInBothDirections", "sendsBinary", "mixesBinaryAndText", "reconnects"],
)
def test_the_official_client(scenario: str, clients: Clients) -> None:
    clients.run(scenario)


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_python_s_client(authority: Authority, transport: str) -> None:
    server = ServerProcess("endpoints:application", *authority.issue().options).start()
    connector = aiohttp.TCPConnector(ssl=authority.client_context())
    try:
        async with aiohttp.ClientSession(connector=connector) as session:
            client = socketio.AsyncClient(http_session=session, reconnection=False)
            await client.connect(server.url, transports=[transport])
            found = await client.call("who", timeout=30)
            assert found["scheme"] == {"polling": "https", "websocket": "wss"}[transport]
            await client.disconnect()
    finally:
        server.stop()
