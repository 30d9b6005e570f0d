"""Limits on the memory of clients that do not read responses, or send events faster than handlers
run.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from support.engineio import WebSocketSession
from support.hostile import Peer, frame, open_websocket, request
from support.sanitizers import ADDRESS_SANITIZER
from support.server import ServerProcess
from support.socketio_apps import APPS, read_counts

QUEUED = 1_000_000
# AddressSanitizer keeps 256 MB of freed memory.
MEMORY = 400_000_000 if ADDRESS_SANITIZER else 30_000_000
HANDSHAKE = "/socket.io/?EIO={}&transport={}"


@pytest.fixture
async def server(start_server: Callable[..., ServerProcess]) -> AsyncIterator[ServerProcess]:
    server = start_server(
        "native:application",
        *("--socketio-allow-eio3", "--socketio-max-queued", str(QUEUED)),
        cwd=APPS,
    )
    async with WebSocketSession(server.url) as bystander:
        await bystander.join_namespace()
        yield server
        assert await bystander.call("reply", "still here") == ["still here"]


async def open_polling(peer: Peer, version: int) -> str:
    target = HANDSHAKE.format(version, "polling")
    await peer.send(request("GET", target))
    _, body = await peer.response()
    return f"{target}&sid={json.loads(body[body.index(b'{') :])['sid']}"


async def flood(
    server: ServerProcess, peer: Peer, piece: bytes, amount: int, memory: int = MEMORY
) -> None:
    """Sends a part repeatedly, up to a number of times or until the server stops reading."""
    server.forget_peak_memory()
    before = server.memory()
    for _ in range(amount):
        peer.writer.write(piece)
        try:
            await asyncio.wait_for(peer.writer.drain(), 5)
        except (ConnectionError, TimeoutError):
            break
    assert server.peak_growth(before) < memory
    peer.abort()


@pytest.mark.parametrize("packet", ["2", "40/nowhere,"], ids=["pings", "connects"])
async def test_websocket_of_engine_io_3(server: ServerProcess, packet: str) -> None:
    peer = await open_websocket(server, HANDSHAKE.format(3, "websocket"))
    await flood(server, peer, frame(1, packet.encode()) * 10_000, 1_000)


async def test_polling_of_engine_io_3(server: ServerProcess) -> None:
    peer = await Peer.connect(server)
    target = await open_polling(peer, 3)
    post = request("POST", target, b"1:2" * 300_000, "Content-Type: text/plain")
    await flood(server, peer, post, 20)


async def test_polling(server: ServerProcess) -> None:
    peer = await Peer.connect(server)
    target = await open_polling(peer, 4)
    post = request("POST", target, b"\x1e".join([b"40/x,"] * 150_000), "Content-Type: text/plain")
    await flood(server, peer, post, 20)


async def test_repeated_probes(server: ServerProcess) -> None:
    peer = await Peer.connect(server)
    target = await open_polling(peer, 4)
    probe = await open_websocket(server, target.replace("polling", "websocket"))
    await flood(server, probe, frame(1, b"2probe") * 10_000, 1_000)


async def test_large_events_to_a_slow_handler(server: ServerProcess) -> None:
    """Each event takes twenty times its bytes in Python."""
    peer = await open_websocket(server, HANDSHAKE.format(4, "websocket"))
    await peer.send(frame(1, b"40"))
    await peer.reader.readuntil(b'40{"sid":')
    await peer.send(frame(1, b'42["hold"]'))
    event = b'42["quiet",[' + b",".join([b"[]"] * 300_000) + b"]]"
    await flood(server, peer, frame(1, event), 100, memory=10 * MEMORY)


async def test_small_broadcasts_to_many_clients_that_do_not_read(
    start_server: Callable[..., ServerProcess],
) -> None:
    """No single queue is long."""
    most, clients, rounds, burst = 20_000_000, 40, 60, 1_000
    server = start_server(
        "native:application", *("--socketio-max-queued-total", str(most)), cwd=APPS
    )
    peers = [await open_websocket(server, HANDSHAKE.format(4, "websocket")) for _ in range(clients)]
    for peer in peers:
        await peer.send(frame(1, b"40"))
        await peer.reader.readuntil(b'40{"sid":')
    async with WebSocketSession(server.url) as speaker:
        await speaker.join_namespace("/chat")
        server.forget_peak_memory()
        before = server.memory()
        for _ in range(rounds):
            assert await speaker.call("flood", burst, namespace="/chat") == []
        assert server.peak_growth(before) < most + MEMORY
        closed = (await asyncio.to_thread(read_counts, server))["slow_consumers_closed_for_total"]
        assert 0 < closed < clients
    for peer in peers:
        peer.abort()
