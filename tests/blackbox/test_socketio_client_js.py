"""The official Socket.IO client against the server."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from support.node_clients import NodeClients
from support.server import ServerProcess
from support.socketio_apps import disconnects

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}
pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)

LEAVING = {"polling": "engineio_client_close", "websocket": "engineio_websocket_disconnect"}


def run(
    node: NodeClients, server: ServerProcess, scenario: str, transport: str, **arguments: Any
) -> Any:
    return node.run(scenario, url=server.url, transports=TRANSPORTS[transport], **arguments)


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
        "sendsBinary",
        "sharesOneConnection",
    ],
)
def test_client(
    scenario: str, transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    run(node, socketio_server, scenario, transport)


@pytest.mark.parametrize(
    "scenario",
    [
        "answersABroadcast",
        "reachesWhomTheChainNames",
        "roomsOfNamespacesAreApart",
        "talksInRooms",
    ],
)
def test_rooms(
    scenario: str, transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    run(node, socketio_server, scenario, transport, room=f"room {uuid.uuid4()}")


def test_refused_connections(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    refusals = run(node, socketio_server, "isRefused", transport)
    assert refusals == {
        "falsy": {"message": "Not authorized", "data": None},
        "raised": {"message": "Internal server error", "data": None},
        "explained": {"message": "too late", "data": {"at": [1, 2]}},
        "unknown": {"message": "Invalid namespace", "data": None},
    }


def test_a_failing_handler_is_logged(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    start = len(socketio_server.log)
    run(node, socketio_server, "survivesAHandlerThatRaises", transport)
    socketio_server.wait_for_log("ValueError: handler failed on purpose", start)
    assert "Traceback" in socketio_server.log[start:]


def test_sync_handlers(transport: str, node: NodeClients, socketio_server: ServerProcess) -> None:
    key = str(uuid.uuid4())
    run(node, socketio_server, "talksToSyncHandlers", transport, key=key)
    assert len(disconnects(socketio_server, key)) == 1


def test_client_disconnects(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    key = str(uuid.uuid4())
    assert run(node, socketio_server, "leaves", transport, key=key) == "io client disconnect"
    seen = disconnects(socketio_server, key)
    assert seen == [["client_disconnect", "client namespace disconnect", ["a", "b"]]]


def test_client_closes_its_transport(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    key = str(uuid.uuid4())
    assert run(node, socketio_server, "closesItsTransport", transport, key=key) == "forced close"
    [[reason, reference, _]] = disconnects(socketio_server, key)
    assert reason in LEAVING.values()
    assert reason == LEAVING.get(transport, reason)
    assert reference == "transport close"


def test_server_disconnects_a_namespace(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    key = str(uuid.uuid4())
    reasons = run(node, socketio_server, "isSentAway", transport, key=key, close=False)
    assert reasons == ["io server disconnect"]
    seen = disconnects(socketio_server, key)
    assert seen == [["server_disconnect", "server namespace disconnect", []]]


def test_server_disconnects_the_client(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    key = str(uuid.uuid4())
    reasons = run(node, socketio_server, "isSentAway", transport, key=key, close=True)
    assert reasons == ["io server disconnect", "io server disconnect"]
    assert len(disconnects(socketio_server, key)) == 1
