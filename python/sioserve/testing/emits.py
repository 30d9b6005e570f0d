"""What code emits where no server runs: for tests of views, models, signals and tasks."""

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

    * `args`: as clients would get them: a tuple is a list, a UUID a string, bytes are bytes.
    * `rooms`: None if it was for everybody in the namespace. `except_rooms`: who was left out.
    * `volatile`: it would have been dropped for clients that can't take it. `compress`: False where
      compress(False) was said.
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
    """`with captured_emits() as emits:` gathers what is emitted to namespaces and rooms meanwhile.

    What can't be encoded raises at the call, as in production. There are no clients, so what asks
    for answers is not sent. Emits of all threads count. Raises RuntimeError where a server runs in
    this process already: there, clients get what is emitted.
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
    """Stands in for _sioserve.Server."""

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
    ) -> None:
        self._native.broadcast(namespace, args)  # raises for what can't be encoded
        if not namespace:  # what has nobody to go to is only encoded
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
    """What JSON and attachments make of it."""
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
