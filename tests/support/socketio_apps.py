"""The applications in tests/blackbox/socketio_apps, and the records of their handlers."""

from __future__ import annotations

import pathlib
from typing import Any

import httpx

from .server import ServerProcess
from .waiting import eventually

APPS = pathlib.Path(__file__).resolve().parents[1] / "blackbox" / "socketio_apps"


def read_notes(server: ServerProcess, key: str) -> list[list[Any]]:
    """The notes of handlers under this key so far."""
    response = httpx.get(f"{server.url}/notes", params={"key": key}, timeout=60)
    return list(response.json())


def read_counts(server: ServerProcess) -> dict[str, int]:
    """The counters of the native server."""
    response = httpx.get(f"{server.url}/counts", timeout=60)
    return dict(response.json())


def read_present(server: ServerProcess) -> dict[str, int]:
    """The current numbers in counts()."""
    counts = read_counts(server)
    names = ("sessions", "polling_sessions", "sockets", "namespaces", "rooms")
    return {name: counts[name] for name in names}


def disconnects(server: ServerProcess, key: str) -> list[list[Any]]:
    """Waits for a disconnect handler; returns [reason, reference reason, rooms] of each call."""

    def called() -> list[list[Any]]:
        return [what[1:] for what in read_notes(server, key) if what[0] == "disconnect"]

    return eventually(called)
