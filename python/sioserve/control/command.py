"""The commands `sioserve status`, `sioserve reload` and `sioserve stop`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from sioserve.control.client import NoServer, ask
from sioserve.control.paths import control_path
from sioserve.control.requests import COMMANDS, Command, RequestFailed
from sioserve.control.table import status_text
from sioserve.options import UsageError
from sioserve.options.environment import read_environment
from sioserve.options.sources import read
from sioserve.options.toml_file import read_toml

DONE, FAILED, NO_SERVER = 0, 1, 3
TIMEOUT = 10.0  # seconds

HELP = {
    "status": "Show the processes of a running server.",
    "reload": "Start new Python processes with new code, which replace the old ones.",
    "stop": "Stop a running server, as SIGTERM does; returns when it has ended.",
}
EPILOG = (
    "The server is that with the same --control or --pid, which may also be given as "
    "SIOSERVE_CONTROL or SIOSERVE_PID, or in the file that --config names. "
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no server answers."
)


def is_command(arguments: Sequence[str]) -> bool:
    """Whether the command line is one of these commands."""
    return bool(arguments) and arguments[0] in COMMANDS


def run_command(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Returns the exit status. Raises UsageError; SystemExit for --help."""
    request: Command = arguments[0]  # type: ignore[assignment]
    parsed = _parser(request).parse_args(arguments[1:])
    try:
        result = ask(_path(parsed, environ), request, parsed.timeout)
    except NoServer as error:
        print(f"sioserve: {error}", file=sys.stderr)
        return NO_SERVER
    except RequestFailed as error:
        print(f"sioserve: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    if request == "status":
        print(json.dumps(result, indent=2) if parsed.json else status_text(result))
    else:
        print("stopped" if request == "stop" else result)
    return DONE


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parser(request: Command) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"sioserve {request}", description=HELP[request], epilog=EPILOG, allow_abbrev=False
    )
    parser.add_argument("--control", metavar="PATH", help="path of the server's control socket")
    parser.add_argument("--pid", "--pidfile", metavar="FILE", help="the server's pid file")
    parser.add_argument("--config", metavar="FILE", help="the server's configuration file")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=TIMEOUT,
        help=f"time for the server to begin with its answer (default: {TIMEOUT:g})",
    )
    if request == "status":
        parser.add_argument("--json", action="store_true", help="show it as JSON")
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise ValueError
    return value


def _path(parsed: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """As the server finds it: the command line overrides the environment, which overrides the
    file.
    """
    given = {name: one.value for name, one in read(read_environment(environ)).items()}
    config = parsed.config or given.get("config")
    if config is not None:
        file = {name: one.value for name, one in read(read_toml(config)).items()}
        given = {**file, **given}
    path = control_path(parsed.control or given.get("control"), parsed.pid or given.get("pid"))
    if path is None:
        raise UsageError("name the server with --control PATH or --pid FILE")
    return path
