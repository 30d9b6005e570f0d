"""The database connections of the current thread, which must not be an event loop's.

Django's functions of the same names take ten times as long if nothing is in use: they run into an
exception for each database.
"""

from __future__ import annotations

import functools
import threading
from typing import Any


def connections_of_thread() -> list[Any]:
    """As `connections.all(initialized_only=True)`."""
    connections = _django_db().connections
    storage = getattr(getattr(connections, "_connections", None), "_storage", None)
    if not isinstance(storage, threading.local):  # another asgiref
        return list(connections.all(initialized_only=True))
    found = storage.__dict__
    return [found[alias] for alias in connections if alias in found] if found else []


def reset_queries() -> None:
    """As django.db.reset_queries()."""
    for connection in connections_of_thread():
        connection.queries_log.clear()


def close_old_connections() -> None:
    """As django.db.close_old_connections()."""
    for connection in connections_of_thread():
        connection.close_if_unusable_or_obsolete()


@functools.cache
def _django_db() -> Any:
    from django import db

    return db
