"""Information about the connection for handlers: transport, latency, upgrade, drain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.engineio import PollingSession, Session, WebSocketSession
from support.server import ServerProcess
from support.socketio_apps import APPS, read_notes
from support.waiting import eventually


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    arguments = ["--socketio-ping-interval=0.2", "--socketio-ping-timeout=30"]
    server = ServerProcess("signals:application", *arguments, cwd=APPS).start()
    yield server
    server.stop()


async def noted(server: ServerProcess, key: str, what: str) -> list[Any]:
    """Waits until handlers have noted this, and returns the first time."""

    def probe() -> list[Any] | None:
        return next((note[1:] for note in read_notes(server, key) if note[0] == what), None)

    found = await asyncio.to_thread(eventually, lambda: [probe()] if probe() is not None else None)
    return list(found[0])


async def join(session: Session, key: str, watch: bool = True) -> None:
    await session.join_namespace("/signals", {"key": key, "watch": watch})


async def status(session: Session) -> list[Any]:
    await session.send('42/signals,7["status"]')
    packet = await session.next_message()
    assert isinstance(packet, str)
    return list(json.loads(packet.removeprefix("43/signals,7")))


async def test_the_latency_of_a_websocket(server: ServerProcess, key: str) -> None:
    async with WebSocketSession(server.url) as session:
        await join(session, key)
        assert await noted(server, key, "connect") == ["websocket", None]
        while (await status(session))[1] is None:  # pongs are sent meanwhile
            await asyncio.sleep(0.01)
        transport, latency = await status(session)
        assert transport == "websocket"
        assert 0 <= latency < 30
    assert await noted(server, key, "disconnect") == ["websocket", pytest.approx(latency, abs=30)]
    assert "upgrade" not in [note[0] for note in read_notes(server, key)]


async def test_a_watched_upgrade_is_reported(server: ServerProcess, key: str) -> None:
    async with PollingSession(server.url) as session:
        await join(session, key)
        assert await noted(server, key, "connect") == ["polling", None]
        async with await session.probe() as websocket:
            await websocket.send("2probe")
            assert await websocket.recv() == "3probe"
            await websocket.send("5")
            assert await noted(server, key, "upgrade") == ["websocket"]
            await websocket.send('42/signals,8["status"]')
            while not str(packet := await websocket.recv()).startswith("43/signals,8"):
                pass
            assert json.loads(str(packet).removeprefix("43/signals,8"))[0] == "websocket"
    assert (await noted(server, key, "disconnect"))[0] == "websocket"


@pytest.mark.parametrize("kind", [PollingSession, WebSocketSession])
async def test_a_drain_is_reported_when_the_client_has_read_everything(
    server: ServerProcess, key: str, kind: type[Session]
) -> None:
    async with kind(server.url) as session:
        await join(session, key)
        await session.send('42/signals,["flood",200]')
        await noted(server, key, "flooded")
        kinds = [note[0] for note in read_notes(server, key)]
        before = kinds.count("drain")
        # No request waits. On a WebSocket the kernel buffers a part, but never 20 MB.
        if kind is PollingSession:
            assert "drain" not in kinds[kinds.index("flooded") :]
        for _ in range(200):
            packet = await session.next_message()
            assert str(packet).startswith("42/signals,")

        def drained() -> bool:
            return [note[0] for note in read_notes(server, key)].count("drain") > before

        await asyncio.to_thread(eventually, drained)


async def test_no_signal_is_reported_unless_watched(server: ServerProcess, key: str) -> None:
    async with WebSocketSession(server.url) as session:
        await join(session, key, watch=False)
        await status(session)
    await noted(server, key, "disconnect")
    assert [note[0] for note in read_notes(server, key)] == ["connect", "disconnect"]
