"""What users of Node know and no other test has (docs/migrating-from-node.md)."""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
import re
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio import registry
from sio.handshake import Handshake
from sio_fakes import World
from sioserve.options.table import OPTIONS
from sioserve.testing import sio_client


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


class Consumer(sio.SocketIOConsumer):
    async def event_b(self, socket: Any) -> None: ...

    @sio.event("a name")
    async def other(self, socket: Any) -> None: ...

    moved = sio.relay("moved")


async def test_event_names() -> None:
    Consumer.as_asgi()
    world = World()
    number = world.ask()
    await world.idle()
    socket = world.dispatcher._connections[number].socket
    assert sorted(world.server.of("/").event_names()) == ["a name", "b", "moved"]
    assert socket.event_names() == []
    socket.on("x", print)
    socket.once("y", print)
    socket.off("x", print)
    assert socket.event_names() == ["y"]


# --- a broadcast's callback ---


async def broadcast_with_callback(world: World, **options: Any) -> asyncio.Future[Any]:
    """Its future gets what the callback gets."""
    called: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def callback(error: Any, answers: list[Any]) -> None:
        called.set_result((error, sorted(answers)))

    target = world.server.to("r")
    if options:
        target = target.timeout(**options)
    # From another thread, as everything that emits.
    await asyncio.to_thread(lambda: target.emit("vote", 1, callback=callback))
    return called


async def members(world: World, count: int) -> list[int]:
    numbers = [await world.join() for _ in range(count)]
    for number in numbers:
        world.dispatcher._connections[number].socket.join("r")
    world.core.calls.clear()
    return numbers


async def test_a_broadcast_calls_back_with_all_answers() -> None:
    world = World()
    await members(world, 3)
    called = await broadcast_with_callback(world)
    for place, (_, number, args, callback_id, *_) in enumerate(world.core.of("emit")):
        assert args == ["vote", 1]
        world.dispatcher.acknowledged(number, callback_id, [place])
    assert await asyncio.wait_for(called, 10) == (None, [0, 1, 2])


async def test_a_broadcast_calls_back_when_answers_are_missing() -> None:
    world = World()
    await members(world, 2)
    called = await broadcast_with_callback(world, seconds=0.05)
    _, number, _, callback_id, *_ = world.core.of("emit")[0]
    world.dispatcher.acknowledged(number, callback_id, ["here"])
    error, answers = await asyncio.wait_for(called, 10)
    assert isinstance(error, sio.AckTimeout)
    assert answers == error.responses == ["here"]


async def test_a_callback_of_a_broadcast_that_fails_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    done = asyncio.Event()

    def callback(error: Any, answers: list[Any]) -> None:
        done.set()
        raise ValueError("on purpose")

    world.server.emit("nobody is there", callback=callback)
    await asyncio.wait_for(done.wait(), 10)
    await asyncio.sleep(0)
    assert "on purpose" in caplog.text


# --- middleware of a socket that changes events ---


async def test_middleware_may_change_an_event() -> None:
    seen: list[Any] = []

    class Changing(sio.SocketIOConsumer):
        async def connect(self, socket: Any, auth: Any) -> bool:
            @socket.use
            def no_change(event: str, *args: Any) -> Any:
                return [event, "ignored"]

            @socket.use
            async def upper(event: str, *args: Any) -> sio.ChangedEvent | None:
                if event == "shout":
                    return sio.ChangedEvent("say", *(str(arg).upper() for arg in args))
                return None

            @socket.use
            def seen_by_the_next(event: str, *args: Any) -> None:
                seen.append(("middleware", event, *args))

            return True

        async def event_say(self, socket: Any, *args: Any) -> None:
            seen.append(("handler", *args))

    async with sio_client(Changing) as client:
        assert await client.call("shout", "a", "b") is None
        assert await client.call("say", "a") is None
    assert seen == [
        ("middleware", "say", "A", "B"),
        ("handler", "A", "B"),
        ("middleware", "say", "a"),
        ("handler", "a"),
    ]


async def test_the_client_s_event_decides_whether_later_events_wait_for_a_changed_event() -> None:
    seen: list[str] = []
    release = asyncio.Event()

    class Changing(sio.SocketIOConsumer):
        async def connect(self, socket: Any, auth: Any) -> bool:
            @socket.use
            def change(event: str, *args: Any) -> sio.ChangedEvent | None:
                other = {"old name": "concurrent", "concurrent": "in turn"}.get(event)
                return other and sio.ChangedEvent(other)

            return True

        @sio.concurrent
        async def event_concurrent(self, socket: Any) -> None:
            await release.wait()
            seen.append("concurrent")

        @sio.event("in turn")
        async def in_turn(self, socket: Any) -> None:
            await release.wait()
            seen.append("in turn")

        async def event_next(self, socket: Any) -> None:
            seen.append("next")

    Changing.as_asgi()
    world = World()
    socket = await world.join()
    world.send(socket, "concurrent")
    world.send(socket, "next")
    await world.core.until(lambda: world.core.events_done_of(socket) == 1)
    assert seen == ["next"]
    world.send(socket, "old name")
    world.send(socket, "next")
    release.set()
    await world.idle()
    assert sorted(seen[1:]) == ["concurrent", "in turn", "next"]
    assert seen.index("concurrent") < seen.index("next", 1), "it has waited"


