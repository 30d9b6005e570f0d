"""Hostile clients, and checks that the server frees their memory and descriptors."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import pathlib
import socket
import struct

from .server import ServerProcess

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"
PATIENCE = 20.0


def open_sockets(server: ServerProcess) -> int:
    count = 0
    for file in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in the meantime
            count += os.readlink(file).startswith("socket:")
    return count


class Peer:
    """A TCP connection for which no behaviour of the server is an error."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, server: ServerProcess) -> Peer:
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(self.writer.drain(), PATIENCE)

    def send_later(self, data: bytes) -> None:
        """Does not wait for the server to read it."""
        self.writer.write(data)

    async def read_to_end(self) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.read(), PATIENCE)
        except ConnectionError:
            return b""

    async def response(self) -> tuple[int, bytes]:
        """Status and body of the next response. Raises IncompleteReadError if there is none."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        return int(head.split(b" ")[1]), await self.reader.readexactly(length)

    def abort(self) -> None:
        self.writer.transport.abort()

    def reset(self) -> None:
        """Like abort(), but the server gets ECONNRESET instead of an end of file."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()


def request(method: str, target: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def upgrade_request(target: str) -> bytes:
    key = base64.b64encode(b"sixteen bytes...").decode()
    return request(
        "GET",
        target,
        b"",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    )


async def open_websocket(server: ServerProcess, target: str = WEBSOCKET) -> Peer:
    peer = await Peer.connect(server)
    await peer.send(upgrade_request(target))
    status, _ = await peer.response()
    assert status == 101
    return peer


async def open_session(peer: Peer) -> str:
    """Opens a polling session; returns the target of its requests."""
    await peer.send(request("GET", HANDSHAKE))
    status, body = await peer.response()
    assert status == 200
    return f"{HANDSHAKE}&sid={json.loads(body[1:])['sid']}"


def frame(opcode: int, payload: bytes = b"", *, first: int = 0x80, announced: int = -1) -> bytes:
    """A masked frame; `first` has FIN and RSV, `announced` replaces the size."""
    size = len(payload) if announced < 0 else announced
    head = bytes([first | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += bytes([0x80 | 126]) + struct.pack(">H", size)
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", size)
    return head + bytes(4) + payload  # a mask of zeros
