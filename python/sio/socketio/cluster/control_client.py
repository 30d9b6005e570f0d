"""ControlClient: sends emits to a server of the same machine, through its control socket.

The messages are those of sioserve/control/emits.py, in one request for all that wait. Each request
has a connection of its own.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

from ... import exact_json
from ..target import Target
from .formats import Format, Message

TIMEOUT = 5.0  # seconds
PAUSE = 0.01  # seconds until a server that is busy is asked again
LONGEST_REQUEST = 16_000_000  # bytes; as BEGIN in sioserve/control/requests.py
BEGIN, END = b'{"request": "emit", "emits": [', b"]}\n"


class ControlFormat(Format):
    """Messages for one namespace."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def event(self, data: Sequence[Any], target: Target) -> Message:
        return self._message("event", target, args=data)

    def join(self, target: Target, rooms: Sequence[str]) -> Message:
        return self._message("join", target, to_rooms=rooms)

    def leave(self, target: Target, rooms: Sequence[str]) -> Message:
        return self._message("leave", target, to_rooms=rooms)

    def disconnect(self, target: Target, close: bool) -> Message:
        return self._message("disconnect", target, close=close)

    def server_side_event(self, data: Sequence[Any]) -> Message:
        return self._message("server_side", Target(), args=data)

    def _message(self, kind: str, target: Target, **more: Any) -> Message:
        content = {
            "kind": kind,
            "namespace": self._namespace,
            "rooms": None if target.rooms is None else sorted(target.rooms),
            "except_rooms": sorted(target.except_rooms),
            "volatile": target.volatile,
            "compress": target.compress,
            **more,
        }
        for name in (self._namespace, *(target.rooms or ()), *target.except_rooms):
            name.encode()  # raises for lone surrogates, as the other formats do
        payload = exact_json.dumps(content).encode()
        if len(payload) > LONGEST_REQUEST - len(BEGIN) - len(END):
            raise ValueError(f"a message of {len(payload)} bytes is too large")
        return Message("emit", b"", payload)


class ControlClient:
    """For one path. Not thread-safe."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.address = f"the server at {path}"

    def send(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Have the server carry them out in this order; None: it has."""
        results: list[Exception | None] = []
        for batch in _batches(messages):
            try:
                results += self._ask(batch)
            except (OSError, ValueError) as error:
                results += [error] * len(batch)
        return results

    def close(self) -> None:
        """There is nothing to close."""

    def _ask(self, batch: Sequence[Message]) -> list[Exception | None]:
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                return self._ask_once(batch)
            except _Busy as busy:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"it is busy for {TIMEOUT:g} s already ({busy})") from None
                time.sleep(PAUSE)

    def _ask_once(self, batch: Sequence[Message]) -> list[Exception | None]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT)
            try:
                connection.connect(self._path)
            except BlockingIOError:
                raise _Busy("many others connect") from None
            with connection.makefile("rb") as answers:
                try:
                    connection.sendall(BEGIN + b",".join(one.payload for one in batch) + END)
                    first = answers.readline()
                except ConnectionError:
                    first = b""
                if not first:  # closed, before the server has begun
                    raise _Busy("it has too many connections, or ends")
                answer = json.loads(first)
                if "begun" in answer:
                    answer = json.loads(answers.readline() or b'{"error": "it has ended"}')
        if "error" in answer:
            raise ConnectionError(answer["error"])
        return [None if error is None else RuntimeError(error) for error in answer["result"]]


class _Busy(Exception):
    """The server has not begun with the request: it may be sent again."""


def _batches(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Parts that fit into a request."""
    begin, size = 0, 0
    for index, message in enumerate(messages):
        length = len(message.payload) + 1
        if begin < index and len(BEGIN) + size + length + len(END) > LONGEST_REQUEST:
            yield messages[begin:index]
            begin, size = index, 0
        size += length
    if begin < len(messages):
        yield messages[begin:]
