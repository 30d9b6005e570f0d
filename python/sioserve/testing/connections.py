"""One database connection for all threads: in-memory SQLite for a server in the test's process.

Django keeps connections per thread. A view of an ASGI application runs in a thread that asgiref
chooses, so the connections can't be passed to each thread. Instead, `django.db.connections` looks
up the shared connections first, in every thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connections


@contextlib.contextmanager
def shared_connections(shared: Mapping[str, Any]) -> Iterator[None]:
    """Until the end of the block, all threads use these connections.

    The caller must allow sharing between threads (inc_thread_sharing).
    """
    if not shared:
        yield
        return
    own = connections._connections
    connections._connections = _SharedFirst(shared, own)
    try:
        yield
    finally:
        connections._connections = own


class _SharedFirst:
    """Attributes by alias, as django.db.connections keeps them in an asgiref Local."""

    def __init__(self, shared: Mapping[str, Any], own: Any) -> None:
        self.__dict__.update(_shared=dict(shared), _own=own)

    def __getattr__(self, alias: str) -> Any:
        shared = self._shared.get(alias)
        return getattr(self._own, alias) if shared is None else shared

    def __setattr__(self, alias: str, connection: Any) -> None:
        setattr(self._own, alias, connection)

    def __delattr__(self, alias: str) -> None:
        delattr(self._own, alias)
