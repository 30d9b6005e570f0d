"""The scope of a client that is served natively is built when the application first asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.engineio import SESSIONS
from support.server import ServerProcess
from support.socketio_apps import APPS

TYPES = {"websocket": "websocket", "polling": "http"}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    started = ServerProcess("late_scope:application", cwd=APPS).start()
    yield started
    started.stop()


@pytest.mark.parametrize("transport", TYPES)
async def test_it_equals_the_one_of_the_handshake(transport: str, server: ServerProcess) -> None:
    headers = {"X-Client": transport, "Cookie": "a=b"}
    async with SESSIONS[transport](server.url, headers=headers) as session:
        await session.join_namespace()
        compared = await session.call("compare", transport)
    assert compared == [
        {
            "equal": True,
            "in order": True,
            "same types": True,
            "another object": True,
            "the same again": True,
            "type": TYPES[transport],
            "state": {"greeting": "hello"},
        }
    ]


async def test_it_has_the_state_as_it_was_when_the_client_came(server: ServerProcess) -> None:
    async with SESSIONS["websocket"](server.url, headers={"X-Client": "first"}) as session:
        await session.join_namespace()
        await session.call("rename", "good day")
        try:
            assert (await session.call("compare", "first"))[0]["state"] == {"greeting": "hello"}
        finally:
            await session.call("rename", "hello")


async def test_what_is_written_into_it_stays(server: ServerProcess) -> None:
    async with SESSIONS["polling"](server.url, headers={"X-Client": "writer"}) as session:
        await session.join_namespace()
        await session.call("write", {"any": 1})
        assert await session.call("read") == [{"any": 1}]
