"""Log lines about sending, and emits by the log handlers that get them.

A log handler that emits what it gets would feed itself, because each emit makes new debug lines of
the native server. So what is emitted while such a line is handled is dropped, with one warning. A
context variable tells, also in tasks that the handler starts.

A QueueListener handles the line in a thread of its own, with another context. So the line's record
is marked, and emit() looks for logging's functions that handle a marked record among its callers.
It does so only in a process where a record has been marked.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from types import FrameType

logger = logging.getLogger("sio.socketio.server")

MARK = "sio_about_sending"  # an attribute of the records
HANDLING = frozenset(
    {logging.Handler.handle.__code__, logging.handlers.QueueListener.handle.__code__}
)

_about_sending: ContextVar[bool] = ContextVar("sio_log_line_about_sending", default=False)
_marked: set[str] = set()  # {MARK} from the first line about sending on
_warned_of: set[str] = set()


@contextlib.contextmanager
def about_sending() -> Iterator[dict[str, bool]]:
    """What is logged in this block may be a consequence of an emit. Gives the `extra` for it."""
    _marked.add(MARK)
    token = _about_sending.set(True)
    try:
        yield {MARK: True}
    finally:
        _about_sending.reset(token)


def drops_emit(event: str) -> bool:
    """Whether this emit comes from the handler of a line that another emit may have caused."""
    if not _about_sending.get() and not (_marked and _handles_marked_record()):
        return False
    if not _warned_of:
        _warned_of.add(event)
        logger.warning(
            "a log handler emits %r for a log line about sending events: this is dropped, because "
            "it would be logged and emitted again; give the handler no debug lines of 'sio'",
            event,
        )
    return True


def _handles_marked_record() -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code in HANDLING and hasattr(frame.f_locals.get("record"), MARK):
            return True
        frame = frame.f_back
    return False
