"""WebSocket clients that send binary messages as base64: `forceBase64` of the official client."""

from __future__ import annotations

import pytest
from support.engineio import PollingSession, SessionEnded, WebSocketSession
from support.server import ServerProcess
from websockets.asyncio.client import connect

EVENT = '451-7["reply",{"_placeholder":true,"num":0}]'


@pytest.mark.parametrize("text", ["bAQI=", "bAQI", "bAQ\nI="])
async def test_binary_messages_in_base64_are_accepted(
    text: str, socketio_server: ServerProcess
) -> None:
    async with WebSocketSession(socketio_server.url) as session:
        await session.join_namespace()
        await session.send(EVENT, text)
        assert await session.next_message() == '461-7[{"_placeholder":true,"num":0}]'
        assert await session.next_message() == b"\1\2"


@pytest.mark.parametrize("text", ["b????", "bA", "b\N{LATIN SMALL LETTER E WITH ACUTE}"])
async def test_invalid_base64_ends_the_session(text: str, socketio_server: ServerProcess) -> None:
    async with WebSocketSession(socketio_server.url) as session:
        await session.join_namespace()
        await session.send(EVENT, text)
        with pytest.raises(SessionEnded):
            await session.next_message()


async def test_an_unannounced_attachment_ends_the_session(
    socketio_server: ServerProcess,
) -> None:
    async with WebSocketSession(socketio_server.url) as session:
        await session.join_namespace()
        await session.send("bAQI=")
        with pytest.raises(SessionEnded):
            await session.next_message()


async def test_base64_is_sent_to_clients_that_ask_for_it(socketio_server: ServerProcess) -> None:
    url = socketio_server.url.replace("http", "ws", 1)
    async with connect(
        f"{url}/socket.io/?EIO=4&transport=websocket&b64=1", proxy=None
    ) as websocket:
        await websocket.recv()
        await websocket.send("40")
        await websocket.recv()
        await websocket.send(EVENT)
        await websocket.send("bAQI=")
        assert await websocket.recv() == '461-7[{"_placeholder":true,"num":0}]'
        assert await websocket.recv() == "bAQI="


@pytest.mark.parametrize(
    ("handshake", "upgrade", "attachment"),
    [("&b64=1", "", "bAQI="), ("&b64=1", "&b64=1", "bAQI="), ("", "&b64=1", b"\1\2")],
)
async def test_the_handshake_decides_for_the_time_after_an_upgrade(
    handshake: str, upgrade: str, attachment: str | bytes, socketio_server: ServerProcess
) -> None:
    """The official client with `forceBase64` sends `b64` in both requests."""
    async with PollingSession(socketio_server.url, query=handshake) as session:
        await session.join_namespace()
        await session.send(EVENT, "bAQI=")
        assert await session.next_message() == '461-7[{"_placeholder":true,"num":0}]'
        assert await session.next_message() == "bAQI="
        websocket = await session.probe(upgrade)
        await websocket.send("2probe")
        assert await websocket.recv() == "3probe"
        await websocket.send("5")
        await websocket.send(EVENT)
        await websocket.send("bAQI=")
        assert await websocket.recv() == '461-7[{"_placeholder":true,"num":0}]'
        assert await websocket.recv() == attachment
        await websocket.close()
