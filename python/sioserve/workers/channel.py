"""The pair of sockets between the I/O process and a Python process, until the native core uses it.

The Python process says one thing: the length of a JSON text in four bytes, and the text. It is
either hello, with the settings of the native core that depend on the application, or why the
application could not start.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

from sioserve.errors import StartupError
from sioserve.options import UsageError
from sioserve.options.server_arguments import DJANGO_SETTINGS

# Settings that a Python process tells: those that depend on the application, and on Django's
# settings.
TOLD = (
    "native_socketio",
    "namespaces",
    "ask_about_handshakes",
    "ask_about_origins",
    "allowed_hosts",
    *DJANGO_SETTINGS.values(),
)
LENGTH = struct.Struct("!I")
LONGEST_HELLO = 16_000_000
LONGEST_REASON = 4000  # characters

Settings = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Hello:
    """The process is ready."""

    settings: Settings


@dataclasses.dataclass(frozen=True)
class StartFailure:
    """The process ends, because the application can't start."""

    reason: str


def told_settings(settings: Settings) -> Settings:
    return {name: settings[name] for name in TOLD if name in settings}


def say_hello(channel: socket.socket, settings: Settings) -> None:
    _say(channel, {"settings": settings})


@contextlib.contextmanager
def failures_told(channel: socket.socket | None) -> Iterator[None]:
    """Says what ends the start of a Python process. After hello it says nothing."""
    try:
        yield
    except BaseException as error:
        if channel is not None and channel.fileno() >= 0:
            with contextlib.suppress(OSError):  # the I/O process has ended
                _say(channel, {"failure": _reason(error)[:LONGEST_REASON]})
        raise


def _reason(error: BaseException) -> str:
    if isinstance(error, StartupError | UsageError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"The application exited while it started: {error.code}"
    return f"{type(error).__name__}: {error}"


def _say(channel: socket.socket, message: dict[str, Any]) -> None:
    text = json.dumps(message).encode()
    channel.sendall(LENGTH.pack(len(text)) + text)


async def receive_hello(channel: socket.socket) -> Hello | StartFailure | None:
    """None if the process has ended before."""
    head = await _receive(channel, LENGTH.size)
    if head is None:
        return None
    (length,) = LENGTH.unpack(head)
    text = await _receive(channel, length) if length <= LONGEST_HELLO else None
    if text is None:
        return None
    return _understood(text)


def _understood(text: bytes) -> Hello | StartFailure:
    """The process may have been taken over: what it says must not end this one."""
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(text)
        if isinstance(message, dict) and isinstance(message.get("settings"), dict):
            return Hello(message["settings"])
        if isinstance(message, dict) and isinstance(message.get("failure"), str):
            return StartFailure(message["failure"][:LONGEST_REASON])
    return StartFailure("what it says can't be understood")


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
