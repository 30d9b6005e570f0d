"""npm's socket.io-msgpack-parser against a server with `--socketio-parser msgpack`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.node_clients import NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS, disconnects, read_counts
from support.waiting import eventually

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    process = ServerProcess("native:application", "--socketio-parser", "msgpack", cwd=APPS).start()
    yield process
    process.stop()


def run(
    node: NodeClients, server: ServerProcess, scenario: str, transport: str, **given: Any
) -> Any:
    return node.run(
        scenario,
        parser="socket.io-msgpack-parser",
        url=server.url,
        transports=TRANSPORTS[transport],
        **given,
    )


@pytest.mark.parametrize("transport", TRANSPORTS)
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
        "isWelcomedAfterConnecting",
        "keepsTheOrderOfKeys",
        "mixesBinaryAndText",
        "reachesTheCatchAll",
        "sendsArrayBuffers",
        "sendsBinary",
        "sendsNumbersOfEverySize",
        "sendsWhatJsonDoesNotHave",
        "sharesOneConnection",
    ],
)
def test_client(scenario: str, transport: str, node: NodeClients, server: ServerProcess) -> None:
    run(node, server, scenario, transport)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "scenario", ["answersABroadcast", "reachesWhomTheChainNames", "talksInRooms"]
)
def test_rooms(scenario: str, transport: str, node: NodeClients, server: ServerProcess) -> None:
    run(node, server, scenario, transport, room=f"room {uuid.uuid4()}")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_refused_connections(transport: str, node: NodeClients, server: ServerProcess) -> None:
    assert run(node, server, "isRefused", transport) == {
        "falsy": {"message": "Not authorized", "data": None},
        "raised": {"message": "Internal server error", "data": None},
        "explained": {"message": "too late", "data": {"at": [1, 2]}},
        "unknown": {"message": "Invalid namespace", "data": None},
    }


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_client_disconnects(transport: str, node: NodeClients, server: ServerProcess) -> None:
    key = str(uuid.uuid4())
    assert run(node, server, "leaves", transport, key=key) == "io client disconnect"
    seen = disconnects(server, key)
    assert seen == [["client_disconnect", "client namespace disconnect", ["a", "b"]]]


def test_a_client_of_the_default_parser_is_closed(server: ServerProcess) -> None:
    before = read_counts(server)["bad_packets"]
    url = f"{server.url}/socket.io/?EIO=4&transport=polling"
    sid = httpx.get(url).text.split('"sid":"')[1].split('"')[0]
    httpx.post(f"{url}&sid={sid}", content="40")
    eventually(lambda: read_counts(server)["bad_packets"] > before)


@pytest.fixture(scope="module")
def recovering_server() -> Iterator[ServerProcess]:
    options = ("--socketio-recovery=60", "--socketio-parser=msgpack")
    process = ServerProcess("recovering:application", *options, cwd=APPS).start()
    yield process
    process.stop()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_recovery(transport: str, node: NodeClients, recovering_server: ServerProcess) -> None:
    missed = run(node, recovering_server, "recovers", transport, key=str(uuid.uuid4()))
    assert missed == [*(["n", number] for number in range(30)), ["binary", 2]]
