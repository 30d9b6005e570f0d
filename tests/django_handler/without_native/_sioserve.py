"""Stands for the extension module where it is not built: these tests need no server."""

from __future__ import annotations

from typing import Any

version = __version__ = "0"


def __getattr__(name: str) -> Any:
    return type(name, (), {})
