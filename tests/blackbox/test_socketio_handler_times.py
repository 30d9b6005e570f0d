"""Handlers that exceed their time limits."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable

import httpx
import pytest
from support.engineio import SESSIONS
from support.server import ServerProcess
from support.socketio_apps import APPS

Start = Callable[..., ServerProcess]
both = pytest.mark.parametrize("transport", SESSIONS)
INTERNAL_ERROR = [{"error": "Internal server error"}]
NAMES = {
    "/endless": "endless_connect",
    "/stubborn": "stubborn_connect",
    "/thread": "thread_connect",
    "/middleware": "endless_middleware",
    "/function": "endless_function",
    "/thread-function": "thread_function",
}


def start(start_server: Start, *options: str) -> ServerProcess:
    return start_server("time_limits:application", *options, cwd=APPS)


@both
@pytest.mark.parametrize("namespace", NAMES)
async def test_a_connect_that_never_ends_refuses_the_client(
    namespace: str, transport: str, start_server: Start
) -> None:
    server = start(start_server, "--socketio-connect-timeout", "0.3")
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace("/events")  # otherwise the session is closed after the refusal
        await session.send(f"40{namespace},")
        refusal = await asyncio.wait_for(session.next_message(), 20)
        assert refusal == f'44{namespace},{{"message":"Connection timed out"}}'
        assert await session.call("reply", 1, namespace="/events") == [1]
    await asyncio.to_thread(server.wait_for_log, NAMES[namespace] + " has run for 0.3 s")
    if namespace == "/endless":
        await asyncio.to_thread(server.wait_for_log, "connect cancelled")


# By event: the function that never ends, and the seconds after which it is cancelled.
LIMITED = {
    "limited": ("limited_event", "0.2"),
    "limited_thread": ("limited_thread", "0.2"),
    "endless": ("endless_event", "0.3"),
    "use": ("endless_use", "0.3"),
    "on_any": ("endless_on_any", "0.3"),
    "own": ("endless_listener", "0.3"),
    "own once": ("endless_listener", "0.3"),
    "any": ("endless_any_event", "0.3"),
}


@both
@pytest.mark.parametrize("event", LIMITED)
async def test_an_event_s_handler_may_have_a_limit(
    event: str, transport: str, start_server: Start
) -> None:
    server = start(start_server, "--socketio-handler-timeout", "0.3")
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace("/events")
        answer = await asyncio.wait_for(session.call(event, namespace="/events"), 15)
        # What fails in on_any() does not affect the event.
        assert answer == ([] if event == "on_any" else INTERNAL_ERROR)
        assert await session.call("reply", 2, namespace="/events") == [2]
    function, seconds = LIMITED[event]
    await asyncio.to_thread(server.wait_for_log, rf"{function} has run for {seconds} s")


@both
async def test_hooks_and_disconnect_may_have_a_limit(transport: str, start_server: Start) -> None:
    server = start(start_server, "--socketio-handler-timeout", "0.3")
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace("/hooks")
        answer = await asyncio.wait_for(session.call("any", namespace="/hooks"), 15)
        assert answer == []  # after the connect hook
        await session.send("41/hooks,")
        await asyncio.to_thread(server.wait_for_log, "disconnect hook")
    for function in ("endless_hook", "endless_disconnect"):
        assert f"{function} has run for 0.3 s and is cancelled" in server.log


@pytest.mark.parametrize("namespace", ["/endless", "/stubborn"])
async def test_a_stop_does_not_wait_for_connect(namespace: str, start_server: Start) -> None:
    server = start(
        start_server,
        *("--socketio-connect-timeout", "0.2", "--timeout-graceful-shutdown", "2"),
    )
    async with SESSIONS["websocket"](server.url) as session:
        await session.send(f"40{namespace},")
        assert "timed out" in await asyncio.wait_for(session.next_message(), 20)
        server.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.wait)
    assert server.process.returncode == 0
    assert "did not stop in time" not in server.log
    ignored = re.search(r"Abandoned, ignores its cancellation: .* stay\(\)", server.log)
    assert bool(ignored) == (namespace == "/stubborn")


@pytest.mark.parametrize("seconds", ["0.5", "1", "3"])
@pytest.mark.parametrize("workers", [(), ("--workers", "2")])
async def test_handlers_that_ignore_their_cancellation_are_abandoned(
    workers: tuple[str, ...], seconds: str, start_server: Start
) -> None:
    """As in uvicorn, the stop is an orderly one: the lifespan is shut down."""
    server = start(start_server, *workers, "--timeout-graceful-shutdown", seconds)
    async with SESSIONS["websocket"](server.url) as session:
        await session.join_namespace("/events")
        await session.emit("stubborn", namespace="/events")
        await asyncio.to_thread(server.wait_for_log, "stubborn began")
        async with httpx.AsyncClient() as client:
            request = asyncio.create_task(client.get(server.url + "/stubborn"))
            await asyncio.to_thread(server.wait_for_log, "request began")
            server.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(server.wait) == 0
            await asyncio.gather(request, return_exceptions=True)
    log = server.log
    assert re.search(r"Cancelled at shutdown: a handler, waiting in .* stay\(\)", log)
    assert re.search(r"Abandoned, ignores its cancellation: a handler, .* stay\(\)", log)
    assert "Abandoned, ignores its cancellation: GET /stubborn" in log
    assert "lifespan shut down" in log
    assert "did not stop in time" not in log


@both
async def test_a_client_that_connect_refuses_receives_nothing_else(
    transport: str, start_server: Start
) -> None:
    server = start(start_server)
    async with SESSIONS[transport](server.url) as session:
        await session.join_namespace("/events")
        await session.send("40/refusing,")
        assert await session.next_message() == '44/refusing,{"message":"Not authorized"}'
        assert await session.call("reply", 3, namespace="/events") == [3]
