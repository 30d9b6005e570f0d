"""The messages of @socket.io/redis-adapter, as an emitter sends them.

PlainFormat is that of createAdapter() and of @socket.io/redis-emitter, ShardedFormat that of
createShardedAdapter() in its default mode "dynamic". Both are pure functions: they return the
command for Redis, with the channel and the payload. Values are plain (plain_values.py).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..target import Target

# Receivers ignore messages with their own uid; that of redis-emitter belongs to no server.
UID = "emitter"
EVENT = 2  # the type of a Socket.IO packet
SID_LENGTH = 20  # characters

# 2**53 - 1: up to here JavaScript tells whole numbers apart.
MAX_SAFE_INTEGER = 9_007_199_254_740_991

Pack = Callable[[Any], bytes]


class Message(NamedTuple):
    """One message. For Redis, the command is PUBLISH or SPUBLISH."""

    command: str
    channel: bytes
    payload: bytes


class Format(ABC):
    """Messages to the servers of one namespace.

    All methods raise ValueError for names that are not valid Unicode. An empty `target.rooms`
    reaches nobody and must not come here: on the wire, it means all.
    """

    @abstractmethod
    def event(self, data: Sequence[Any], target: Target) -> Message:
        """An event for clients; `data` is [event name, *arguments]."""

    @abstractmethod
    def join(self, target: Target, rooms: Sequence[str]) -> Message:
        """Sockets join rooms."""

    @abstractmethod
    def leave(self, target: Target, rooms: Sequence[str]) -> Message:
        """Sockets leave rooms."""

    @abstractmethod
    def disconnect(self, target: Target, close: bool) -> Message:
        """Sockets are disconnected from the namespace or, with `close`, from the server."""

    @abstractmethod
    def server_side_event(self, data: Sequence[Any]) -> Message:
        """An event for the servers."""


class RedisFormat(Format):
    """Of the adapters for Redis. `pack` encodes MessagePack."""

    def __init__(self, prefix: str, namespace: str, pack: Pack) -> None:
        self._prefix = prefix
        self._namespace = namespace
        self._pack = pack


class PlainFormat(RedisFormat):
    """PUBLISH and SUBSCRIBE."""

    def event(self, data: Sequence[Any], target: Target) -> Message:
        options = {
            "rooms": _rooms(target.rooms),
            "flags": _flags(target),
            "except": _rooms(target.except_rooms),
        }
        packet = {"type": EVENT, "data": list(data), "nsp": self._namespace}
        channel = f"{self._prefix}#{self._namespace}#"
        if target.rooms is not None and len(target.rooms) == 1:
            channel += f"{next(iter(target.rooms))}#"
        return Message("PUBLISH", channel.encode(), self._pack([UID, _packable(packet), options]))

    def join(self, target: Target, rooms: Sequence[str]) -> Message:
        return self._request({"type": 2, "opts": self._options(target), "rooms": list(rooms)})

    def leave(self, target: Target, rooms: Sequence[str]) -> Message:
        return self._request({"type": 3, "opts": self._options(target), "rooms": _rooms(rooms)})

    def disconnect(self, target: Target, close: bool) -> Message:
        return self._request({"type": 4, "opts": self._options(target), "close": close})

    def server_side_event(self, data: Sequence[Any]) -> Message:
        return self._request({"uid": UID, "type": 6, "data": _as_javascript(data)})

    def _request(self, content: dict[str, Any]) -> Message:
        channel = f"{self._prefix}-request#{self._namespace}#"
        return Message("PUBLISH", channel.encode(), _json(content))

    @staticmethod
    def _options(target: Target) -> dict[str, Any]:
        return {"rooms": _rooms(target.rooms), "except": _rooms(target.except_rooms)}


class ShardedFormat(RedisFormat):
    """SPUBLISH and SSUBSCRIBE, of Redis 7."""

    def event(self, data: Sequence[Any], target: Target) -> Message:
        room = ""
        if target.rooms is not None and len(target.rooms) == 1:
            (room,) = target.rooms
        # Servers subscribe to the rooms that are not the id of a socket, told by the length.
        to = "" if _length(room) == SID_LENGTH else room
        packet = {"type": EVENT, "data": list(data)}
        return self._message(3, {"packet": packet, "opts": self._options(target)}, to)

    def join(self, target: Target, rooms: Sequence[str]) -> Message:
        return self._message(4, {"opts": self._options(target), "rooms": list(rooms)})

    def leave(self, target: Target, rooms: Sequence[str]) -> Message:
        return self._message(5, {"opts": self._options(target), "rooms": _rooms(rooms)})

    def disconnect(self, target: Target, close: bool) -> Message:
        return self._message(6, {"opts": self._options(target), "close": close})

    def server_side_event(self, data: Sequence[Any]) -> Message:
        return self._message(9, {"packet": list(data)})

    def _message(self, kind: int, data: dict[str, Any], room: str = "") -> Message:
        content = {"type": kind, "data": data, "uid": UID, "nsp": self._namespace}
        payload = self._pack(_packable(content)) if _has_bytes(data) else _json(content)
        channel = f"{self._prefix}#{self._namespace}#" + (f"{room}#" if room else "")
        return Message("SPUBLISH", channel.encode(), payload)

    @staticmethod
    def _options(target: Target) -> dict[str, Any]:
        return {
            "rooms": _rooms(target.rooms),
            "except": _rooms(target.except_rooms),
            "flags": _flags(target),
        }


def _rooms(rooms: Iterable[str] | None) -> list[str | int]:
    """The rooms, sorted; a room of digits in both forms that it may have in a server of Node: there
    42 and "42" are different rooms, here the same.
    """
    names = sorted(rooms or ())
    return [*names, *(int(name) for name in names if _is_number(name))]


def _is_number(name: str) -> bool:
    is_digits = name.isascii() and name.isdigit() and len(name) <= 16
    return is_digits and str(int(name)) == name and int(name) <= MAX_SAFE_INTEGER


def _flags(target: Target) -> dict[str, bool]:
    flags = {}
    if target.volatile:
        flags["volatile"] = True
    if not target.compress:
        flags["compress"] = False
    return flags


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _length(text: str) -> int:
    """As JavaScript counts it."""
    return len(text.encode("utf-16-le")) // 2


def _has_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_bytes, value.values()))
    if isinstance(value, list):
        return any(map(_has_bytes, value))
    return isinstance(value, bytes)


def _packable(value: Any) -> Any:
    """MessagePack has no whole numbers beyond 64 bits: they become what JavaScript reads from their
    digits, a double. Raises ValueError for those that a double can't hold.
    """
    if isinstance(value, dict):
        return {key: _packable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_packable(one) for one in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        try:
            return float(value)
        except OverflowError:
            raise ValueError("a whole number is too large to be sent through Redis") from None
    return value


def _as_javascript(value: Any) -> Any:
    """As JSON.stringify() writes Buffers."""
    if isinstance(value, bytes):
        return {"type": "Buffer", "data": list(value)}
    if isinstance(value, dict):
        return {key: _as_javascript(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_javascript(one) for one in value]
    return value
