"""JSON that keeps bytes, for what one process tells another on the same machine."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

# The only key of an object that stands for bytes, as base64. In an object of the application with
# only this key, the value is in a list.
BYTES = "sio.bytes"


def dumps(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """The value as JSON. `default` converts what is neither JSON nor bytes, as in json.dumps().

    Raises TypeError and ValueError as json.dumps() does.
    """
    encode_other = None if default is None else lambda other: _encodable(default(other))
    return json.dumps(_encodable(value), default=encode_other)


def loads(text: str) -> Any:
    """What dumps() was given; tuples are lists."""
    return json.loads(text, object_hook=_decode)


def fault_of(value: Any, name: str) -> str | None:
    """What in the value would not be the same after dumps() and loads(), as a path that begins with
    `name`; None: it would be equal.
    """
    if isinstance(value, dict):
        for key, one in value.items():
            path = f"{name}[{key!r}]"
            if not isinstance(key, str):
                return path
            if fault := fault_of(one, path):
                return fault
        return None
    if isinstance(value, (list, tuple)):
        return next(filter(None, (fault_of(v, f"{name}[{i}]") for i, v in enumerate(value))), None)
    plain = value is None or isinstance(value, (str, int, float, bytes))
    return None if plain else name


def _encodable(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {BYTES}:
            return {BYTES: [_encodable(value[BYTES])]}
        return {key: _encodable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encodable(one) for one in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {BYTES: base64.b64encode(value).decode()}
    return value


def _decode(value: dict[str, Any]) -> Any:
    if value.keys() != {BYTES}:
        return value
    inner = value[BYTES]
    return {BYTES: inner[0]} if isinstance(inner, list) else base64.b64decode(inner)
