"""Bugs of django-sio that this server does not have, if no other file tests them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from support.engineio import SESSIONS, PollingSession, SessionEnded, WebSocketSession
from support.server import ServerProcess
from support.socketio_apps import APPS

Start = Callable[..., ServerProcess]


async def test_more_than_max_payload_of_small_packets_arrives_completely_and_in_order(
    small_payload_server: ServerProcess,
) -> None:
    """The limit, 1,000 bytes here, is only for messages of clients."""
    async with PollingSession(small_payload_server.url) as session:
        await session.join_namespace()
        await session.emit("count", 1000, 0, ack=1)
        heard: list[str] = []
        while len(heard) < 1001:
            heard += [packet for packet in await session.poll() if packet not in ("2", "6")]
        assert heard == [*(f'42["number",{number}]' for number in range(1000)), "431[]"]


@pytest.mark.parametrize("transport", SESSIONS)
async def test_a_client_that_never_connects_to_a_namespace_is_closed(
    transport: str, start_server: Start
) -> None:
    server = start_server("native:application", "--socketio-connect-timeout=0.3", cwd=APPS)
    async with SESSIONS[transport](server.url) as idle, SESSIONS[transport](server.url) as used:
        await used.join_namespace()
        try:
            packet = await idle.next_message()
        except SessionEnded:
            packet = "1"
        assert packet == "1"
        assert await used.call("reply", "still here") == ["still here"]


@pytest.mark.parametrize("transport", SESSIONS)
async def test_emits_to_a_room_and_to_the_client_do_not_overtake_each_other(
    transport: str, socketio_server: ServerProcess
) -> None:
    async with SESSIONS[transport](socketio_server.url) as session:
        await session.join_namespace()
        await session.emit("threads", 1, 2000)
        for number in range(2000):
            assert await session.next_event() == ["from thread", 0, number]


async def test_a_burst_to_a_room_is_not_cut_at_a_channel_layer_s_capacity(
    socketio_server: ServerProcess,
) -> None:
    async with (
        WebSocketSession(socketio_server.url) as one,
        PollingSession(socketio_server.url) as two,
    ):
        for session in (one, two):
            await session.join_namespace(auth={"join": ["burst"]})
        for number in range(500):
            await one.emit("say", "burst", number)
        for session in (one, two):
            assert [await session.next_event() for _ in range(500)] == [
                ["said", number] for number in range(500)
            ]


TRACES = [
    "sio.engineio: session created session=",
    "sio.engineio: polling request session=",
    "sio.engineio: polling response session=",
    "sio.engineio: ping sent session=",
    "sio.engineio: pong received session=",
    "sio.engineio: upgrade probed session=",
    "sio.engineio: upgraded to websocket session=",
    "sio.engineio: session destroyed session=",
    "sio.socketio: connect received session=",
    "sio.socketio: event received socket=",
    "sio.socketio: join socket=",
    "sio.socketio: leave socket=",
    "sio.socketio: broadcast namespace=",
    "sio.socketio: emit socket=",
    "sio.socketio.namespace: /: event 'echo' is handled by",
    "event 'reply', ack 77, handlers",
]


async def test_events_are_traced_only_at_the_level_debug(start_server: Start) -> None:
    for level in ("debug", "info"):
        server = start_server(
            "configured:application",
            f"--log-level={level}",
            cwd=APPS,
            env={"SIO_SETTINGS": json.dumps({"SIO_ENGINEIO_PING_INTERVAL_MS": 200})},
        )
        async with PollingSession(server.url) as session:
            await session.join_namespace()
            await session.emit("join", "r")
            await session.emit("say", "r", 1)
            assert await session.next_event() == ["said", 1]
            await session.emit("leave", "r")
            assert await session.call("reply", 1) == [1]
            await session.emit("echo", "x")
            assert await session.next_event() == ["echo", "x"]
            while "2" not in await session.poll():
                pass
            await session.send("3")
            websocket = await session.probe()
            await websocket.send("2probe")
            assert await websocket.recv() == "3probe"
            await websocket.send("5")
            await websocket.send('42["reply"]')
            await websocket.send("1")
            await websocket.wait_closed()
        if level == "debug":
            for trace in TRACES:
                await asyncio.to_thread(server.wait_for_log, trace)
        else:
            assert not [trace for trace in TRACES if trace in server.log]
