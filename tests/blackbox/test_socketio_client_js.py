"""The official Socket.IO client, in the versions that are in use, against the server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.node_clients import NodeClients, ScenarioFailed
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects, read_notes

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}
MAX_PAYLOAD = 1_000_000
VERSIONS = ["4.8", "4.6", "4.4", "4.0", "3", "2"]

LEAVING = {"polling": "engineio_client_close", "websocket": "engineio_websocket_disconnect"}


class Clients:
    """Clients of one version over one choice of transports."""

    def __init__(
        self, node: NodeClients, server: ServerProcess, version: str, transport: str
    ) -> None:
        self.node = node
        self.server = server
        self.version = version
        self.transport = transport

    def run(self, scenario: str, **arguments: Any) -> Any:
        return self.node.run(
            scenario,
            version=self.version,
            url=self.server.url,
            transports=TRANSPORTS[self.transport],
            **arguments,
        )

    def disconnects(self, key: str) -> list[list[Any]]:
        return disconnects(self.server, key)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def eio3_server() -> Iterator[ServerProcess]:
    server = ServerProcess("native:application", "--socketio-allow-eio3", cwd=APPS).start()
    yield server
    server.stop()


@pytest.fixture(params=TRANSPORTS)
def clients(request: pytest.FixtureRequest, version: str, node: NodeClients) -> Clients:
    server = request.getfixturevalue("eio3_server" if version == "2" else "socketio_server")
    return Clients(node, server, version, request.param)


@pytest.mark.parametrize(
    "scenario",
    [
        "acknowledgesBothWays",
        "answersWithBinary",
        "comesBack",
        "connectsWithAuth",
        "connectsWithoutAuth",
        "echoesArguments",
        "getsPythonTypes",
        "hearsThreads",
        "isWelcomedAfterConnecting",
        "keepsTheOrderOfKeys",
        "mixesBinaryAndText",
        "reachesTheCatchAll",
        "sendsBinary",
        "sharesOneConnection",
        "talksVolatile",
        "waitsNoLongerThanAgreed",
    ],
)
def test_client(scenario: str, clients: Clients) -> None:
    clients.run(scenario)


@pytest.mark.parametrize(
    "scenario",
    [
        "answersABroadcast",
        "keepsTheOrderInRooms",
        "reachesWhomTheChainNames",
        "relaysNatively",
        "roomsOfNamespacesAreApart",
        "talksInRooms",
    ],
)
def test_rooms(scenario: str, clients: Clients) -> None:
    clients.run(scenario, room=f"room {uuid.uuid4()}")


def test_refused_connections(clients: Clients) -> None:
    refusals = clients.run("isRefused")
    if clients.version == "2":
        assert refusals == {
            "falsy": "Not authorized",
            "raised": "Internal server error",
            "explained": {"at": [1, 2]},
            "unknown": {"message": "Invalid namespace"},
        }
        return
    assert refusals == {
        "falsy": {"message": "Not authorized", "data": None},
        "raised": {"message": "Internal server error", "data": None},
        "explained": {"message": "too late", "data": {"at": [1, 2]}},
        "unknown": {"message": "Invalid namespace", "data": None},
    }


def test_a_failing_handler_is_logged(clients: Clients) -> None:
    start = len(clients.server.log)
    clients.run("survivesAHandlerThatRaises")
    clients.server.wait_for_log("ValueError: handler failed on purpose", start)
    assert "Traceback" in clients.server.log[start:]


def test_sync_handlers(clients: Clients) -> None:
    key = str(uuid.uuid4())
    clients.run("talksToSyncHandlers", key=key)
    assert len(clients.disconnects(key)) == 1


def test_client_disconnects(clients: Clients) -> None:
    key = str(uuid.uuid4())
    assert clients.run("leaves", key=key) == "io client disconnect"
    seen = clients.disconnects(key)
    assert seen == [["client_disconnect", "client namespace disconnect", ["a", "b"]]]


def test_client_closes_its_transport(clients: Clients) -> None:
    key = str(uuid.uuid4())
    assert clients.run("closesItsTransport", key=key) == "forced close"
    [[reason, reference, _]] = clients.disconnects(key)
    assert reason in LEAVING.values()
    assert reason == LEAVING.get(clients.transport, reason)
    assert reference == "transport close"


def test_server_disconnects_a_namespace(clients: Clients) -> None:
    key = str(uuid.uuid4())
    reasons = clients.run("isSentAway", key=key, close=False)
    assert reasons == ["io server disconnect"]
    seen = clients.disconnects(key)
    assert seen == [["server_disconnect", "server namespace disconnect", []]]


def test_server_disconnects_the_client(clients: Clients) -> None:
    key = str(uuid.uuid4())
    reasons = clients.run("isSentAway", key=key, close=True)
    assert reasons == ["io server disconnect", "io server disconnect"]
    assert len(clients.disconnects(key)) == 1


def test_large_messages(clients: Clients) -> None:
    clients.run("sendsLargeMessages", maxPayload=MAX_PAYLOAD)


def test_too_large_messages(clients: Clients) -> None:
    reason = clients.run("sendsTooMuch", maxPayload=MAX_PAYLOAD)
    assert reason in ("transport close", "transport error")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_engine_io_client(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    where = {"url": socketio_server.url, "transports": TRANSPORTS[transport]}
    node.run("speaksPacketsByHand", **where)
    key = str(uuid.uuid4())
    node.run("closesWhenAllIsSent", key=key, **where)
    disconnects(socketio_server, key)
    noted = [what for [what, *_] in read_notes(socketio_server, key) if isinstance(what, int)]
    assert noted == list(range(50))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_engine_io_3_is_refused_clearly(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    """Clients of Socket.IO 2, where they are not allowed."""
    with pytest.raises(ScenarioFailed, match=r"connect_error: (xhr poll|websocket) error"):
        Clients(node, socketio_server, "2", transport).run("connectsWithoutAuth")
    answer = httpx.get(f"{socketio_server.url}/socket.io/?EIO=3&transport=polling")
    assert answer.status_code == 400
    assert answer.json() == {"code": 5, "message": "Unsupported protocol version"}
