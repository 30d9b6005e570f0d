"""Observations of handlers, by a key that the client chose: the tests read them over HTTP."""

from __future__ import annotations

import threading
from typing import Any

_lock = threading.Lock()
_notes: dict[str, list[list[Any]]] = {}


def note(key: str, *what: Any) -> None:
    with _lock:
        _notes.setdefault(key, []).append(list(what))


def notes(key: str) -> list[list[Any]]:
    with _lock:
        return list(_notes.get(key, ()))
