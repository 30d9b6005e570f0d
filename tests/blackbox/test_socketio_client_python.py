"""python-socketio's clients, with asyncio and with threads, with the server."""

from __future__ import annotations

import asyncio
import concurrent.futures
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import engineio
import pytest
from support.cuttable import cuttable
from support.server import ServerProcess
from support.socketio_apps import disconnects

import socketio

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}
pytestmark = [
    pytest.mark.parametrize("transport", TRANSPORTS),
    pytest.mark.parametrize("kind", ["async", "sync"]),
]

Heard = asyncio.Queue[tuple[Any, ...]]


class EngineInOrder(engineio.Client):
    """Handles one message after the other.

    The client itself starts a thread for each (python-engineio 4.15.1). On a busy machine these run
    in another order, and the attachments of a binary event are mixed up.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._thread = concurrent.futures.ThreadPoolExecutor(1)

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        if event == "message":
            return self._thread.submit(self.handlers[event], *args)
        return super()._trigger_event(event, *args, **kwargs)


class ClientInOrder(socketio.Client):
    def _engineio_client_class(self) -> type[engineio.Client]:
        return EngineInOrder


class Client:
    """A client of either kind, and the events that it receives in any namespace."""

    def __init__(self, kind: str, transport: str, **options: Any) -> None:
        self.kind = kind
        options = {"reconnection": False, **options}
        self.sio: Any = (
            socketio.AsyncClient(**options) if kind == "async" else ClientInOrder(**options)
        )
        self.transports = TRANSPORTS[transport]
        self.heard: Heard = asyncio.Queue()
        for namespace in ("/", "/chat"):
            self.put("*", self.heard, namespace=namespace)

    def on(self, event: str, handler: Callable[..., Any], **options: Any) -> None:
        """`handler` is a plain function; a sync client runs it in one of its threads."""

        async def call_handler(*args: Any) -> Any:
            return handler(*args)

        self.sio.on(event, call_handler if self.kind == "async" else handler, **options)

    def put(self, event: str, queue: Heard, **options: Any) -> None:
        """Puts the arguments of these events into a queue."""
        loop = asyncio.get_running_loop()

        def put(*args: Any) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, args)

        self.on(event, put, **options)

    async def connect(self, url: str, **options: Any) -> None:
        await self.do("connect", url, transports=self.transports, **options)

    async def emit(self, *args: Any, **options: Any) -> None:
        await self.do("emit", *args, **options)

    async def call(self, *args: Any, **options: Any) -> Any:
        return await self.do("call", *args, **options)

    async def disconnect(self) -> None:
        await self.do("disconnect")

    async def do(self, method: str, *args: Any, **options: Any) -> Any:
        function = getattr(self.sio, method)
        if self.kind == "async":
            return await function(*args, **options)
        return await asyncio.to_thread(function, *args, **options)

    async def hears(self) -> tuple[Any, ...]:
        return await asyncio.wait_for(self.heard.get(), 30)


@asynccontextmanager
async def connected(
    server: ServerProcess, kind: str, transport: str, **options: Any
) -> AsyncIterator[Client]:
    client = Client(kind, transport)
    await client.connect(server.url, **options)
    try:
        yield client
    finally:
        await client.disconnect()


async def test_events_in_both_directions(
    kind: str, transport: str, socketio_server: ServerProcess
) -> None:
    async with connected(socketio_server, kind, transport) as client:
        tree = {"ü": [1, 2.5, None, True], "nested": {"list": [[], {}]}}
        await client.emit("echo", ("text", tree, 7))
        assert await client.hears() == ("echo", "text", tree, 7)


async def test_acknowledgements_in_both_directions(
    kind: str, transport: str, socketio_server: ServerProcess
) -> None:
    async with connected(socketio_server, kind, transport) as client:
        assert await client.call("reply", ("a", [1])) == ("a", [1])
        assert await client.call("quiet") is None

        client.on("question", lambda *args: ("answer to", *args))
        await client.emit("ask", ("why", 3))
        assert await client.hears() == ("answered", "answer to", "why", 3)


async def test_binary_in_both_directions(
    kind: str, transport: str, socketio_server: ServerProcess
) -> None:
    async with connected(socketio_server, kind, transport) as client:
        args = ({"a": [b"\x00\x01", {"b": b""}]}, bytes(range(256)), "end")
        await client.emit("echo", args)
        assert await client.hears() == ("echo", *args)
        assert await client.call("reply", args) == args


async def test_namespaces_share_a_connection(
    kind: str, transport: str, socketio_server: ServerProcess
) -> None:
    namespaces = ["/", "/chat", "/functions"]
    async with connected(socketio_server, kind, transport, namespaces=namespaces) as client:
        await client.emit("echo", "there", namespace="/chat")
        assert await client.hears() == ("chat echo", "there")
        assert await client.call("double", 21, namespace="/functions") == 42
        assert len(set(client.sio.namespaces.values())) == 3


async def test_auth_and_refusal(kind: str, transport: str, socketio_server: ServerProcess) -> None:
    auth = {"token": "t", "welcome": True}
    async with connected(socketio_server, kind, transport, auth=auth) as client:
        assert await client.hears() == ("welcome", auth)
    refused = Client(kind, transport)
    heard: Heard = asyncio.Queue()
    refused.put("connect_error", heard)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await refused.connect(socketio_server.url, auth={"refuse": True})
    assert await asyncio.wait_for(heard.get(), 30) == ({"message": "Not authorized"},)
    await refused.disconnect()


async def test_a_refused_and_an_accepted_namespace(
    kind: str, transport: str, socketio_server: ServerProcess
) -> None:
    client = Client(kind, transport)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(socketio_server.url, namespaces=["/", "/nowhere"])
    await client.disconnect()


async def test_disconnects_by_either_side(
    kind: str, transport: str, socketio_server: ServerProcess
) -> None:
    key = str(uuid.uuid4())
    async with connected(socketio_server, kind, transport, auth={"key": key}):
        pass
    seen = await asyncio.to_thread(disconnects, socketio_server, key)
    [[reason, *_]] = seen
    # On a WebSocket this client may close before it has sent its packets.
    left_first = reason == "engineio_websocket_disconnect" and transport != "polling"
    assert reason == "client_disconnect" or left_first

    client = Client(kind, transport)
    gone: Heard = asyncio.Queue()
    client.put("disconnect", gone)
    await client.connect(socketio_server.url)
    await client.emit("kick", True)
    assert await client.hears() == ("last words",)
    await asyncio.wait_for(gone.get(), 30)


async def test_a_handler_that_raises(
    kind: str, transport: str, socketio_server: ServerProcess
) -> None:
    async with connected(socketio_server, kind, transport) as client:
        assert await client.call("fail") == {"error": "Internal server error"}
        assert await client.call("reply", "alive") == "alive"


async def test_a_burst(kind: str, transport: str, socketio_server: ServerProcess) -> None:
    """On polling this client fails on a response with more than 16 packets."""
    async with connected(socketio_server, kind, transport) as client:
        await client.emit("burst", 300)
        heard = [await client.hears() for _ in range(300)]
        assert [number for _, number, *_ in heard] == list(range(300))
        for _, number, *parts in heard:
            assert parts == [bytes([number % 256, part]) for part in range(number % 7)]

        await client.emit("burst", (2, 40))  # units of 41 packets each
        for number in range(2):
            assert await client.hears() == (
                "burst",
                number,
                *(bytes([number, part]) for part in range(40)),
            )
        assert await client.call("reply", "alive") == "alive"


async def test_order_in_a_room(kind: str, transport: str, socketio_server: ServerProcess) -> None:
    room = str(uuid.uuid4())
    async with (
        connected(socketio_server, kind, transport) as speaker,
        connected(socketio_server, kind, transport) as listener,
    ):
        await listener.call("join", room)
        for number in range(60):
            extra = [bytes([number])] if number % 3 else []
            await speaker.emit("say", (room, number, *extra))
        for number in range(60):
            assert (await listener.hears())[:2] == ("said", number)
        await speaker.call("reply")
        assert speaker.heard.empty()


async def test_large_messages(kind: str, transport: str, socketio_server: ServerProcess) -> None:
    async with connected(socketio_server, kind, transport) as client:
        for message in ("x" * 999_900, bytes(740_000)):
            assert await client.call("reply", message) == message


async def test_an_acknowledgement_that_never_comes(
    kind: str, transport: str, socketio_server: ServerProcess
) -> None:
    async with connected(socketio_server, kind, transport) as client:
        with pytest.raises(socketio.exceptions.TimeoutError):
            await client.call("never answered", timeout=0.05)
        assert await client.call("reply", "alive") == "alive"


async def test_reconnecting(kind: str, transport: str, socketio_server: ServerProcess) -> None:
    """The connection is cut; the client reconnects."""
    client = Client(kind, transport, reconnection=True, reconnection_delay=0.02)
    back: Heard = asyncio.Queue()
    client.put("connect", back)
    gone: Heard = asyncio.Queue()
    client.put("disconnect", gone)
    async with cuttable(socketio_server.port) as proxy:
        await client.connect(proxy.url)
        await asyncio.wait_for(back.get(), 30)
        first = client.sio.get_sid()
        while gone.empty():  # on polling there may be no connection for a short time
            proxy.cut()
            await asyncio.sleep(0.01)
        await asyncio.wait_for(back.get(), 30)
        assert client.sio.get_sid() != first
        assert await client.call("reply", "again") == "again"
        await client.disconnect()
