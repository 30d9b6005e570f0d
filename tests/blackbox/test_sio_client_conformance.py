"""sio_client shows a test the same behaviour as python-socketio's client with a running server.

Each test runs twice with the same consumer: without a network, and over a WebSocket.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sio
from sioserve.options import Options, TcpEndpoint
from sioserve.service import Service
from sioserve.testing import SioTestServer
from sioserve.testing.registrations import Registrations
from socketio.packet import DISCONNECT, Packet

import socketio

PATIENCE = 30.0


class Rooms(sio.SocketIOConsumer):
    namespace = "/rooms"

    async def connect(self, socket: Any, auth: Any) -> bool:
        if "refuse" in auth:
            raise sio.ConnectionRefused("refused", {"why": (auth["refuse"], Decimal("0.10"))})
        await socket.join("everyone")
        socket.emit("welcome", auth)
        return auth != {"falsy": True}

    async def event_echo(self, socket: Any, *args: Any, ack: Any = None) -> None:
        socket.emit("echo", *args)
        if ack:
            await ack(*args)

    async def event_none(self, socket: Any) -> None:
        pass

    async def event_fail(self, socket: Any) -> None:
        raise LookupError

    async def event_refuse(self, socket: Any) -> None:
        raise sio.EventRefused("not today", [1])

    async def event_join(self, socket: Any, room: Any) -> None:
        socket.join(room)

    async def event_leave(self, socket: Any, room: Any) -> None:
        socket.leave(room)

    async def event_others(self, socket: Any, room: Any, *args: Any) -> None:
        socket.to(room).emit("room", *args)

    async def event_all(self, socket: Any, *rooms: Any) -> None:
        socket.server.of("/rooms").to(rooms).except_("muted").emit("all", len(rooms))

    async def event_values(self, socket: Any) -> None:
        values = [(1, 2), {"b": b"\x00\xff"}, Decimal("1.50"), date(2024, 2, 29), 2**53, "ü\u2028"]
        socket.emit("values", *values)

    async def event_unencodable(self, socket: Any, ack: Any = None) -> None:
        try:
            socket.emit("x", {"a": [1, object()]})
        except TypeError as error:
            await ack(str(error))

    async def event_ask(self, socket: Any, ack: Any = None) -> None:
        await ack(await socket.timeout(PATIENCE).emit_with_ack("question", 6, b"7"))

    async def event_kick(self, socket: Any) -> None:
        socket.emit("bye")
        socket.disconnect()

    async def disconnect(self, socket: Any, reason: str) -> None:
        gone = (reason, socket.reference_reason, sorted(socket.rooms))
        socket.server.of("/rooms").emit("gone", *gone)


class OverWebSocket:
    """python-socketio's client with the methods of SioTestClient that are compared."""

    def __init__(self, url: str, namespace: str, auth: Any) -> None:
        self._url, self._namespace, self._auth = url, namespace, auth
        self._client = socketio.AsyncClient(reconnection=False)
        self._events: list[tuple[Any, ...]] = []
        self._refusal: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._changed = asyncio.Condition()
        self._client.on("*", self._hear, namespace=namespace)
        self._client.on("connect_error", self._refused, namespace=namespace)

    async def _hear(self, *event: Any) -> None:
        async with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    async def _refused(self, data: Any) -> None:
        self._refusal.set_result(data)

    async def __aenter__(self) -> OverWebSocket:
        connect = asyncio.ensure_future(
            self._client.connect(
                self._url,
                transports=["websocket"],
                namespaces=[self._namespace],
                auth=self._auth,
                wait_timeout=PATIENCE,
            )
        )
        await asyncio.wait({connect, self._refusal}, return_when=asyncio.FIRST_COMPLETED)
        if self._refusal.done():
            connect.cancel()
            await asyncio.gather(connect, return_exceptions=True)
            data = self._refusal.result()
            raise sio.ConnectionRefused(data["message"], data.get("data"))
        await connect
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.disconnect()

    @property
    def id(self) -> str:
        return str(self._client.get_sid(self._namespace))

    @property
    def connected(self) -> bool:
        return self._namespace in self._client.namespaces

    async def emit(self, event: str, *args: Any) -> None:
        await self._client.emit(event, args, namespace=self._namespace)

    async def call(self, event: str, *args: Any) -> Any:
        answer = await self._client.call(event, args, namespace=self._namespace, timeout=PATIENCE)
        return list(answer) if isinstance(answer, tuple) else answer

    async def receive(self, event: str) -> Any:
        async with self._changed:
            while not (found := [item for item in self._events if item[0] == event]):
                await asyncio.wait_for(self._changed.wait(), PATIENCE)
            self._events.remove(found[0])
        args = found[0][1:]
        return None if not args else args[0] if len(args) == 1 else list(args)

    def on(self, event: str, answer: Callable[..., Any]) -> None:
        async def answering(*args: Any) -> Any:
            return answer(*args)

        self._client.on(event, answering, namespace=self._namespace)

    async def disconnect(self) -> None:
        # Its own disconnect() closes the WebSocket before the packet is sent.
        await self._client._send_packet(Packet(DISCONNECT, namespace=self._namespace))


