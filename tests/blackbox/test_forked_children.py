"""Children made by os.fork() in views and handlers: they end without an effect on the parent."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.engineio import SESSIONS, event_packet
from support.sanitizers import forks
from support.server import ServerProcess
from support.waiting import eventually

pytestmark = forks

AT_ONCE = 5  # seconds: the longest time for a stop, half of the timeout for requests

LOOPS = ["asyncio", "uvloop"]
STATUSES = {"exit": 7, "raise": 1, "return": 0}

Start = Callable[[str], ServerProcess]


@pytest.fixture
def notes(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "notes").touch()
    return tmp_path / "notes"


@pytest.fixture
def start(start_server: Any, notes: pathlib.Path) -> Start:
    env = {"NOTES": str(notes)}
    return lambda loop: start_server("forking:application", "--loop", loop, env=env)


def get(server: ServerProcess, path: str) -> Any:
    response = httpx.get(server.url + path, timeout=30)
    assert response.status_code == 200
    return response.json()


def exit_code(server: ServerProcess, child: int) -> int:
    """Waits for the child's end."""
    codes: list[int] = []

    def ended() -> bool:
        code = get(server, f"/reap/{child}")
        if code is not None:
            codes.append(code)
        return bool(codes)

    eventually(ended)
    return codes[0]


def assert_hears_its_signals(server: ServerProcess) -> None:
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < AT_ONCE


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", ["async", "thread", "to_thread"])
@pytest.mark.parametrize("ending", STATUSES)
def test_the_child_of_a_view_ends_and_the_parent_continues(
    start: Start, notes: pathlib.Path, loop: str, kind: str, ending: str
) -> None:
    server = start(loop)
    for _ in range(3):
        child = get(server, f"/{kind}/{ending}")
        assert exit_code(server, child) == STATUSES[ending]
    if ending == "raise":
        assert "ValueError: raised in the child" in server.log
    assert_hears_its_signals(server)
    assert notes.read_text() == ""


@pytest.mark.parametrize("loop", LOOPS)
def test_a_child_that_awaits_ends_with_a_message(start: Start, loop: str) -> None:
    server = start(loop)
    assert exit_code(server, get(server, "/await/")) == 1
    assert "A forked child ends: the event loop runs in its parent only" in server.log
    assert_hears_its_signals(server)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", ["async", "thread"])
@pytest.mark.parametrize("ending", STATUSES)
async def test_the_child_of_a_handler_ends_and_handles_nothing_else(
    start: Start, notes: pathlib.Path, loop: str, kind: str, ending: str
) -> None:
    server = start(loop)
    async with SESSIONS["polling"](server.url) as session:
        await session.join_namespace()
        # In one request, so that they wait in the parent when the handler forks.
        await session.send(
            event_packet("prepare"),
            event_packet(kind, ending, ack=1),
            event_packet("mark"),
            event_packet("mark"),
        )
        packet = await session.next_message()
        assert isinstance(packet, str)
        child = int(packet.removeprefix("431[").removesuffix("]"))
        code = exit_code(server, child)
        if ending == "exit":
            assert code == 7
        eventually(lambda: len(notes.read_text().splitlines()) == 2)
    assert notes.read_text().split() == ["marked", str(server.process.pid)] * 2
    assert_hears_its_signals(server)


@pytest.mark.parametrize("loop", LOOPS)
def test_many_requests_during_forks_are_answered_once(
    start: Start, notes: pathlib.Path, loop: str
) -> None:
    server = start(loop)
    with httpx.Client(base_url=server.url, timeout=30) as client:
        children = [client.get(f"/{kind}/exit").json() for kind in ("async", "thread") * 10]
    assert all(isinstance(child, int) and child > 0 for child in children)
    assert [exit_code(server, child) for child in children] == [7] * len(children)
    assert_hears_its_signals(server)
    assert notes.read_text() == ""
