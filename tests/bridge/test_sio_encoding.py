"""Values that can't be encoded raise in every kind of emit, with the path to the value."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import _sioserve
import pytest
import sio
import sio_fakes
from sio.dispatcher import Dispatcher
from sio.encoding import default
from sio.handover import ROUTED


async def application(scope: Any, receive: Any, send: Any) -> None: ...


class World:
    """A dispatcher on a native server that is not started; encoding works without a start."""

    def __init__(self) -> None:
        self.dispatcher = Dispatcher()
        self.core = _sioserve.Server(application, self.dispatcher, json_default=default)
        self.dispatcher.bind(self.core)
        self.server = sio.get_socketio_server()
        self.dispatcher.session_opened(1, {"type": "http", "headers": [], ROUTED: True})

    async def join(self, number: int, namespace: str = "/") -> Any:
        self.dispatcher.connect(number, 1, f"id{number}", namespace, {})
        await self.idle()
        return self.dispatcher._connections[number].socket

    async def idle(self) -> None:
        while tasks := self.dispatcher._running():
            await asyncio.wait(tasks, timeout=5)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("sio.socketio.server._server", None)
    return World()


BAD = {"items": [1, {"price": object()}]}
PATH = r"object is not JSON serializable at \$\[2\]\.items\[1\]\.price"

KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "emit": lambda server, socket: socket.emit("e", 1, BAD),
    "emit with a callback": lambda server, socket: socket.emit("e", 1, BAD, callback=print),
    "emit_with_ack": lambda server, socket: socket.emit_with_ack("e", 1, BAD),
    "send": lambda server, socket: socket.send(1, BAD),
    "volatile": lambda server, socket: socket.volatile.emit("e", 1, BAD),
    "timeout": lambda server, socket: socket.timeout(1).emit_with_ack("e", 1, BAD),
    "broadcast": lambda server, socket: socket.broadcast.emit("e", 1, BAD),
    "to, from a socket": lambda server, socket: socket.to("r").emit("e", 1, BAD),
    "server": lambda server, socket: server.emit("e", 1, BAD),
    "server, room": lambda server, socket: server.emit("e", 1, BAD, room="r"),
    "server, send": lambda server, socket: server.send(1, BAD),
    "server, nobody's namespace": lambda server, socket: server.emit("e", 1, BAD, namespace="/x"),
    "server, answers": lambda server, socket: server.emit_with_ack("e", 1, BAD),
    "namespace": lambda server, socket: server.of("/").emit("e", 1, BAD),
    "chain": lambda server, socket: server.to("r").except_("q").volatile.emit("e", 1, BAD),
    "chain, answers": lambda server, socket: server.to(socket.id).emit_with_ack("e", 1, BAD),
    "chain, nobody's answers": lambda server, socket: server.to("r").emit_with_ack("e", 1, BAD),
    "server side": lambda server, socket: server.server_side_emit("e", 1, BAD),
    "server side, answers": lambda server, socket: server.server_side_emit_with_ack("e", 1, BAD),
    "dynamic namespaces": lambda server, socket: server.of(re.compile("/d")).emit("e", 1, BAD),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unencodable_argument_raises_at_the_call(kind: str, world: World) -> None:
    socket = await world.join(1)
    with pytest.raises(TypeError, match=PATH):
        KINDS[kind](world.server, socket)
    assert not socket._callbacks
    assert not socket._answers


async def test_a_function_among_the_arguments_raises_with_a_hint(world: World) -> None:
    socket = await world.join(1)

    def answered(answer: Any) -> None: ...

    with pytest.raises(
        TypeError, match=r"emit\(\.\.\., callback=answered\) has it called .* at \$\[2\]"
    ):
        socket.emit("e", 1, answered)


async def test_an_acknowledgement_raises_in_the_handler(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    raised: list[str] = []

    @world.server.of("/").on("ask")
    async def ask(socket: Any, args: Any, ack: Any) -> None:
        try:
            await ack("fine", BAD)
        except TypeError as error:
            raised.append(str(error))
            await ack("second try")

    await world.join(1)
    world.dispatcher.event(1, ["ask"], 7)
    await world.idle()
    assert len(raised) == 1
    assert raised[0].endswith("at $[1].items[1].price")
    assert not caplog.text  # nothing was acknowledged twice


async def test_an_unencodable_acknowledgement_is_logged_with_its_path(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class Consumer(sio.SocketIOConsumer):
        async def event_ask(self, socket: Any, ack: Any) -> None:
            await ack(BAD)

    world.server.of("/").use_consumer(Consumer)
    await world.join(1)
    world.dispatcher.event(1, ["ask"], 7)
    await world.idle()
    assert "at $[0].items[1].price" in caplog.text


async def test_data_of_a_refusal_is_logged_and_the_client_refused(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    @world.server.of("/").on_connect
    async def connect(socket: Any, auth: Any) -> bool:
        raise sio.ConnectionRefused("no", BAD)

    world.dispatcher.connect(1, 1, "id1", "/", {})
    await world.idle()
    assert "at $.data.items[1].price" in caplog.text
    assert world.dispatcher._connections == {}


async def test_data_of_an_event_refusal_is_logged_and_answered_as_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)
    world = sio_fakes.World()

    @world.server.of("/").on("e")
    async def refuse(socket: Any, args: Any, ack: Any) -> None:
        raise sio.EventRefused("no", BAD)

    number = await world.join()
    world.send(number, "e", ack_id=7)
    world.send(number, "unknown", 1, ack_id=8)
    await world.idle()
    assert "not JSON serializable" in caplog.text
    assert world.core.of("ack") == [
        ("ack", number, 7, [{"error": "Internal server error"}]),
        ("ack", number, 8, [1]),
    ]
    assert world.core.events_done_of(number) == 2


async def test_the_hook_is_called_for_every_kind_of_emit(world: World) -> None:
    class Money:
        pass

    seen: list[Any] = []

    def hook(value: Any) -> Any:
        seen.append(value)
        return {"amount": b"attachments are fine"}

    world.server.json_default = hook
    socket = await world.join(1)
    socket.emit("e", Money())
    world.server.to("r").emit("e", [Money()])
    socket.emit_with_ack("e", {"deep": Money()})
    assert [type(value) for value in seen] == [Money, Money, Money]


async def test_a_broadcast_is_encoded_once(world: World) -> None:
    seen: list[Any] = []

    def hook(value: Any) -> Any:
        seen.append(value)
        return "x"

    world.server.json_default = hook
    for number in range(1, 51):
        socket = await world.join(number)
        socket.join("r")
    world.server.to("r").emit("e", object())
    assert len(seen) == 1