Connect = Callable[..., Any]


@pytest.fixture(params=["loopback", "websocket"])
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    """connect(auth=None, namespace="/rooms"): a client, as a context manager."""
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "loopback":
            server = await stack.enter_async_context(
                SioTestServer(Rooms, raise_handler_errors=False)
            )

            def client(auth: Any = None, namespace: str = "/rooms") -> Any:
                return server.client(namespace, auth=auth, timeout=PATIENCE)

            yield client
            return
        registrations = Registrations(sio.get_socketio_server())
        stack.callback(registrations.restore)
        registrations.clear()
        sio.register(Rooms)
        service = Service(None, Options((TcpEndpoint(port=0),), lifespan="off"))
        await service.start()
        try:
            yield lambda auth=None, namespace="/rooms": OverWebSocket(
                service.addresses[0], namespace, auth
            )
        finally:
            service.stop()
            await service.wait()


async def test_connecting(connect: Connect) -> None:
    async with connect({"a": [1]}) as ann, connect() as bob:
        assert await ann.receive("welcome") == {"a": [1]}
        assert await bob.receive("welcome") == {}
        assert ann.connected
        assert len(ann.id) == 20
        assert ann.id != bob.id


async def test_refusals(connect: Connect) -> None:
    for auth, namespace, message, data in (
        ({"refuse": "x"}, "/rooms", "refused", {"why": ["x", "0.10"]}),
        ({"falsy": True}, "/rooms", "Not authorized", None),
        ({}, "/unknown", "Invalid namespace", None),
    ):
        with pytest.raises(sio.ConnectionRefused) as caught:
            async with connect(auth, namespace):
                pass
        assert (caught.value.message, caught.value.data) == (message, data)


async def test_acknowledgements(connect: Connect) -> None:
    async with connect() as c:
        assert await c.call("echo", 1) == 1
        assert await c.call("echo", {"b": [b"\x01", {"c": b""}]}, None) == [
            {"b": [b"\x01", {"c": b""}]},
            None,
        ]
        assert await c.receive("echo") == 1
        assert await c.call("none") is None
        assert await c.call("no such event", 1, "two") == [1, "two"]
        assert await c.call("fail") == {"error": "Internal server error"}
        assert await c.call("refuse") == {"error": "not today", "data": [1]}
        assert await c.call("unencodable") == (
            "Object of type object is not JSON serializable at $[1].a[1]"
        )


async def test_values(connect: Connect) -> None:
    async with connect() as c:
        await c.emit("values")
        expected = [[1, 2], {"b": b"\x00\xff"}, "1.50", "2024-02-29", 2**53, "ü\u2028"]
        assert await c.receive("values") == expected


async def test_rooms(connect: Connect) -> None:
    async with connect() as ann, connect() as bob, connect() as eve:
        await ann.call("join", 1)
        await bob.call("join", "1")
        await eve.call("join", "muted")
        await ann.call("others", "1", "for bob")
        await ann.call("all", "1", "everyone")
        await ann.call("leave", 1)
        await bob.call("all", 1)
        assert await bob.receive("room") == "for bob"
        assert [await bob.receive("all"), await bob.receive("all")] == [2, 1]
        assert await ann.receive("all") == 2
        # No other event has arrived: it would have come before this one.
        for client in (ann, bob, eve):
            await client.call("echo", "end")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(eve.receive("all"), 0.05)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ann.receive("all"), 0.05)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [(lambda a, b: [a, b], [6, b"7"]), (lambda a, b: (a, b), [6, b"7"]), (lambda a, b: None, None)],
    ids=["one argument", "two arguments", "no argument"],
)
async def test_acknowledging_the_server(connect: Connect, answer: Any, seen: Any) -> None:
    async with connect() as c:
        c.on("question", answer)
        assert await c.call("ask") == seen


async def test_disconnects(connect: Connect) -> None:
    async with connect() as ann:
        async with connect() as bob:
            await bob.call("join", "room")
            await bob.disconnect()
            reasons = ["client_disconnect", "client namespace disconnect", ["everyone", "room"]]
            assert await ann.receive("gone") == reasons
        async with connect() as kicked:
            await kicked.emit("kick")
            assert await kicked.receive("bye") is None
            assert (await ann.receive("gone"))[1] == "server namespace disconnect"
            await asyncio.wait_for(ended(kicked), PATIENCE)


async def ended(client: Any) -> None:
    while client.connected:
        await asyncio.sleep(0.01)
