"""Observations of an application, which its tests query."""

from __future__ import annotations

from typing import Any

SEEN: dict[str, dict[str, Any]] = {}


def see(key: str, name: str, value: Any) -> None:
    SEEN.setdefault(key, {})[name] = value