async def test_a_changed_event_is_not_relayed() -> None:
    class Accepting(Consumer):
        async def connect(self, socket: Any, auth: Any) -> bool:
            return True

    Accepting.as_asgi()
    world = World()
    number = world.ask()
    await world.idle()
    socket = world.dispatcher._connections[number].socket
    socket.use(lambda event, *args: sio.ChangedEvent("moved", *args))
    calls = len(world.core.calls)
    world.send(number, "b", 1, ack_id=7)
    await world.idle()
    assert world.core.of("ack") == [("ack", number, 7, [1])]
    assert not [call for call in world.core.calls[calls:] if call[0] in ("broadcast", "emit")]


@pytest.mark.parametrize("name", ["disconnect", 7])
def test_an_event_can_not_be_changed_to_what_no_client_sends(name: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        sio.ChangedEvent(name)


# --- disconnects ---


@pytest.mark.parametrize(
    ("reason", "reference", "description"),
    [
        ("engineio_timeout", "ping timeout", "no pong arrived in time"),
        ("engineio_bad_packet", "parse error", "the client sent an invalid Engine.IO packet"),
        (
            "engineio_bad_packet",
            "forced server close",
            "the client sent a second CONNECT, or a CONNECT_ERROR",
        ),
        (
            "engineio_websocket_disconnect",
            "transport close",
            "the WebSocket was closed, or its connection was lost",
        ),
        (
            "engineio_websocket_disconnect",
            "transport error",
            "the client broke the WebSocket protocol",
        ),
        ("new reason", "", "new reason"),
    ],
)
async def test_a_disconnect_has_a_description(
    reason: str, reference: str, description: str
) -> None:
    seen: list[Any] = []

    class Leaving(sio.SocketIOConsumer):
        async def disconnect(self, socket: Any, reason: str) -> None:
            seen.append(socket.disconnect_description)

    Leaving.as_asgi()
    world = World()
    number = await world.join()
    assert world.dispatcher._connections[number].socket.disconnect_description is None
    world.dispatcher.disconnect(number, reason, reference)
    await world.idle()
    assert seen == [description]


# --- close() ---


async def test_close_stops_the_server() -> None:
    stopped: list[bool] = []
    server = sio.get_socketio_server()
    await server.close()  # none runs
    world = World()
    world.server.stop_server = lambda: stopped.append(True)
    await world.server.close()
    assert stopped == [True]
    world.server.detach(world.core)  # type: ignore[arg-type]
    await world.server.close()
    assert stopped == [True]


# --- the guide ---

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "migrating-from-node.md"


def test_the_code_of_the_guide_is_python() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), {})
    assert registry.native_namespaces() == ["/chat", "/status"]


def cells() -> list[tuple[str, str]]:
    """The rows of the guide's tables: what Node has, and what sioserve has."""
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", GUIDE.read_text(), re.MULTILINE)
    return [row for row in rows if row[0] != "Node"]


# Attributes that instances have.
SOCKET_ATTRIBUTES = (
    "id",
    "scope",
    "data",
    "recovered",
    "reference_reason",
    "disconnect_description",
)


def test_what_the_guide_names_exists() -> None:
    ours = " ".join(second for _, second in cells()).replace("`sio.engineio`", "the logger")
    server, socket = sio.SocketIOServer(), sio.NamespaceSocket
    for owner, name in re.findall(r"\b(server|socket|sio)\.([a-z_]\w*)", ours):
        found = {"server": server, "socket": socket, "sio": sio}[owner]
        found_in_slots = owner == "socket" and name in SOCKET_ATTRIBUTES
        assert found_in_slots or hasattr(found, name), f"{owner}.{name}"
    options = {f"--{option.name}" for option in OPTIONS}
    for name in re.findall(r"--[a-z0-9-]+", ours):
        assert name.replace("--no-", "--") in options, name


# As the first column of a table has them, each in one row.
NODE = """
    io.engine.on("initial_headers",
    io.engine.on("headers",
    io.engine.on("connection_error",
    io.engine.on("connection")
    io.engine.generateId
    io.engine.use(middleware)
    io.engine.clientsCount
    serveClient:
    cleanupEmptyChildNamespaces:
    cors.origin` with strings
    cors.origin` with a regular expression
    cors.origin` with a function
    httpCompression`, `perMessageDeflate
    perMessageDeflate` with `level`, `windowBits`, `contextTakeover
    socket.conn.on("packet")`, `on("packetCreate")
    socket.use(
    socket.on("error")
    socket.on("disconnect", (reason, description)
    socket.handshake
    io.eventNames()`, `namespace.eventNames()
    socket.eventNames()
    io.emit()
    io.timeout(5000).emit("vote",
    io.close()
    io.adapter()
    allowRequest
    express.static(
"""


@pytest.mark.parametrize("name", [line.strip() for line in NODE.strip().splitlines()])
def test_the_guide_has_what_people_look_for(name: str) -> None:
    assert (
        len([theirs for theirs, _ in cells() if f"`{name}" in theirs or f" {name}" in theirs]) == 1
    )


def test_the_guide_has_the_members_of_a_handshake() -> None:
    """`cors.origin` needs `xdomain` to tell pages of other origins."""
    ((_, ours),) = [row for row in cells() if row[0] == "`socket.handshake`"]
    assert set(re.findall(r"`(\w+)`", ours)) >= {
        field.name for field in dataclasses.fields(Handshake)
    }
