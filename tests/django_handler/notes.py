"""What views, middleware and receivers of signals have seen, with their threads."""

from __future__ import annotations

import threading
from typing import Any

notes: list[tuple[str, int]] = []
values: dict[str, Any] = {}


def note(what: str) -> None:
    notes.append((what, threading.get_ident()))


def noted() -> list[str]:
    return [what for what, _ in notes]


def threads(*what: str) -> set[int]:
    """The threads of these notes, of all if none are named."""
    return {thread for name, thread in notes if not what or name in what}
