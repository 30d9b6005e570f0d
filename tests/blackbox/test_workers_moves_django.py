"""User and session of clients that move to another Python process, in a Django project."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from support.engineio import SESSIONS, Session
from support.server import ServerProcess
from support.socketio_project import cookie_of, start_project
from support.workers import pids

LOBBY = "/lobby"


@pytest.fixture(params=["native", "routed"])
def project(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[ServerProcess]:
    server = start_project(request.param, tmp_path, "--workers", "2")
    pids(server, 2)
    yield server
    server.stop()


async def who(session: Session) -> dict[str, Any]:
    await session.emit("who", namespace=LOBBY, ack=1)
    packet = str(await session.next_message())
    return dict(json.loads(packet[packet.index("[") :])[0])


@pytest.mark.parametrize("why", ["reload", "crash"])
@pytest.mark.parametrize("transport", SESSIONS)
async def test_user_session_and_scope_are_the_same_after_a_move(
    project: ServerProcess, transport: str, why: str
) -> None:
    async with SESSIONS[transport](project.url, headers=cookie_of(project, "alice")) as session:
        await session.join_namespace(LOBBY, auth={"game": "go"})
        before = await who(session)
        assert (before["user"], before["visits"]) == ("alice", 3)
        if why == "reload":
            project.process.send_signal(signal.SIGHUP)
        else:
            for pid in pids(project, 2):  # the client's is one of them
                os.kill(pid, signal.SIGKILL)
        assert await asyncio.wait_for(session.next_event(LOBBY), 30) == ["resumed", why, before]
        assert await who(session) == before
