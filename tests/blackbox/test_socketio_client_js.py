"""The official Socket.IO client, in several versions, with the server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest
from support.node_clients import MSGPACK, TRANSPORTS, Clients, NodeClients, ScenarioFailed
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects, read_notes

MAX_PAYLOAD = 1_000_000
# The versions, and the newest one with the other parser.
KINDS = ["4.8", "4.6", "4.4", "4.0", "3", "2", "msgpack"]

LEAVING = {"polling": "engineio_client_close", "websocket": "engineio_websocket_disconnect"}


@pytest.fixture(scope="module")
def eio3_server() -> Iterator[ServerProcess]:
    yield from serve("--socketio-allow-eio3")


@pytest.fixture(scope="module")
def msgpack_server() -> Iterator[ServerProcess]:
    yield from serve("--socketio-parser", "msgpack")


def serve(*options: str) -> Iterator[ServerProcess]:
    server = ServerProcess("native:application", *options, cwd=APPS).start()
    yield server
    server.stop()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=TRANSPORTS)
def clients(request: pytest.FixtureRequest, kind: str, node: NodeClients) -> Clients:
    servers = {"2": "eio3_server", "msgpack": "msgpack_server"}
    server = request.getfixturevalue(servers.get(kind, "socketio_server"))
    if kind == "msgpack":
        return Clients(node, server, request.param, parser=MSGPACK)
    return Clients(node, server, request.param, version=kind)


@pytest.mark.parametrize(
    "scenario",
    [
        "acknowledgesInBothDirections",
        "answersWithBinary",
        "reconnects",
        "connectsWithAuth",
        "connectsWithoutAuth",
        "echoesArguments",
        "getsPythonTypes",
        "receivesEmitsOfThreads",
        "receivesEventsOfConnectAfterConnecting",
        "keepsTheOrderOfKeys",
        "mixesBinaryAndText",
        "reachesTheCatchAll",
        "sendsBinary",
        "sendsBinaryInBase64",
        "sharesOneConnection",
        "emitsVolatileEvents",
        "timesOutAcknowledgements",
    ],
)
def test_client(scenario: str, clients: Clients) -> None:
    clients.run(scenario)


@pytest.mark.parametrize(
    "scenario",
    [
        "answersABroadcast",
        "keepsTheOrderInRooms",
        "reachesTheRecipientsOfAChain",
        "relaysNatively",
        "keepsRoomsOfNamespacesSeparate",
        "emitsInRooms",
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
    clients.run("continuesAfterAHandlerRaises")
    clients.server.wait_for_log("ValueError: handler failed on purpose", start)
    assert "Traceback" in clients.server.log[start:]


def test_sync_handlers(clients: Clients) -> None:
    key = str(uuid.uuid4())
    clients.run("callsSyncHandlers", key=key)
    assert len(clients.disconnects(key)) == 1


def test_client_disconnects(clients: Clients) -> None:
    key = str(uuid.uuid4())
    assert clients.run("disconnects", key=key) == "io client disconnect"
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
    reasons = clients.run("isDisconnectedByTheServer", key=key, close=False)
    assert reasons == ["io server disconnect"]
    seen = clients.disconnects(key)
    assert seen == [["server_disconnect", "server namespace disconnect", []]]


def test_server_disconnects_the_client(clients: Clients) -> None:
    key = str(uuid.uuid4())
    reasons = clients.run("isDisconnectedByTheServer", key=key, close=True)
    assert reasons == ["io server disconnect", "io server disconnect"]
    assert len(clients.disconnects(key)) == 1


def test_large_messages(clients: Clients) -> None:
    # Binary messages are a third longer in a request body.
    most = MAX_PAYLOAD if clients.parser is None else MAX_PAYLOAD * 3 // 4
    clients.run("sendsLargeMessages", maxPayload=most)


def test_too_large_messages(clients: Clients) -> None:
    reason = clients.run("sendsTooMuch", maxPayload=MAX_PAYLOAD)
    assert reason in ("transport close", "transport error")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_engine_io_client(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    where = {"url": socketio_server.url, "transports": TRANSPORTS[transport]}
    node.run("sendsRawPackets", **where)
    key = str(uuid.uuid4())
    node.run("closesWhenAllIsSent", key=key, **where)
    disconnects(socketio_server, key)
    noted = [what for [what, *_] in read_notes(socketio_server, key) if isinstance(what, int)]
    assert noted == list(range(50))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_engine_io_3_is_refused_clearly(
    transport: str, node: NodeClients, socketio_server: ServerProcess
) -> None:
    """For clients of Socket.IO 2, if the server does not allow them."""
    with pytest.raises(ScenarioFailed, match=r"connect_error: (xhr poll|websocket) error"):
        Clients(node, socketio_server, transport, version="2").run("connectsWithoutAuth")
    answer = httpx.get(f"{socketio_server.url}/socket.io/?EIO=3&transport=polling")
    assert answer.status_code == 400
    assert answer.json() == {"code": 5, "message": "Unsupported protocol version"}
