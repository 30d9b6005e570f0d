"""The same with pytest-django and pytest-asyncio."""

from __future__ import annotations

from typing import Any

import pytest
import sio

import socketio
from chat.models import Message
from chat.tests.test_sio_client import Notes


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_handlers_and_the_test_see_each_other(sio_client: Any) -> None:
    await Message.objects.acreate(room="one", text="from the test")
    async with sio_client(Notes) as c:
        await c.call("add", "async")
        await c.call("add_sync", "sync")
        assert await c.call("texts") == ["from the test", "async", "sync"]
    assert await Message.objects.acount() == 3


@pytest.mark.asyncio
async def test_a_block_that_is_not_left_does_not_reach_the_next_test(sio_client: Any) -> None:
    await sio_client(Notes).__aenter__()


@pytest.mark.asyncio
async def test_the_next_test(sio_client: Any) -> None:
    async with sio_client(Notes) as c:
        assert await c.call("nothing", 1) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_under_anyio(sio_client: Any, anyio_backend: str) -> None:
    async with sio_client(Notes) as c:
        assert await c.call("nothing", 2) == 2


@pytest.fixture
def notes_are_registered() -> None:
    sio.register(Notes)


@pytest.mark.asyncio
async def test_a_running_server_and_a_real_client(
    notes_are_registered: None, live_sioserve: Any
) -> None:
    async with socketio.AsyncSimpleClient() as client:
        await client.connect(live_sioserve.url, namespace="/notes", transports=["websocket"])
        await client.call("add_sync", "over a WebSocket")
        assert await client.call("texts") == ["over a WebSocket"]
