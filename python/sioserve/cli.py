"""The command line: `sioserve project.asgi:application`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence

from sioserve import __version__
from sioserve.errors import Interrupted, StartupError
from sioserve.loader import load_application
from sioserve.options import Options
from sioserve.runner import run

STARTUP_FAILURE = 3
INTERRUPTED = 128 + signal.SIGINT
LOGGERS = ("sioserve", "sio")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status (0 stopped, 3 could not start, 130 interrupted
    while starting).

    Raises SystemExit with 2 for bad usage and 0 for --help and --version.
    """
    namespace = _parser().parse_args(arguments)
    handler = _log_to_stderr()
    sys.path.insert(0, os.getcwd())
    try:
        application = load_application(namespace.application)
        _respect_logging_of_the_application(handler)
        options = Options(
            host=namespace.bind, port=namespace.port, socketio_path=namespace.socketio_path
        )
        run(application, options)
    except StartupError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        print(f"sioserve: {error}", file=sys.stderr)
        return STARTUP_FAILURE
    except Interrupted as error:
        return error.status
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sioserve",
        description="Serve an ASGI application over HTTP, WebSocket and Socket.IO.",
        epilog="Example: sioserve project.asgi:application --port 8000",
    )
    parser.add_argument(
        "application", help='the ASGI application as module:attribute, "project.asgi:application"'
    )
    parser.add_argument(
        "-b",
        "--bind",
        metavar="HOST",
        default=Options.host,
        help="address to listen on (default: %(default)s)",
    )
    parser.add_argument(
        "-p",
        "--port",
        type=_port,
        default=Options.port,
        help="port to listen on, 0 for any free one (default: %(default)s)",
    )
    parser.add_argument(
        "--socketio-path",
        metavar="PATH",
        type=_path,
        default=Options.socketio_path,
        help="where Socket.IO namespaces that are registered natively and the JavaScript client "
        "are served (default: %(default)s)",
    )
    parser.add_argument("--version", action="version", version=f"sioserve {__version__}")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is not a port number (0 to 65535)')
    return int(text)


def _path(text: str) -> str:
    path = "/" + text.strip("/")
    if path == "/" or any(character in path for character in "?# "):
        raise argparse.ArgumentTypeError(f'"{text}" is not a path such as "/socket.io"')
    return path


def _log_to_stderr() -> logging.Handler:
    # Not on the root logger: what Django prints itself would come out twice.
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-8s %(name)s: %(message)s"))
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    logging.getLogger("sioserve").setLevel(logging.INFO)
    return handler


def _respect_logging_of_the_application(handler: logging.Handler) -> None:
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in LOGGERS:
            # A LOGGING setting without "disable_existing_loggers": False would silence the server.
            logging.getLogger(name).disabled = False
    if logging.getLogger().handlers:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(handler)
