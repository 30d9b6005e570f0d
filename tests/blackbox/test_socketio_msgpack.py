"""What npm's socket.io-msgpack-parser has beyond the default parser, whose tests it passes too."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest
from support.node_clients import MSGPACK, TRANSPORTS, Clients, NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts
from support.waiting import eventually


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    process = ServerProcess("native:application", "--socketio-parser", "msgpack", cwd=APPS).start()
    yield process
    process.stop()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "scenario", ["sendsArrayBuffers", "sendsNumbersOfEverySize", "sendsWhatJsonDoesNotHave"]
)
def test_client(scenario: str, transport: str, node: NodeClients, server: ServerProcess) -> None:
    Clients(node, server, transport, parser=MSGPACK).run(scenario)


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
    clients = Clients(node, recovering_server, transport, parser=MSGPACK)
    missed = clients.run("recovers", key=str(uuid.uuid4()))
    assert missed == [*(["n", number] for number in range(30)), ["binary", 2]]
