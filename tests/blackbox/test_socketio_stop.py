"""SIGTERM while Socket.IO clients are connected."""

from __future__ import annotations

import asyncio
import signal

import pytest
from support.engineio import PollingSession, SessionEnded, WebSocketSession, waiting_poll
from support.node_clients import NodeClients
from support.server import ServerProcess
from support.socketio_apps import APPS, read_notes
from support.waiting import eventually

import socketio


def test_official_clients_notice_the_stop(start_server, node: NodeClients) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("native:application", cwd=APPS)
    futures = [
        node.start(
            "staysUntilTheServerStops", url=server.url, transports=transports, key="official"
        )
        for transports in (["polling"], ["websocket"], ["polling", "websocket"])
    ]
    eventually(lambda: len(read_notes(server, "official")) == 3)
    server.stop()
    for future in futures:
        assert future.result(30) in ("transport close", "transport error", "io server disconnect")
    assert server.log.count("disconnect noted: official server_shutdown") == 3


async def test_a_waiting_poll_is_answered_so_that_its_client_polls_again(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("native:application", cwd=APPS)
    async with PollingSession(server.url) as session:
        await session.join_namespace(auth={"key": "raw"})
        poll = await waiting_poll(session)
        server.process.send_signal(signal.SIGTERM)
        assert (await asyncio.to_thread(poll.read_response)).body == b"6"
        poll.socket.close()
    assert await asyncio.to_thread(server.wait) == 0
    assert "disconnect noted: raw server_shutdown" in server.log
    assert "Traceback" not in server.log


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
@pytest.mark.parametrize("why", ["restart", "reload"])
async def test_clients_come_back(  # type: ignore[no-untyped-def]
    start_server, node: NodeClients, why: str, transports: list[str]
) -> None:
    """After a stop, and after a reload if their consumer has no resume(), all clients must try to
    reconnect.
    """
    workers = ("--workers", "1") if why == "reload" else ()
    server: ServerProcess = start_server("native:application", *workers, cwd=APPS)
    official = node.start("reconnectsAfterRestart", url=server.url, transports=transports, key="js")
    python = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.5)
    connected = asyncio.Queue[str]()
    python.on("connect", lambda: connected.put_nowait(python.sid))
    await python.connect(server.url, transports=transports, auth={"key": "python"})
    first = await asyncio.wait_for(connected.get(), 10)
    if len(transports) == 2:
        await asyncio.to_thread(eventually, lambda: python.transport() == "websocket")
    await asyncio.to_thread(eventually, lambda: len(read_notes(server, "js")) == 1)
    if why == "reload":
        server.process.send_signal(signal.SIGHUP)
    else:
        server.stop()
        port = ("--port", str(server.port))
        start_server("native:application", cwd=APPS, listen=port)
    assert await asyncio.wait_for(connected.get(), 20) != first
    assert await asyncio.to_thread(official.result, 30) == "reconnected"
    await python.disconnect()


async def test_the_application_closes_the_server(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("native:application", cwd=APPS)
    async with PollingSession(server.url) as session:
        await session.join_namespace(auth={"key": "closing"})
        poll = await waiting_poll(session)
        await session.emit("close_server")
        assert (await asyncio.to_thread(poll.read_response)).body == b"6"
        poll.socket.close()
    assert await asyncio.to_thread(server.wait) == 0
    assert "disconnect noted: closing server_shutdown" in server.log


async def test_a_websocket_is_told(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("native:application", cwd=APPS)
    async with WebSocketSession(server.url) as session:
        await session.join_namespace(auth={"key": "raw"})
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(SessionEnded, match="1012"):
            await session.receive()
    assert await asyncio.to_thread(server.wait) == 0
    assert "disconnect noted: raw server_shutdown" in server.log
    assert "Traceback" not in server.log


async def test_running_handlers_finish_before_the_stop(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("native:application", cwd=APPS)
    async with WebSocketSession(server.url) as session:
        await session.join_namespace(auth={"key": "busy"})
        await session.emit("finish_late")
        await asyncio.to_thread(server.wait_for_log, "handler began")
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.wait) == 0
    began, ended, gone = (
        server.log.index(line)
        for line in ("handler began", "handler ended", "disconnect noted: busy")
    )
    assert began < ended < gone
