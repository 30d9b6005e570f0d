"""One database connection for all threads: in-memory SQLite for a server in the test's process.

Django keeps connections per thread. A view of an ASGI application runs in whatever thread asgiref
chooses for it, so the connections can't be handed to each thread that may need one; instead
`django.db.connections` looks into the shared ones first, in every thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connections


@contextlib.contextmanager
def shared_connections(shared: Mapping[str, Any]) -> Iterator[None]:
    """Until the end of the block, the connections of these aliases are those of all threads.

    Allowing them to be used by several threads (inc_thread_sharing) is the caller's business.
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
