"""Clients on plain sockets, which send and expect exact bytes."""

from __future__ import annotations

import base64
import os
import socket

PATIENCE = 900.0  # seconds; a server under valgrind is about fifty times slower


def frame(text: str) -> bytes:
    """A WebSocket message of a client."""
    payload = text.encode()
    assert len(payload) < 65536
    size = len(payload).to_bytes(2, "big")
    header = [0x80 | len(payload)] if len(payload) < 126 else [0x80 | 126, *size]
    return bytes([0x81, *header]) + bytes(4) + payload


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection: socket.socket, end: bytes) -> bytes:
    """Reads until the data ends with this, and returns its last bytes. Raises SystemExit."""
    answer = b""
    while not answer.endswith(end):
        answer = answer[-500:] + read(connection)
    return answer


def read(connection: socket.socket) -> bytes:
    """Raises SystemExit."""
    more = connection.recv(65536)
    if not more:
        raise SystemExit("the server closed a connection")
    return more


def upgrade(port: int, path: str) -> socket.socket:
    """A connection that has asked for a WebSocket."""
    connection = connect(port)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    return connection


def join(port: int, namespace: str = "", auth: str = "") -> socket.socket:
    """A Socket.IO client over a WebSocket. A namespace ends with a comma: "/relay,"."""
    connection = upgrade(port, "/socket.io/?EIO=4&transport=websocket")
    connection.sendall(frame(f"40{namespace}{auth}"))
    wait_for_connect(connection, namespace)
    return connection


def wait_for_connect(connection: socket.socket, namespace: str = "") -> None:
    """Reads the rest of the handshake."""
    answer = b""
    while f"40{namespace}{{".encode() not in answer:
        answer += read(connection)
