"""Upgrades from polling to a WebSocket: probes, noops, failures, and no lost packets."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any

import pytest
from support.engineio import PollingSession, event_packet
from support.node_clients import NodeClients
from support.server import ServerProcess
from support.socketio_apps import disconnects
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

AMOUNT = 300


async def probed(session: PollingSession) -> ClientConnection:
    websocket = await session.probe()
    await websocket.send("2probe")
    assert await websocket.recv() == "3probe"
    return websocket


async def upgraded(session: PollingSession) -> ClientConnection:
    websocket = await probed(session)
    await websocket.send("5")
    return websocket


async def call(websocket: ClientConnection, number: int) -> Any:
    """A round trip on an upgraded WebSocket."""
    await websocket.send(event_packet("reply", number, ack=number))
    return await websocket.recv()


async def test_a_waiting_poll_gets_a_noop_immediately(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        started = time.monotonic()
        poll = asyncio.create_task(session.poll())
        websocket = await probed(session)
        assert await poll == ["6"]
        # Later polls are also answered immediately, until the client has upgraded.
        for _ in range(3):
            assert await session.poll() == ["6"]
        await websocket.send("5")
        assert await call(websocket, 1) == "431[1]"
        assert time.monotonic() - started < 2
        await websocket.close()


async def test_requests_of_an_upgraded_session_are_refused(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        websocket = await upgraded(session)
        assert await call(websocket, 1) == "431[1]"
        for response in (await session.get(), await session.post('42["quiet"]')):
            assert response.status_code == 400
            assert response.json() == {"code": 3, "message": "Bad request"}
        assert await call(websocket, 2) == "432[2]"
        await websocket.close()


async def test_a_second_websocket_of_an_upgraded_session_is_closed(
    socketio_server: ServerProcess,
) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        websocket = await upgraded(session)
        assert await call(websocket, 1) == "431[1]"
        second = await session.probe()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(second.recv(), 30)
        assert await call(websocket, 2) == "432[2]"
        await websocket.close()


async def test_a_second_websocket_during_a_probe_is_closed(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        websocket = await probed(session)
        second = await session.probe()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(second.recv(), 30)
        await websocket.send("5")
        assert await call(websocket, 1) == "431[1]"
        await websocket.close()


@pytest.mark.parametrize(
    "wrong", ["2probably", "3probe", "5", "42[]", "", b"2probe"], ids=lambda wrong: repr(wrong)
)
async def test_an_invalid_probe_does_not_affect_polling(
    wrong: str | bytes, socketio_server: ServerProcess
) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        websocket = await session.probe()
        await websocket.send(wrong)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(websocket.recv(), 30)
        assert await session.call("reply", "polling") == ["polling"]
        # A second try may succeed.
        websocket = await upgraded(session)
        assert await call(websocket, 1) == "431[1]"
        await websocket.close()


@pytest.mark.parametrize("probe_is_answered", [False, True])
async def test_an_abandoned_probe_loses_nothing(
    probe_is_answered: bool, socketio_server: ServerProcess
) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        websocket = await session.probe()
        if probe_is_answered:
            await websocket.send("2probe")
            assert await websocket.recv() == "3probe"
        await session.send(event_packet("count", 20, 0))
        websocket.transport.abort()
        heard = [(await session.next_event())[1] for _ in range(20)]
        assert heard == list(range(20))
        assert await session.call("reply", "polling") == ["polling"]


async def test_packets_emitted_during_a_probe_use_polling(
    socketio_server: ServerProcess,
) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        websocket = await probed(session)
        await session.send(event_packet("echo", "during"), event_packet("reply", ack=1))
        assert await session.next_message() == '42["echo","during"]'
        assert await session.next_message() == "431[]"
        await session.send(event_packet("echo", "kept"))
        await websocket.send("5")
        assert await asyncio.wait_for(websocket.recv(), 30) == '42["echo","kept"]'
        await websocket.close()


async def test_numbers_arrive_once_and_in_order(socketio_server: ServerProcess) -> None:
    """In both directions, with raw packets; a poll waits whenever the protocol allows it."""
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        heard: list[int] = []

        def hear(packet: str | bytes) -> None:
            assert isinstance(packet, str)
            if packet.startswith("42"):
                heard.append(json.loads(packet[2:])[1])

        async def poll_until_noop() -> None:
            while True:
                packets = await session.poll()
                for packet in packets:
                    hear(packet)
                if "6" in packets:
                    return

        await session.send(event_packet("count", AMOUNT, 0.002))
        polling = asyncio.create_task(poll_until_noop())
        for number in range(AMOUNT // 2):
            await session.send(event_packet("number", number))
            if number == AMOUNT // 4:
                websocket = await probed(session)
        await polling
        await websocket.send("5")
        for number in range(AMOUNT // 2, AMOUNT):
            await websocket.send(event_packet("number", number))
        await websocket.send(event_packet("numbers", ack=9))
        received = None
        while received is None or len(heard) < AMOUNT:
            packet = await asyncio.wait_for(websocket.recv(), 30)
            if str(packet).startswith("439"):
                [received] = json.loads(str(packet)[3:])
            else:
                hear(packet)
        assert heard == list(range(AMOUNT))
        assert received == list(range(AMOUNT))
        await websocket.close()


async def test_closing_an_upgraded_websocket_ends_the_session(
    socketio_server: ServerProcess,
) -> None:
    key = str(uuid.uuid4())
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace(auth={"key": key})
        websocket = await upgraded(session)
        await websocket.close()
        seen = await asyncio.to_thread(disconnects, socketio_server, key)
        assert seen == [["engineio_websocket_disconnect", "transport close", []]]
        assert (await session.get()).json()["code"] == 1


async def test_a_probe_does_not_keep_a_closed_session_alive(socketio_server: ServerProcess) -> None:
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace()
        websocket = await probed(session)
        await session.send("1")
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(websocket.recv(), 30)


async def test_a_session_that_the_server_ends_during_a_probe(
    socketio_server: ServerProcess, key: str
) -> None:
    """The client polls no more: it gets the close when its upgrade is complete."""
    async with PollingSession(socketio_server.url) as session:
        await session.join_namespace(auth={"key": key})
        websocket = await probed(session)
        await session.emit("kick", True)
        await asyncio.to_thread(disconnects, socketio_server, key)
        # Not an error, after which the client would close before it has read everything.
        await session.emit("quiet")
        await websocket.send("5")
        for packet in ('42["last words"]', "41"):
            assert await asyncio.wait_for(websocket.recv(), 30) == packet
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(websocket.recv(), 30)


async def test_a_probe_for_no_session_is_refused(socketio_server: ServerProcess) -> None:
    url = f"{socketio_server.websocket_url}/socket.io/?EIO=4&transport=websocket&sid=nobody"
    with pytest.raises(Exception, match="400"):
        await connect(url, proxy=None)


def test_the_official_client_upgrades_soon(
    node: NodeClients, socketio_server: ServerProcess
) -> None:
    times = [node.run("upgradesSoon", url=socketio_server.url) for _ in range(3)]
    # Milliseconds, with a margin for busy machines: a stalled upgrade takes 25 seconds.
    assert min(times) < 1000


def test_numbers_arrive_once_and_in_order_at_the_official_client(
    node: NodeClients, socketio_server: ServerProcess
) -> None:
    for _ in range(3):
        before = node.run("countsThroughTheUpgrade", url=socketio_server.url, amount=AMOUNT)
        assert 20 <= before < AMOUNT
