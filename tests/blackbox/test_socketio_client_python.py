"""python-socketio's client against the server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.server import ServerProcess
from support.socketio_apps import disconnects

import socketio

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}
pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)

Heard = asyncio.Queue[tuple[Any, ...]]


class Client:
    """A client, and the events that it hears in any namespace."""

    def __init__(self, transport: str) -> None:
        self.sio = socketio.AsyncClient(reconnection=False)
        self.transports = TRANSPORTS[transport]
        self.heard: Heard = asyncio.Queue()

        async def hear(*event: Any) -> None:
            await self.heard.put(event)

        for namespace in ("/", "/chat"):
            self.sio.on("*", hear, namespace=namespace)

    async def connect(self, server: ServerProcess, **options: Any) -> None:
        await self.sio.connect(server.url, transports=self.transports, **options)

    async def hears(self) -> tuple[Any, ...]:
        return await asyncio.wait_for(self.heard.get(), 30)


@asynccontextmanager
async def connected(server: ServerProcess, transport: str, **options: Any) -> AsyncIterator[Client]:
    client = Client(transport)
    await client.connect(server, **options)
    try:
        yield client
    finally:
        await client.sio.disconnect()


async def test_events_both_ways(transport: str, socketio_server: ServerProcess) -> None:
    async with connected(socketio_server, transport) as client:
        tree = {"ü": [1, 2.5, None, True], "nested": {"list": [[], {}]}}
        await client.sio.emit("echo", ("text", tree, 7))
        assert await client.hears() == ("echo", "text", tree, 7)


async def test_acknowledgements_both_ways(transport: str, socketio_server: ServerProcess) -> None:
    async with connected(socketio_server, transport) as client:
        assert await client.sio.call("reply", ("a", [1])) == ("a", [1])
        assert await client.sio.call("quiet") is None

        async def answer(*args: Any) -> Any:
            return ("answer to", *args)

        client.sio.on("question", answer)
        await client.sio.emit("ask", ("why", 3))
        assert await client.hears() == ("answered", "answer to", "why", 3)


async def test_binary_both_ways(transport: str, socketio_server: ServerProcess) -> None:
    async with connected(socketio_server, transport) as client:
        args = ({"a": [b"\x00\x01", {"b": b""}]}, bytes(range(256)), "end")
        await client.sio.emit("echo", args)
        assert await client.hears() == ("echo", *args)
        assert await client.sio.call("reply", args) == args


async def test_namespaces_share_a_connection(
    transport: str, socketio_server: ServerProcess
) -> None:
    namespaces = ["/", "/chat", "/functions"]
    async with connected(socketio_server, transport, namespaces=namespaces) as client:
        await client.sio.emit("echo", "there", namespace="/chat")
        assert await client.hears() == ("chat echo", "there")
        assert await client.sio.call("double", 21, namespace="/functions") == 42
        assert len(set(client.sio.namespaces.values())) == 3


async def test_auth_and_refusal(transport: str, socketio_server: ServerProcess) -> None:
    auth = {"token": "t", "welcome": True}
    async with connected(socketio_server, transport, auth=auth) as client:
        assert await client.hears() == ("welcome", auth)
    refused = Client(transport)
    heard: Heard = asyncio.Queue()
    refused.sio.on("connect_error", heard.put)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await refused.connect(socketio_server, auth={"refuse": True})
    assert await heard.get() == {"message": "Not authorized"}
    await refused.sio.disconnect()


async def test_a_refused_namespace_beside_an_accepted_one(
    transport: str, socketio_server: ServerProcess
) -> None:
    client = Client(transport)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(socketio_server, namespaces=["/", "/nowhere"])
    await client.sio.disconnect()


async def test_disconnects_by_either_side(transport: str, socketio_server: ServerProcess) -> None:
    key = str(uuid.uuid4())
    async with connected(socketio_server, transport, auth={"key": key}):
        pass
    seen = await asyncio.to_thread(disconnects, socketio_server, key)
    [[reason, *_]] = seen
    # On a WebSocket this client may close before it has sent its packets.
    left_first = reason == "engineio_websocket_disconnect" and transport != "polling"
    assert reason == "client_disconnect" or left_first

    client = Client(transport)
    gone = asyncio.Event()
    client.sio.on("disconnect", lambda *_: gone.set())
    await client.connect(socketio_server)
    await client.sio.emit("kick", True)
    assert await client.hears() == ("last words",)
    await asyncio.wait_for(gone.wait(), 30)


async def test_a_handler_that_raises(transport: str, socketio_server: ServerProcess) -> None:
    async with connected(socketio_server, transport) as client:
        assert await client.sio.call("fail") == {"error": "Internal server error"}
        assert await client.sio.call("reply", "alive") == "alive"
