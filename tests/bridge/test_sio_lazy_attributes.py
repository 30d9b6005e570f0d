"""What a client's objects make only when it is read."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio.engine import EngineIOSession
from sio.lazy_attribute import LazyAttribute, empty_dict
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


def test_threads_that_read_at_once_get_the_same_value() -> None:
    meeting = threading.Barrier(2)

    def make(owner: object) -> object:
        meeting.wait(10)  # both are here
        return object()

    class Owner:
        value = LazyAttribute[object]("made", make)

        def __init__(self) -> None:
            self.made: object | None = None

    owner = Owner()
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(owner.value)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(seen) == 2
    assert seen[0] is seen[1] is owner.made
    assert isinstance(Owner.value, LazyAttribute)
    owner.value = "set"
    assert owner.value == "set"
    assert empty_dict(owner) == {}


def test_a_scope_is_made_when_it_is_read_and_kept() -> None:
    made: list[dict[str, Any]] = []

    def make() -> dict[str, Any]:
        made.append({"type": "http", "headers": [], "query_string": b"transport=polling"})
        return made[-1]

    session = EngineIOSession(7, make)
    assert not session.is_routed
    assert session.sid == "7"
    assert made == []
    session.scope["mine"] = 1
    assert session.scope["mine"] == 1
    assert session.transport == "polling"
    assert len(made) == 1


async def test_a_client_s_handshake_is_read_only_if_the_application_reads_it() -> None:
    made: list[int] = []

    @sio.register
    class Consumer(sio.SocketIOConsumer):
        async def event_look(self, socket: Any, ack: Any = None) -> None:
            ack(socket.scope["path"], socket.handshake.url)

    def scope() -> dict[str, Any]:
        made.append(1)
        return {"type": "http", "path": "/socket.io/", "headers": [], "query_string": b"EIO=4"}

    world = World()
    world.dispatcher.session_opened(1000, scope)
    socket = world.ask(session=1000)
    await world.idle()
    assert ("accept_socket", socket) in world.core.calls
    assert made == []
    for number in (1, 2):
        world.send(socket, "look", ack_id=number)
    await world.idle()
    assert world.core.of("ack") == [
        ("ack", socket, number, ["/socket.io/", "/socket.io/?EIO=4"]) for number in (1, 2)
    ]
    assert made == [1]


@pytest.mark.parametrize("early", [False, True])
async def test_state_and_consumers_have_the_consumer_whenever_they_are_read(early: bool) -> None:
    class First(sio.SocketIOConsumer):
        namespace = "/two"

    class Second(sio.SocketIOConsumer):
        namespace = "/two"

    First.as_asgi()
    Second.as_asgi()
    world = World()
    socket = world.ask("/two")
    connected = world.dispatcher._connections[socket].socket
    if early:
        assert connected.consumers == {}
        connected.state["kept"] = 1
    await world.idle()
    assert isinstance(connected.consumer, First)
    assert connected.state == {"consumer": connected.consumer, **({"kept": 1} if early else {})}
    assert {kind: type(one) for kind, one in connected.consumers.items()} == {
        First: First,
        Second: Second,
    }
    assert connected.consumer_of(First) is connected.consumer
    assert connected.consumer_of(Second) is connected.consumers[Second]
    assert connected.consumer_of(World) is None
