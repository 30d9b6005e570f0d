"""A log handler that emits does not feed itself (docs/logging.md)."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from support.engineio import WebSocketSession
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually

StartServer = Callable[..., ServerProcess]
WARNING = "a log handler emits 'log' for a log line about sending events"


in_both_threads = pytest.mark.parametrize("environment", [{}, {"QUEUED": "1"}])


def lines(server: ServerProcess) -> int:
    return int(httpx.get(server.url).text)


@in_both_threads
async def test_the_log_of_an_emit_is_not_emitted(
    environment: dict[str, str], start_server: StartServer
) -> None:
    server = start_server("log_view:application", cwd=APPS, env=environment)
    async with WebSocketSession(server.url) as session:
        await session.join_namespace()
        await session.emit("warn", "one")
        while await session.next_event() != ["log", "WARNING", "one"]:
            pass
        # Each request takes longer than a line that would make another one.
        eventually(lambda: lines(server) == lines(server))
        await session.emit("warn", "two")
        while await session.next_event() != ["log", "WARNING", "two"]:
            pass
    server.wait_for_log(WARNING)
    assert server.log.count(WARNING) == 1


@in_both_threads
async def test_a_listener_of_outgoing_events_that_fails(
    environment: dict[str, str], start_server: StartServer
) -> None:
    server = start_server("log_view:application", cwd=APPS, env=environment)
    async with WebSocketSession(server.url) as session:
        await session.join_namespace()
        await session.emit("fail while sending")
        while await session.next_event() != ["fails"]:
            pass
        eventually(lambda: lines(server) == lines(server))
    server.wait_for_log("ZeroDivisionError")
    assert "RecursionError" not in server.log
