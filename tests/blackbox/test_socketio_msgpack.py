"""Behaviour that only npm's socket.io-msgpack-parser has; it also passes the tests of the default
parser.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import httpx
import pytest
from support.hostile import PATIENCE, frame, open_websocket
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


@pytest.mark.parametrize(
    "value", [b"\x80", b"\x90", b"\x81\xa0\xc0"], ids=["maps", "arrays", "pairs"]
)
async def test_a_million_values_do_not_fill_the_memory(value: bytes, server: ServerProcess) -> None:
    peer = await open_websocket(server)
    await peer.send(frame(2, b"\x82\xa4type\x00\xa3nsp\xa1/"))
    await asyncio.wait_for(peer.reader.readuntil(b"\xa3sid"), PATIENCE)
    server.forget_peak_memory()
    before = server.memory()
    count = 999_000 // len(value)
    head = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\xdd" + (count + 1).to_bytes(4, "big")
    await peer.send(frame(2, head + b"\xa1n" + value * count))
    await asyncio.wait_for(peer.reader.readuntil(b"\x88"), PATIENCE)  # a close frame
    assert server.peak_growth(before) < 64_000_000
    peer.abort()


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
