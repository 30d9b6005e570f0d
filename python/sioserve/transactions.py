"""What a request leaves on its thread, which the next request will use: transactions are ended."""

from __future__ import annotations

import logging
import time
from typing import Any

from sioserve.connections import connections_of_thread

logger = logging.getLogger("sioserve")


def end_transactions() -> None:
    """Close this thread's database connections that are in an atomic block; never raises.

    A thread that ends takes its transactions with it. A persistent thread must not hand them to the
    next request. Connections that tests share between threads are left alone.
    """
    for connection in connections_of_thread():
        if connection.in_atomic_block and not connection.allow_thread_sharing:
            _end(connection)


def leaves_something() -> bool:
    """Whether end_transactions() or Django's close_old_connections() would do something now."""
    return not all(map(_stays_open, connections_of_thread()))


def _stays_open(connection: Any) -> bool:
    """By the rules of close_if_unusable_or_obsolete(), which a backend may replace."""
    from django.db.backends.base.base import BaseDatabaseWrapper

    if (
        not isinstance(connection, BaseDatabaseWrapper)
        or type(connection).close_if_unusable_or_obsolete
        is not BaseDatabaseWrapper.close_if_unusable_or_obsolete
    ):
        return False
    return not connection.in_atomic_block and (
        connection.connection is None
        or (
            not connection.errors_occurred
            and connection.autocommit == connection.settings_dict.get("AUTOCOMMIT")
            and (connection.close_at is None or time.monotonic() < connection.close_at)
        )
    )


def _end(connection: Any) -> None:
    from django.db import connections

    logger.error(
        "A request has left a transaction open on the database %r; it is rolled back "
        "(docs/django.md#database-connections)",
        connection.alias,
    )
    try:
        connection.close()
    except Exception:
        logger.exception("a database connection can't be closed")
    del connections[connection.alias]  # the object still believes to be in the atomic block
