"""--socketio-handler-timeout and @sio.timeout apply to every kind of function that is called for a
client after its `connect`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio.time_limit import HandlerTimes
from sio_fakes import World
from support.waiting import eventually_async

NAME = "endless"


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


@pytest.fixture(params=["option", "decorator"])
def by_option(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "option")


async def endless(*args: Any) -> None:
    await asyncio.Event().wait()


async def joined(by_option: bool) -> tuple[World, int, Any, Callable[..., Any]]:
    """A client, its socket, and a function that never ends but has a limit."""
    world = World(HandlerTimes(handler=0.05) if by_option else None)

    @sio.on("connect", namespace="/")
    async def connect(socket: Any, auth: Any) -> bool:
        return True

    @sio.on("reply", namespace="/")
    async def reply(socket: Any) -> None: ...

    async def limited(*args: Any) -> None:
        await endless()

    limited.__qualname__ = NAME
    number = await world.join()
    socket = world.dispatcher._connections[number].socket
    return world, number, socket, limited if by_option else sio.timeout(0.05)(limited)


def was_cancelled(caplog: pytest.LogCaptureFixture) -> bool:
    lines = [r.getMessage() for r in caplog.records]
    return any(NAME in line and "has run for 0.05 s and is cancelled" in line for line in lines)


async def ends(world: World) -> None:
    await asyncio.wait_for(world.idle(), 10)


async def test_middleware_of_events(by_option: bool, caplog: pytest.LogCaptureFixture) -> None:
    world, number, socket, function = await joined(by_option)
    socket.use(function)
    world.send(number, "reply", ack_id=1)
    await ends(world)
    assert world.core.of("ack") == [("ack", number, 1, [{"error": "Internal server error"}])]
    assert was_cancelled(caplog)


async def test_listeners_of_all_events(by_option: bool, caplog: pytest.LogCaptureFixture) -> None:
    world, number, socket, function = await joined(by_option)
    socket.on_any(function)
    world.send(number, "reply", ack_id=1)
    await ends(world)
    assert world.core.of("ack") == [("ack", number, 1, [])]
    assert was_cancelled(caplog)


async def test_functions_for_signals(by_option: bool, caplog: pytest.LogCaptureFixture) -> None:
    world, _, socket, function = await joined(by_option)
    socket.on_drain(function)
    world.dispatcher.signalled(socket._session._number, "drain")
    await ends(world)
    assert was_cancelled(caplog)


async def test_callbacks_of_acknowledgements(
    by_option: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world, number, socket, function = await joined(by_option)
    socket.emit("question", callback=function)
    world.dispatcher.acknowledged(number, 1, ["answer"])
    await ends(world)
    assert not world.dispatcher._connections[number].is_busy
    assert was_cancelled(caplog)


async def test_callbacks_of_broadcasts(by_option: bool, caplog: pytest.LogCaptureFixture) -> None:
    world, number, _, function = await joined(by_option)
    world.server.emit("question", callback=function)
    [question] = world.core.of("emit")
    world.dispatcher.acknowledged(number, question[3], ["answer"])

    async def has_ended() -> bool:
        return was_cancelled(caplog) and not world.server._waiting

    await eventually_async(has_ended)


async def test_receivers_of_server_side_events(
    by_option: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world, _, _, function = await joined(by_option)
    received: list[str] = []
    world.server.on_server_side_emit("news")(function)
    world.server.on_server_side_emit("news")(received.append)
    namespace = world.server.of("/")
    await asyncio.wait_for(namespace.receive_server_side_emit("news", ["text"]), 10)
    assert received == ["text"]
    assert was_cancelled(caplog)
