"""Sessions that move between Python processes, without a server."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio.dispatcher import Dispatcher
from sio.processes import Processes
from sio.session_state import described_socket
from sio_fakes import World


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


def world_of_a_process() -> World:
    world = World()
    world.server.detach(world.core)
    world.dispatcher = Dispatcher(processes=Processes(repr))
    world.dispatcher.bind(world.core)  # type: ignore[arg-type]
    return world


def register(namespace: str = "/chat", **methods: Any) -> None:
    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        socket.data["auth"] = auth
        return True

    async def resume(self: Any, socket: Any, why: str) -> None: ...

    body = {"namespace": namespace, "connect": connect, "resume": resume, **methods}
    sio.register(type("Consumer", (sio.SocketIOConsumer,), body))


async def move(world: World, session: int) -> list[str]:
    """What the process answers, when it is asked to let the session go."""
    world.dispatcher.move_session(session, "reload")
    await world.core.until(lambda: world.core.of("let_session_go", "give_up_session"))
    return [call[0] for call in world.core.of("let_session_go", "give_up_session")]


def assert_empty(world: World) -> None:
    dispatcher = world.dispatcher
    assert not dispatcher._sessions
    assert not dispatcher._connections
    assert not dispatcher._asking
    assert dispatcher._moves is not None
    assert not dispatcher._moves._kept
    assert world.server.local_clients_count == 0
    for namespace in ("/chat", "/other"):
        found = world.server.find(namespace)
        assert found is None or not found.has_sockets


async def test_nothing_is_left_of_a_session_that_has_moved() -> None:
    register()
    register("/other")
    world = world_of_a_process()
    session = world.open_session()
    for namespace in ("/chat", "/other"):
        world.ask(namespace, session=session)
    await world.idle()
    assert await move(world, session) == ["let_session_go"]
    assert_empty(world)


async def test_data_that_contains_itself_does_not_keep_the_client_from_connecting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        socket.data["self"] = socket.data
        return True

    register(connect=connect)
    world = world_of_a_process()
    session = world.open_session()
    socket = world.ask("/chat", session=session)
    await world.idle()
    assert ("accept_socket", socket) in world.core.calls
    assert "socket.data" in caplog.text
    assert await move(world, session) == ["give_up_session"]


async def test_an_exception_on_the_way_out_gives_the_session_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    register()
    world = world_of_a_process()
    session = world.open_session()
    world.ask("/chat", session=session)
    await world.idle()

    async def fail(*args: Any) -> bool:
        raise RuntimeError("unexpected")

    monkeypatch.setattr(world.dispatcher._moves, "let_go", fail)
    assert await move(world, session) == ["give_up_session"]
    assert "unexpected" in caplog.text


async def test_an_exception_on_the_way_in_gives_the_session_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    register()
    world = world_of_a_process()
    for number, state in ((1, "not JSON"), (2, "{}")):
        world.dispatcher.session_moved(number, "reload", state, [(number + 10, "{}")])
        assert world.core.calls[-1] == ("give_up_session", number)
        world.dispatcher.disconnect(number + 10, "server_disconnect", "forced close")
        world.dispatcher.session_closed(number, None)
    assert caplog.text.count("can't be resumed") == 2
    assert_empty(world)


async def test_a_socket_that_fails_gives_up_its_session(caplog: pytest.LogCaptureFixture) -> None:
    register()
    world = world_of_a_process()
    session = world.open_session()
    world.ask("/chat", session=session)
    await world.idle()
    (state,) = [call[2] for call in world.core.of("keep_session")]
    (socket_state,) = [call[2] for call in world.core.of("keep_socket")]
    await move(world, session)
    world.dispatcher.session_moved(5, "crash", state, [(6, socket_state), (7, "{}")])
    assert ("give_up_session", 5) in world.core.calls
    await world.idle()
    for socket in (6, 7):
        world.dispatcher.disconnect(socket, "server_disconnect", "forced close")
    world.dispatcher.session_closed(5, None)
    await world.idle()
    assert_empty(world)


async def test_only_its_own_dynamic_namespaces_delay_a_session() -> None:
    register()
    world = world_of_a_process()
    forever = asyncio.Event()

    async def decide(name: str, auth: Any) -> bool:
        await forever.wait()
        return True

    world.server.of(decide)
    waiting, moving = world.open_session(), world.open_session()
    world.ask("/slow", session=waiting)
    world.ask("/chat", session=moving)
    await world.core.until(lambda: world.core.of("accept_socket"))
    assert await move(world, moving) == ["let_session_go"]
    forever.set()
    await world.idle()


async def test_a_namespace_that_the_new_code_does_not_have(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    register()
    world = world_of_a_process()
    session = world.open_session()
    world.ask("/chat", session=session)
    await world.idle()
    state, socket_state = (call[2] for call in world.core.of("keep_session", "keep_socket"))
    await move(world, session)
    gone = socket_state.replace("/chat", "/gone")
    world.dispatcher.session_moved(5, "reload", state, [(6, socket_state), (7, gone)])
    assert ("give_up_session", 5) in world.core.calls
    assert "/gone is disconnected" in caplog.text
    await world.idle()


async def test_the_state_of_a_client_that_is_away_is_kept() -> None:
    async def disconnect(self: Any, socket: Any, reason: str) -> None:
        socket.data["left"] = True

    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        return True

    body = {"namespace": "/chat", "connect": connect, "disconnect": disconnect}
    sio.register(type("Consumer", (sio.SocketIOConsumer,), body))  # without resume
    world = world_of_a_process()
    socket = world.ask("/chat")
    await world.idle()
    assert not world.core.of("keep_socket")
    world.dispatcher.disconnect(socket, "engineio_ping_timeout", "ping timeout", True)
    await world.core.until(lambda: world.core.of("keep_socket"))
    world.dispatcher.keep_away(socket)
    await world.core.until(lambda: len(world.core.of("keep_socket")) == 2)
    for _, number, state in world.core.of("keep_socket"):
        assert number == socket
        assert described_socket(state)["data"] == {"left": True}
    world.dispatcher.forgotten(socket)


async def test_a_process_that_does_not_know_a_client_says_so() -> None:
    world = world_of_a_process()
    world.dispatcher.keep_away(99)
    await world.core.until(lambda: world.core.of("keep_socket"))
    assert world.core.of("keep_socket") == [("keep_socket", 99, "")]


async def test_data_that_is_not_json_stays_in_its_process(caplog: pytest.LogCaptureFixture) -> None:
    async def connect(self: Any, socket: Any, auth: Any) -> bool:
        socket.data["bad"] = object()
        return True

    sio.register(
        type("Consumer", (sio.SocketIOConsumer,), {"namespace": "/chat", "connect": connect})
    )
    world = world_of_a_process()
    for _ in range(2):
        socket = world.ask("/chat")
        await world.idle()
        world.dispatcher.disconnect(socket, "engineio_ping_timeout", "ping timeout", True)
        await world.core.until(lambda s=socket: ("keep_socket", s, "") in world.core.calls)
    assert caplog.text.count("socket.data['bad'] is not JSON. They lose their data") == 1
