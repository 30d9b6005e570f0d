"""What connected clients that do nothing take: their Python objects and those of the I/O thread."""

from __future__ import annotations

import socket
from collections.abc import Callable

from support.server import ServerProcess
from support.websocket_frames import TEXT, frame

WARM_UP = 100  # what comes with the first clients
CLIENTS = 800
LIMIT = 7_168  # bytes of one


def connect(server: ServerProcess) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    client.sendall(
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    read_until(client, b"pingInterval")
    client.sendall(frame(TEXT, b"40"))
    read_until(client, b'40{"sid"')
    return client


def read_until(client: socket.socket, wanted: bytes) -> None:
    got = b""
    while wanted not in got:
        received = client.recv(4096)
        assert received, got
        got += received


def test_an_idle_client_takes_little_memory(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server("idle_clients:application", "--no-access-log")
    clients = [connect(server) for _ in range(WARM_UP)]
    before = server.memory()
    clients += [connect(server) for _ in range(CLIENTS)]
    grown = server.growth(before)
    for client in clients:
        client.close()
    assert grown / CLIENTS < LIMIT
