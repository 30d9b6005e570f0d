"""The command's log on stderr, with the levels and formats of its options.

Its handler is on the root logger, as daphne's is, so that it also writes lines of the application
that no other handler writes. The application's own logging has precedence: a line that another
handler has written to the terminal is not written again, and if the application adds handlers to
the root logger, ours is removed. With --log-config only the file is used.
"""

from __future__ import annotations

import logging
import sys

from sioserve.log_config import apply_log_config
from sioserve.options import Options

ACCESS_LOGGER = "sioserve.access"
OWN_LOGGERS = ("sioserve", "sio")
LEVELS = {
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": 5,  # uvicorn's
}
BY_VERBOSITY = {0: logging.WARNING, 1: logging.INFO}  # logging.DEBUG above


class CommandLog:
    """begin() before the application is imported, application_is_imported() afterwards."""

    def __init__(self, options: Options, formatter: logging.Formatter) -> None:
        self._config = options.log_config
        self._access_log = options.settings.get("access_log") == "logging"
        self._chosen = options.log_level is not None or options.verbosity != 1
        if options.log_level is not None:
            self._level = LEVELS[options.log_level]
        else:
            self._level = BY_VERBOSITY.get(options.verbosity, logging.DEBUG)
        self._handler = logging.StreamHandler()
        self._handler.setFormatter(
            formatter if options.log_fmt is None else logging.Formatter(options.log_fmt)
        )
        self._handler.addFilter(_is_not_shown_yet)

    def begin(self) -> None:
        """Raises StartupError for an invalid file."""
        if self._config is not None:
            apply_log_config(self._config)
            self._set_chosen_levels()
            self._enable_access_log()
            return
        root = logging.getLogger()
        root.addHandler(self._handler)
        root.setLevel(self._level)
        for name in OWN_LOGGERS:
            logging.getLogger(name).setLevel(self._level)
        self._enable_access_log()
        if not self._chosen:  # it has a line for each connection
            logging.getLogger("sio").setLevel(logging.WARNING)

    def application_is_imported(self) -> None:
        """Remove the handler if the application has set up its own logging."""
        for name in list(logging.root.manager.loggerDict):
            if name.partition(".")[0] in OWN_LOGGERS:
                # A LOGGING setting without "disable_existing_loggers": False would disable our
                # loggers.
                logging.getLogger(name).disabled = False
        root = logging.getLogger()
        if self._config is None and any(one is not self._handler for one in root.handlers):
            root.removeHandler(self._handler)
            if logging.getLogger("sio").level == logging.WARNING:
                logging.getLogger("sio").setLevel(logging.NOTSET)
        self._set_chosen_levels()

    def _set_chosen_levels(self) -> None:
        if self._chosen:
            for name in OWN_LOGGERS:
                logging.getLogger(name).setLevel(self._level)

    def _enable_access_log(self) -> None:
        # If this option is set, the lines are wanted at any log level.
        access = logging.getLogger(ACCESS_LOGGER)
        if self._access_log and access.level == logging.NOTSET:
            access.setLevel(logging.INFO)


def _is_not_shown_yet(record: logging.LogRecord) -> bool:
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None and logger is not logging.root:
        if any(_shows(handler, record) for handler in logger.handlers):
            return False
        logger = logger.parent
    return True


def _shows(handler: logging.Handler, record: logging.LogRecord) -> bool:
    """Whether a handler writes to the terminal."""
    return (
        isinstance(handler, logging.StreamHandler)
        and handler.stream in (sys.stderr, sys.stdout)
        and record.levelno >= handler.level
        and bool(handler.filter(record))
    )
