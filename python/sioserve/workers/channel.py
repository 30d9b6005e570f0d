"""The pair of sockets between the I/O process and a Python process, until the native core uses it.

The Python process says one thing: the length of a JSON text in four bytes, and the text. It is
either hello, with the settings of the native core that depend on the application and the version of
Django, or why the application could not start. The process may have been taken over: whatever it
says, the I/O process serves on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from sioserve.errors import StartupError
from sioserve.options import UsageError
from sioserve.workers.told_settings import Settings, invalid_setting, told_settings

LENGTH = struct.Struct("!I")
LONGEST_HELLO = 16_000_000
LONGEST_REASON = 4000  # characters
LONGEST_VERSION = 40  # characters


class Hello(NamedTuple):
    """The process is ready."""

    settings: Settings
    django: str | None = None  # its version, if the application is Django's


class StartFailure(NamedTuple):
    """The process ends, because the application can't start."""

    reason: str


class BadHello(NamedTuple):
    """The process can't be used, and does not know it."""

    reason: str


Said = Hello | StartFailure | BadHello


def say_hello(channel: socket.socket, hello: Hello) -> None:
    _say(channel, hello._asdict())


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


async def receive_hello(channel: socket.socket) -> Said | None:
    """None if the process has ended before."""
    head = await _receive(channel, LENGTH.size)
    if head is None:
        return None
    (length,) = LENGTH.unpack(head)
    if length > LONGEST_HELLO:
        return BadHello("what it says is too long")
    text = await _receive(channel, length)
    return None if text is None else _understood(text)


def _understood(text: bytes) -> Said:
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(text)
        if isinstance(message, dict) and isinstance(message.get("settings"), dict):
            return _hello(message["settings"], message.get("django"))
        if isinstance(message, dict) and isinstance(message.get("failure"), str):
            return StartFailure(message["failure"][:LONGEST_REASON])
    return BadHello("what it says can't be understood")


def _hello(settings: Settings, django: object) -> Hello | BadHello:
    """Without settings that only a newer version has, or that are none of its business."""
    invalid = invalid_setting(settings)
    if invalid is not None:
        return BadHello(f'its hello has no valid "{invalid}"')
    is_version = isinstance(django, str) and django.isascii() and django.isprintable()
    return Hello(told_settings(settings), str(django)[:LONGEST_VERSION] if is_version else None)


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
