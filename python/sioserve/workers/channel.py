"""The pair of sockets between the I/O process and a Python process, until the native core uses it.

The Python process says hello once: the length of a JSON text in four bytes, and the text. It holds
the settings of the native core that depend on the application.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any

from sioserve.options.server_arguments import DJANGO_SETTINGS

# Settings that a Python process tells: those that depend on the application, and on Django's
# settings.
TOLD = (
    "native_socketio",
    "namespaces",
    "ask_about_handshakes",
    "allowed_hosts",
    *DJANGO_SETTINGS.values(),
)
LENGTH = struct.Struct("!I")
LONGEST_HELLO = 16_000_000


def told_settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in TOLD if name in settings}


def say_hello(channel: socket.socket, settings: dict[str, Any]) -> None:
    text = json.dumps(settings).encode()
    channel.sendall(LENGTH.pack(len(text)) + text)


async def receive_hello(channel: socket.socket) -> dict[str, Any] | None:
    """The settings; None if the process has ended before."""
    head = await _receive(channel, LENGTH.size)
    if head is None:
        return None
    (length,) = LENGTH.unpack(head)
    text = await _receive(channel, length) if length <= LONGEST_HELLO else None
    if text is None:
        return None
    settings: dict[str, Any] = json.loads(text)
    return settings


async def _receive(channel: socket.socket, size: int) -> bytes | None:
    loop = asyncio.get_running_loop()
    received = b""
    while len(received) < size:
        try:
            part = await loop.sock_recv(channel, size - len(received))
        except ConnectionError:
            return None
        if not part:
            return None
        received += part
    return received
