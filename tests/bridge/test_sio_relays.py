"""Declaring native relays in Python; other files test the forwarding."""

from __future__ import annotations

from typing import Any

import pytest
import sio
import sio.socketio.server
from sio import Rooms, SocketIOConsumer
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


class Board(SocketIOConsumer):
    namespace = "/board"
    cursor = sio.relay("cursor_move", volatile=True, max_bytes=512, rate=60)
    chat = sio.relay("say", to=["lobby", 7], include_sender=True)

    async def event_save(self, socket: Any) -> None: ...


CURSOR = ("cursor_move", "own", (), True, False, 512, 60)
SAY = ("say", "rooms", ("lobby", "7"), False, True, 0, 0)


async def accepted_with(world: World, namespace: str = "/board", **options: Any) -> Any:
    """The relays with which the native server accepts a client; None: without relays."""
    session = world.open_session(**options)
    number = world.ask(namespace, session=session)
    await world.idle()
    [call] = [call for call in world.core.of("accept_socket") if call[1] == number]
    return sorted(call[2]) if len(call) > 2 else None


async def test_an_accepted_client_has_the_relays_of_its_consumer() -> None:
    sio.register(Board)
    world = World()
    assert await accepted_with(world) == [CURSOR, SAY]
    assert await accepted_with(world) == [CURSOR, SAY]
    assert len(world.core.of("make_relays")) == 1, "made once"
    assert await accepted_with(world, "/") is None


async def test_relays_are_inherited_changed_and_removed() -> None:
    class Base(Board):
        namespace = "/derived"
        cursor = sio.relay("cursor_move", to=Rooms.NAMESPACE)
        chat = None

    @sio.register
    class Derived(Base):
        ping = sio.relay("wave", to="lobby")

    relays = await accepted_with(World(), "/derived")
    assert relays == [
        ("cursor_move", "namespace", (), False, False, 0, 0),
        ("wave", "rooms", ("lobby",), False, False, 0, 0),
    ]


async def test_native_clients_have_no_relays_of_consumers_behind_middleware() -> None:
    class Open(SocketIOConsumer):
        namespace = "/board"
        wave = sio.relay("wave")

    Board.as_asgi()
    sio.register(Open)
    world = World()
    wave = ("wave", "own", (), False, False, 0, 0)
    assert await accepted_with(world) == [wave]
    assert await accepted_with(world, routed=True) == [CURSOR, SAY, wave]


async def test_functions_and_namespaces_relay_too() -> None:
    sio.relay_on("move", "/functions", to=Rooms.NAMESPACE, rate=5)
    sio.get_socketio_server().of("/functions").relay("wave")
    assert "/functions" in sio.registry.native_namespaces()
    world = World()
    both = [
        ("move", "namespace", (), False, False, 0, 5),
        ("wave", "own", (), False, False, 0, 0),
    ]
    assert await accepted_with(world, "/functions") == both
    sio.relay_on("later", "/functions")
    assert len(await accepted_with(world, "/functions")) == 3


async def test_an_event_is_relayed_or_handled() -> None:
    class Both(SocketIOConsumer):
        namespace = "/both"
        say = sio.relay("message")

        async def event_message(self, socket: Any) -> None: ...

    with pytest.raises(ValueError, match=r"Both relays the event 'message' natively and handles"):
        sio.register(Both)
    sio.register(Board)
    with pytest.raises(ValueError, match="'cursor_move' in namespace '/board' is relayed natively"):
        sio.on("cursor_move", "/board")(lambda socket: None)
    with pytest.raises(ValueError, match=r"'cursor_move'.*is relayed natively"):
        sio.get_socketio_server().of("/board").on("cursor_move")(lambda *args: None)
    with pytest.raises(ValueError, match=r"'save'.*can't be relayed: it is handled by"):
        sio.relay_on("save", "/board")
    world = World()
    number = world.ask("/board")
    await world.idle()
    socket = world.dispatcher._connections[number].socket
    with pytest.raises(ValueError, match=r"'cursor_move'.*is relayed natively"):
        socket.on("cursor_move", lambda: None)


async def test_two_relays_of_one_event_must_agree() -> None:
    class Twice(SocketIOConsumer):
        a = sio.relay("x")
        b = sio.relay("x", rate=5)

    with pytest.raises(ValueError, match="Twice relays the event 'x' twice: a and b"):
        sio.register(Twice)
    sio.relay_on("x")
    sio.relay_on("x")
    with pytest.raises(ValueError, match=r"'x'.*in another way already"):
        sio.relay_on("x", rate=5)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"event": "connect"}, ValueError),
        ({"event": 5}, TypeError),
        ({"to": []}, ValueError),
        ({"to": [None]}, TypeError),
        ({"rate": 0}, ValueError),
        ({"rate": 1.5}, TypeError),
        ({"max_bytes": -1}, ValueError),
        ({"max_bytes": True}, TypeError),
    ],
)
def test_an_invalid_relay_is_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        sio.relay(**{"event": "x", **arguments})
