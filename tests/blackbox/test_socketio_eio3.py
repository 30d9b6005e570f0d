"""Behaviour that only Engine.IO 3 and Socket.IO 2 have; other files run their tests with these
clients.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from support.node_clients import TRANSPORTS, Clients, NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    env = {
        "SIO_SETTINGS": json.dumps(
            {"SIO_ENGINEIO_PING_INTERVAL_MS": 1000, "SIO_ENGINEIO_PING_TIMEOUT_MS": 20_000}
        )
    }
    process = ServerProcess("configured:application", "--socketio-allow-eio3", cwd=APPS, env=env)
    yield process.start()
    process.stop()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "scenario", ["derivesItsIdsFromTheSid", "joinsANamespaceWithAQuery", "staysAlive"]
)
def test_client(scenario: str, transport: str, node: NodeClients, server: ServerProcess) -> None:
    Clients(node, server, transport, version="2").run(scenario)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "scenario", ["acknowledgesInBothDirections", "sendsBinary", "sharesOneConnection"]
)
def test_clients_of_version_4_at_the_same_time(
    scenario: str, transport: str, node: NodeClients, server: ServerProcess
) -> None:
    Clients(node, server, transport).run(scenario)


def open_session(http: httpx.Client, query: str = "EIO=3&transport=polling") -> str:
    """Opens a session; returns the query of its requests."""
    answer = http.get("/socket.io/", params=query)
    length, packet = answer.text.split(":", 1)
    assert int(length) == len(packet)
    return f"{query}&sid={json.loads(packet[1:])['sid']}"


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


BINARY = {"content-type": "application/octet-stream"}


def test_binary_bodies(http: httpx.Client) -> None:
    query = open_session(http)
    assert http.get("/socket.io/", params=query).text == "2:40"
    event = b'451-["echo",{"_placeholder":true,"num":0}]'
    digits = bytes(int(digit) for digit in str(len(event)))
    body = b"\0" + digits + b"\xff" + event + b"\1\4\xff\4abc"
    posted = http.post("/socket.io/", params=query, content=body, headers=BINARY)
    assert (posted.status_code, posted.text) == (200, "ok")
    answer = http.get("/socket.io/", params=query)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == body


def test_lengths_count_code_units(http: httpx.Client) -> None:
    query = open_session(http)
    assert http.get("/socket.io/", params=query).text == "2:40"
    event = '42["echo","h\u00e9\U0001f600"]'
    packet = f"{len(event) + 1}:{event}"
    posted = http.post("/socket.io/", params=query, content=packet.encode())
    assert posted.text == "ok"
    answer = http.get("/socket.io/", params=query)
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.text == packet


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"40",
        b"-1:4",
        b"99999999999999999999999:4",
        b"999999999:4",
        b"1e1:4",
        b"1:2trailing",
        b"1:2:",
        "2:4\U0001f600".encode(),  # splits a surrogate pair
        b"1:\xff",
        b"4:b4**",
    ],
)
def test_malformed_bodies_close_the_session(body: bytes, http: httpx.Client) -> None:
    query = open_session(http)
    assert http.post("/socket.io/", params=query, content=body).status_code == 400
    assert http.get("/socket.io/", params=query).json()["code"] == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"\0", b"\0\xff", b"\0\x09" * 300, b"\0\x09\x09\x09\xff4", b"\2\1\xff2", b"\1\1\xff\2"],
)
def test_malformed_binary_bodies_close_the_session(body: bytes, http: httpx.Client) -> None:
    query = open_session(http)
    answer = http.post("/socket.io/", params=query, content=body, headers=BINARY)
    assert answer.status_code == 400
    assert http.get("/socket.io/", params=query).json()["code"] == 1


def test_a_session_keeps_its_version(http: httpx.Client) -> None:
    query = open_session(http).replace("EIO=3", "EIO=4")
    assert http.get("/socket.io/", params=query).json()["code"] == 3
