"""Event arguments as plain values: what a client would decode, by the native encoder's rules.

The native encoder (asgi-bridge/json.cc) writes JSON with attachments. Formats that hold bytes
inline are written from plain values: dict with str keys, list, str, int, float, bool, None, bytes.
A value that can't be encoded raises the native encoder's exceptions, with the path to the value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

MAX_DEPTH = 200


def plain_values(args: Sequence[Any], default: Callable[[Any], Any]) -> list[Any]:
    """The arguments as plain values. `default` converts other values; it raises TypeError.

    Raises TypeError or ValueError, with the path to the value ("$[1].price").
    """
    path: list[str] = []
    try:
        return [_plain(value, default, 1, path, f"[{i}]") for i, value in enumerate(args)]
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{error} at ${''.join(reversed(path))}") from error


def _plain(
    value: Any, default: Callable[[Any], Any], depth: int, path: list[str], step: str
) -> Any:
    """`step` leads to the value, and is added to `path` if it can't be encoded."""
    try:
        return _convert(value, default, depth, path)
    except (TypeError, ValueError):
        path.append(step)
        raise


def _convert(value: Any, default: Callable[[Any], Any], depth: int, path: list[str]) -> Any:
    if isinstance(value, str):
        return _text(value)
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        return int.__int__(value)  # an IntEnum is a number
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, memoryview):
        return value.tobytes()
    if depth >= MAX_DEPTH:
        raise ValueError("nested too deeply, or contains itself")
    depth += 1
    if isinstance(value, dict):
        found = {}
        for key, one in list(value.items()):  # `default` may change the dict
            name = _key(key)
            found[name] = _plain(one, default, depth, path, f".{key}")
        return found
    if isinstance(value, (list, tuple)):
        return [_plain(one, default, depth, path, f"[{i}]") for i, one in enumerate(value)]
    return _convert(default(value), default, depth, path)


def _text(value: str) -> str:
    if not value.isascii():
        value.encode()  # raises for lone surrogates
    return str.__str__(value)


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("NaN and infinity are not JSON")
    return float.__float__(value)


def _key(key: Any) -> str:
    """Numbers, booleans and None become their JSON text, as in the json module."""
    if isinstance(key, str):
        return _text(key)
    if key is None or isinstance(key, bool):
        return json.dumps(key)
    if isinstance(key, int):
        return int.__repr__(key)
    if isinstance(key, float):
        return float.__repr__(_number(key))
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")
