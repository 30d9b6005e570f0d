"""A Python process that sends the I/O process what no bridge would: `/send?json=...`."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import Any
from urllib.parse import parse_qs

import sio

# As server/port/frames.h and wire.h write them.
ONE_COMMAND = b"\1\0"  # the kind of the frame, and no descriptors
SOCKETIO, BROADCAST = b"\3", b"\4"  # the group, and the command in it


@sio.on("connect")
async def connect(socket: sio.NamespaceSocket, auth: Any) -> bool:
    return True


def number(value: int) -> bytes:
    return struct.pack("<I", value)


def text(value: str) -> bytes:
    encoded = value.encode()
    return number(len(encoded)) + encoded


def broadcast(json: str) -> bytes:
    """To all sockets of "/": no rooms, none left out, no attachments, and the default flags."""
    nothing = number(0)
    flags = nothing + b"\0" + nothing
    return SOCKETIO + BROADCAST + text("/") + nothing + nothing + text(json) + nothing + flags


def channel() -> socket.socket:
    """The Unix socket whose other end was made by the I/O process, the parent."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):
            candidate = socket.socket(fileno=os.dup(descriptor))
            peer = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            if struct.unpack("3i", peer)[0] == os.getppid():
                return candidate
    raise RuntimeError("this process has no channel")


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/send":
        body = broadcast(
            parse_qs(scope["query_string"].decode(), keep_blank_values=True)["json"][0]
        )
        channel().sendall(number(len(body) + len(ONE_COMMAND)) + ONE_COMMAND + body)
        await receive()  # the disconnect: this process is given up
        await receive()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
