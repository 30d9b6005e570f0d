"""Edge cases of acknowledgements: disconnects, late answers, no answer, and answers not awaited."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from typing import Any

import pytest
import sio
from sio.log_lines import about_sending
from sio_fakes import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sio.socketio.server._server", None)


async def join(world: World, amount: int) -> list[Any]:
    numbers = [await world.join() for _ in range(amount)]
    return [world.dispatcher._connections[number].socket for number in numbers]


def questions(world: World) -> dict[int, int]:
    """The latest emit with an acknowledgement to each socket, by its callback's number."""
    return {call[1]: call[3] for call in world.core.of("emit")}


def nothing_is_kept(*sockets: Any) -> bool:
    return not any(socket._answers or socket._callbacks for socket in sockets)


async def test_half_of_a_room_acknowledges_and_half_disconnects(world: World) -> None:
    """Without a timeout: clients that can't acknowledge any more are not waited for."""
    sockets = await join(world, 6)
    asked = asyncio.ensure_future(world.server.emit_with_ack("vote"))
    await asyncio.sleep(0)
    for place, (number, callback) in enumerate(questions(world).items()):
        if place % 2:
            world.leave(number)
        else:
            world.dispatcher.acknowledged(number, callback, [place])
    with pytest.raises(sio.AckTimeout, match="3 of 6") as caught:
        await asyncio.wait_for(asked, 10)
    assert sorted(caught.value.responses) == [0, 2, 4]
    assert nothing_is_kept(*sockets)


async def test_an_emit_to_no_client_returns_immediately(world: World) -> None:
    assert await world.server.to("empty").emit_with_ack("vote") == []


async def test_a_timeout_of_zero(world: World) -> None:
    """Acknowledgements that have already arrived are returned."""
    [socket] = await join(world, 1)
    answer = socket.emit_with_ack("e", timeout=0)
    [(number, callback)] = questions(world).items()
    world.dispatcher.acknowledged(number, callback, ["here"])
    assert await answer == "here"
    with pytest.raises(sio.AckTimeout):
        await socket.timeout(0).emit_with_ack("e")
    assert nothing_is_kept(socket)


async def test_an_acknowledgement_can_be_awaited_twice(world: World) -> None:
    [socket] = await join(world, 1)
    answered, late, cancelled = (socket.emit_with_ack("e", timeout=t) for t in (10, 0.01, 10))
    first = world.core.of("emit")[0][3]
    world.dispatcher.acknowledged(socket.number, first, [1])
    waiting = asyncio.ensure_future(cancelled)
    await asyncio.sleep(0)
    waiting.cancel()
    for _ in range(2):
        assert await answered == 1
        with pytest.raises(sio.AckTimeout, match=r"0\.01 s"):
            await late
        with pytest.raises((asyncio.CancelledError, sio.AckTimeout)):
            await waiting
    with pytest.raises(sio.AckTimeout, match="no longer awaited"):
        await cancelled


async def test_a_failed_acknowledgement_leaves_no_warning_of_asyncio(world: World) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    [socket] = await join(world, 1)

    async def ask() -> None:
        with contextlib.suppress(sio.AckTimeout):
            await socket.emit_with_ack("e")

    asking = asyncio.ensure_future(ask())
    await asyncio.sleep(0)
    world.leave(socket.number)
    await asking
    del asking
    gc.collect()
    assert complaints == []


async def test_a_late_acknowledgement_is_ignored(world: World) -> None:
    [socket] = await join(world, 1)
    with pytest.raises(sio.AckTimeout):
        await socket.emit_with_ack("e", timeout=0.01)
    [(number, callback)] = questions(world).items()
    world.dispatcher.acknowledged(number, callback, ["late"])
    later = socket.emit_with_ack("e")
    world.dispatcher.acknowledged(number, questions(world)[number], ["in time"])
    assert await later == "in time"


@pytest.mark.parametrize("to_all", [False, True])
async def test_a_cancelled_wait_leaves_nothing_behind(world: World, to_all: bool) -> None:
    sockets = await join(world, 3)
    asked = world.server if to_all else sockets[0]
    waiting = asyncio.ensure_future(asked.emit_with_ack("e"))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert nothing_is_kept(*sockets)
    for number, callback in questions(world).items():
        world.dispatcher.acknowledged(number, callback, [])


async def test_a_client_that_is_disconnected_by_the_server_is_not_waited_for(
    world: World,
) -> None:
    [socket] = await join(world, 1)
    pending = asyncio.ensure_future(socket.emit_with_ack("e"))
    await asyncio.sleep(0)
    socket.disconnect()
    with pytest.raises(sio.AckTimeout, match="disconnected"):
        await socket.emit_with_ack("behind it")
    world.leave(socket.number, "server_disconnect")
    with pytest.raises(sio.AckTimeout, match="disconnected"):
        await asyncio.wait_for(pending, 10)
    assert nothing_is_kept(socket)


async def test_a_waiting_handler_ends_when_its_client_disconnects(world: World) -> None:
    """Then the events after it are handled, and disconnect is called."""
    order: list[str] = []

    class Consumer(sio.SocketIOConsumer):
        async def event_ask(self, socket: Any) -> None:
            try:
                await socket.emit_with_ack("e")
            except sio.AckTimeout:
                order.append("unanswered")

        async def event_next(self, socket: Any) -> None:
            order.append("next")

        async def disconnect(self, socket: Any, reason: str) -> None:
            order.append(reason)

    Consumer.as_asgi()
    number = await world.join()
    world.send(number, "ask")
    world.send(number, "next")
    await world.core.until(lambda: world.core.of("emit"))
    world.leave(number)
    await world.idle()
    assert order == ["unanswered", "next", "client_disconnect"]


async def test_acknowledgements_can_be_awaited_in_other_loops(world: World) -> None:
    [socket] = await join(world, 1)
    results: list[Any] = []

    async def ask() -> None:
        results.append(await socket.emit_with_ack("e", timeout=10))
        with pytest.raises(sio.AckTimeout):
            await socket.emit_with_ack("e", timeout=0.01)

    thread = threading.Thread(target=lambda: asyncio.run(ask()))
    thread.start()
    await world.core.until(lambda: world.core.of("emit"))
    world.dispatcher.acknowledged(socket.number, questions(world)[socket.number], [1])
    await asyncio.to_thread(thread.join)
    assert results == [1]
    assert nothing_is_kept(socket)


async def test_a_log_handler_for_lines_about_sending_gets_no_answer(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    [socket] = await join(world, 1)
    calls = len(world.core.calls)
    with about_sending():
        await socket.emit("dropped")
        await world.server.emit("dropped")
        with pytest.raises(sio.AckTimeout, match="log handler"):
            await socket.emit_with_ack("dropped")
    assert len(world.core.calls) == calls
    assert nothing_is_kept(socket)
    await socket.emit("sent")
    assert len(world.core.calls) == calls + 1
