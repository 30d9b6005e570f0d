"""Logs: the format of log lines, the request id in them, and log files.

Lines of the I/O thread go to the loggers "sioserve", "sio.engineio" and "sio.socketio", so they
look like Python's own lines and are configured like them. A line about a request has its id,
whichever thread wrote it: `scope["extensions"]["sioserve.request_id"]`.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator

import _sioserve

# The loggers of the I/O thread; "sioserve.access" only if the access log goes to Python.
NATIVE_LOGGERS = ("sioserve", "sioserve.access", "sio.engineio", "sio.socketio")

FORMAT = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
FORMAT_IN_REQUEST = "%(asctime)s %(levelname)-8s %(name)s [%(request_id)s]: %(message)s"

NO_REQUEST = "-"
COLOURS = {
    logging.DEBUG: "\x1b[2m",
    logging.WARNING: "\x1b[33m",
    logging.ERROR: "\x1b[31m",
    logging.CRITICAL: "\x1b[1;31m",
}
RESET = "\x1b[0m"


def request_id() -> str | None:
    """The id of the current request (or WebSocket); None outside of one.

    Also in threads, if asgiref's sync_to_async() or contextvars copy the context.
    """
    return _sioserve.request_id.get()


class RequestIdFilter(logging.Filter):
    """Gives each record the attribute `request_id`, "-" outside of a request.

    For a LOGGING setting that uses %(request_id)s and also works without a server.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        add_request_id(record)
        return True


class Formatter(logging.Formatter):
    """The server's own format: with the request id if there is one, coloured on a terminal."""

    def __init__(self, *, colours: bool = False) -> None:
        super().__init__(FORMAT)
        self._in_request = logging.Formatter(FORMAT_IN_REQUEST)
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        in_request = getattr(record, "request_id", NO_REQUEST) != NO_REQUEST
        text = self._in_request.format(record) if in_request else super().format(record)
        colour = COLOURS.get(record.levelno) if self._colours else None
        return f"{colour}{text}{RESET}" if colour else text


def add_request_id(record: logging.LogRecord) -> None:
    if not hasattr(record, "request_id"):
        record.request_id = request_id() or NO_REQUEST


def add_request_ids_to_records() -> None:
    """From now on each log record of this process has the attribute `request_id`."""
    make_record = logging.getLogRecordFactory()
    if getattr(make_record, "adds_request_id", False):
        return

    def make_record_with_id(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        add_request_id(record)
        return record

    make_record_with_id.adds_request_id = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_record_with_id)


def terminal_formatter() -> Formatter:
    """For standard error; coloured where that is a terminal, unless NO_COLOR is set."""
    return Formatter(colours=sys.stderr.isatty() and not os.environ.get("NO_COLOR"))


def mirror_levels(server: _sioserve.Server) -> None:
    """Copy the levels to the I/O thread, so that disabled levels have no cost there."""
    for name in NATIVE_LOGGERS:
        server.set_log_level(name, logging.getLogger(name).getEffectiveLevel())


def reopen_files() -> threading.Thread:
    """Reopens the files of Python's logging, after they have been renamed.

    May be called from a signal handler: that can interrupt a handler in the middle of a line, so
    the work is done on a thread, which waits for the handler's lock.
    """
    thread = threading.Thread(target=_reopen_files, name="reopen-logs", daemon=True)
    thread.start()
    return thread


def _reopen_files() -> None:
    for handler in _file_handlers():
        handler.acquire()
        try:
            if handler.stream is not None:
                handler.stream.close()
                handler.mode = handler.mode.replace("w", "a")
                handler.stream = handler._open()
        except OSError as error:
            handler.stream = None  # type: ignore[assignment]
            logging.getLogger("sioserve").error("A log file can't be reopened: %s", error)
        finally:
            handler.release()


def _file_handlers() -> Iterator[logging.FileHandler]:
    loggers = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict)]
    seen = set()
    for logger in [logging.getLogger(), *loggers]:
        for handler in logger.handlers:
            if isinstance(handler, logging.FileHandler) and id(handler) not in seen:
                seen.add(id(handler))
                yield handler
