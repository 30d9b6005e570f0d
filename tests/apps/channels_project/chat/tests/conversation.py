"""Two clients in a room, instead of two browsers."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from websockets.sync.client import ClientConnection, connect


@contextlib.contextmanager
def client(url: str, room: str) -> Iterator[ClientConnection]:
    origin: Any = "http" + url.removeprefix("ws")
    with connect(f"{url}/ws/chat/{room}/", origin=origin, proxy=None) as websocket:
        yield websocket


def say(websocket: ClientConnection, message: str) -> None:
    websocket.send(json.dumps({"message": message}))


def hear(websocket: ClientConnection) -> str:
    message: str = json.loads(websocket.recv(timeout=30))["message"]
    return message


def archive(url: str, room: str) -> list[str]:
    """The messages that a synchronous consumer reads from the database."""
    origin: Any = "http" + url.removeprefix("ws")
    with connect(f"{url}/ws/archive/", origin=origin, proxy=None) as websocket:
        websocket.send(json.dumps({"room": room}))
        messages: list[str] = json.loads(websocket.recv(timeout=30))["messages"]
        return messages
