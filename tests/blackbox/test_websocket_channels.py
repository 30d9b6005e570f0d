"""Channels consumers over WebSocket."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from support.server import ServerProcess
from support.websocket_frames import TEXT, RawWebSocket, frame
from test_http_django import log_in
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


def client(server: ServerProcess, path: str, **options: Any) -> connect:
    defaults = {"origin": server.url, "proxy": None}
    return connect(server.websocket_url + path, **{**defaults, **options})


async def test_text_and_bytes(django_server: ServerProcess) -> None:
    async with client(django_server, "/ws/echo/") as websocket:
        for message in ("text", b"bytes", "日本"):
            await websocket.send(message)
            assert await websocket.recv() == message


def test_messages_before_a_faulty_frame_are_answered(django_server: ServerProcess) -> None:
    with RawWebSocket(django_server, "/ws/echo/", f"Origin: {django_server.url}") as websocket:
        websocket.send(frame(TEXT, b"one") + frame(TEXT, b"two") + frame(3))
        frames, closing = websocket.read_to_close()
    assert [answer.payload for answer in frames] == [b"one", b"two"]
    assert closing.code == 1002


async def test_a_subprotocol_is_chosen(django_server: ServerProcess) -> None:
    async with client(django_server, "/ws/echo/", subprotocols=["x", "echo.v1"]) as websocket:
        assert websocket.subprotocol == "echo.v1"


async def test_the_consumer_closes_with_a_code(django_server: ServerProcess) -> None:
    async with client(django_server, "/ws/echo/") as websocket:
        await websocket.send("close:4001")
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(websocket.recv(), 30)
        assert caught.value.rcvd
        assert caught.value.rcvd.code == 4001


async def test_a_foreign_origin_is_refused(django_server: ServerProcess) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await client(django_server, "/ws/echo/", origin="http://evil.example")
    assert caught.value.response.status_code == 403


async def test_an_anonymous_client_is_refused_and_a_user_is_known(
    django_server: ServerProcess,
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await client(django_server, "/ws/who/")
    assert caught.value.response.status_code == 403

    with httpx.Client(base_url=django_server.url) as browser:
        await asyncio.to_thread(log_in, browser)
        cookie = {"Cookie": f"sessionid={browser.cookies['sessionid']}"}
    async with client(django_server, "/ws/who/", additional_headers=cookie) as websocket:
        await websocket.send("who am I?")
        assert await websocket.recv() == "admin"


async def test_a_consumer_that_raises(django_server: ServerProcess) -> None:
    start = len(django_server.log)
    async with client(django_server, "/ws/fail/") as websocket:
        await websocket.send("go")
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(websocket.recv(), 30)
        assert caught.value.rcvd
        assert caught.value.rcvd.code == 1011
    django_server.wait_for_log("ValueError: consumer failed on purpose", start)
    async with client(django_server, "/ws/echo/") as websocket:
        await websocket.send("alive")
        assert await websocket.recv() == "alive"


async def test_fifty_clients_at_once(django_server: ServerProcess) -> None:
    async def talk(number: int) -> None:
        async with client(django_server, "/ws/echo/") as websocket:
            for turn in range(10):
                await websocket.send(f"{number}/{turn}")
                assert await websocket.recv() == f"{number}/{turn}"

    await asyncio.gather(*(talk(number) for number in range(50)))
