"""Collects emitted events without a server: for tests of views, models, signals and tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import _sioserve
from sio.encoding import default
from sio.socketio.server import get_socketio_server


@dataclass(frozen=True)
class Emitted:
    """One event.

    * `args`: the values that clients would get: a list for a tuple, a string for a UUID, bytes for
      bytes.
    * `rooms`: None for everyone in the namespace. `except_rooms`: the excluded rooms.
    * `volatile`: dropped for clients that can't take it. `compress`: False after compress(False).
    """

    event: str
    args: tuple[Any, ...]
    namespace: str = "/"
    rooms: frozenset[str] | None = None
    except_rooms: frozenset[str] = frozenset()
    volatile: bool = False
    compress: bool = True


@contextmanager
def captured_emits() -> Iterator[list[Emitted]]:
    """`with captured_emits() as emits:` collects the events emitted to namespaces and rooms.

    A value that can't be encoded raises in the call, as in production. There are no clients, so
    events that ask for answers are not sent. Emits of all threads are collected. Raises
    RuntimeError if a server already runs in this process.
    """
    emits: list[Emitted] = []
    core = cast(Any, _Core(emits))
    server = get_socketio_server()
    server.attach(core)
    try:
        yield emits
    finally:
        server.detach(core)


class _Core:
    """Replaces _sioserve.Server."""

    def __init__(self, emits: list[Emitted]) -> None:
        self._emits = emits
        self._native = _sioserve.LoopbackServer(lambda: None, json_default=default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._native, name)

    def broadcast(
        self,
        namespace: str,
        args: Sequence[Any],
        rooms: Iterable[str] = (),
        except_rooms: Iterable[str] = (),
        volatile: bool = False,
        compress: bool = True,
        local: bool = False,
    ) -> None:
        self._native.broadcast(namespace, args)  # raises for a value that can't be encoded
        if not namespace:  # an emit without recipients is only encoded
            return
        event, *received = as_received(args)
        emitted = Emitted(
            event,
            tuple(received),
            namespace,
            frozenset(rooms) or None,
            frozenset(except_rooms),
            volatile,
            compress,
        )
        self._emits.append(emitted)


def as_received(value: Any) -> Any:
    """The value after encoding and decoding as JSON with attachments."""
    attachments: list[bytes] = []

    def encode(obj: Any) -> Any:
        if isinstance(obj, (bytes, bytearray, memoryview)):
            attachments.append(bytes(obj))
            return {_ATTACHMENT: len(attachments) - 1}
        return default(obj)

    def decode(obj: dict[str, Any]) -> Any:
        return attachments[obj[_ATTACHMENT]] if obj.keys() == {_ATTACHMENT} else obj

    return json.loads(json.dumps(value, default=encode), object_hook=decode)


_ATTACHMENT = "\0attachment"
