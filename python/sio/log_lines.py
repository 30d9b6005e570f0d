"""Log lines about sending, and emits by the log handlers that get them.

A log handler that emits what it gets would feed itself, because each emit makes new debug lines of
the native server. So what is emitted while such a line is handled is dropped, with one warning. A
context variable tells: also in tasks that the handler starts, but not in a thread to which it hands
the line.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar

logger = logging.getLogger("sio.socketio.server")

_about_sending: ContextVar[bool] = ContextVar("sio_log_line_about_sending", default=False)
_warned_of: set[str] = set()


@contextlib.contextmanager
def about_sending() -> Iterator[None]:
    """What is logged in this block may be a consequence of an emit."""
    token = _about_sending.set(True)
    try:
        yield
    finally:
        _about_sending.reset(token)


def drops_emit(event: str) -> bool:
    """Whether this emit comes from the handler of a line that another emit may have caused."""
    if not _about_sending.get():
        return False
    if not _warned_of:
        _warned_of.add(event)
        logger.warning(
            "a log handler emits %r for a log line about sending events: this is dropped, because "
            "it would be logged and emitted again; give the handler no debug lines of 'sio'",
            event,
        )
    return True
