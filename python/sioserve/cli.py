"""The command line: `sioserve project.asgi:application`; `sioserve status` and others."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence

from sioserve import logs
from sioserve.command_log import CommandLog
from sioserve.control.command import is_command, run_command
from sioserve.descriptors import descriptor_shortage, open_standard_descriptors
from sioserve.django.installation import use_own_handler
from sioserve.errors import Interrupted, StartupError
from sioserve.listening import take_activated_sockets
from sioserve.loader import load_application
from sioserve.options import Options, UsageError, resolve
from sioserve.reload.child import as_child, is_child
from sioserve.sio_package import check_sio_package
from sioserve.startup_objects import collect_as_before, collect_rarely
from sioserve.systemd import Notifier, take_notifier
from sioserve.this_command import this_command
from sioserve.workers.channel import failures_told
from sioserve.workers.child import (
    ignore_signals_for_io_process,
    take_channel,
    unblock_signals,
    write_whole_lines,
)
from sioserve.workers.child import is_child as is_python_process

logger = logging.getLogger("sioserve")

BAD_USAGE = 2
STARTUP_FAILURE = 3
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status (0 stopped, 3 could not start, 130 interrupted
    while starting); that of `sioserve status` and the like.

    Raises SystemExit with 2 for bad usage and 0 for --help and --version.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    open_standard_descriptors()
    if is_command(arguments):
        unblock_signals()
        return _run_command(arguments)
    activated = take_activated_sockets()
    notifier = take_notifier()
    # Log rotation may send SIGUSR1 while the server starts; runner.py installs the real handler.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if is_python_process():
        ignore_signals_for_io_process()
        unblock_signals()
        write_whole_lines()
    try:
        channel = take_channel() if is_python_process() else None
        with failures_told(channel):
            return _serve(arguments, activated, notifier, channel)
    except UsageError as error:
        raise _bad_usage(error, "sioserve --help lists all options") from None
    except StartupError as error:
        return _could_not_start(descriptor_shortage(error) or error)
    except OSError as error:
        if (lack := descriptor_shortage(error)) is None:
            raise
        return _could_not_start(lack)
    except Interrupted as error:
        return error.status
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        collect_as_before()


def _serve(
    arguments: Sequence[str],
    activated: Sequence[int],
    notifier: Notifier,
    channel: socket.socket | None,
) -> int:
    collect_rarely()
    check_sio_package()
    from sioserve.runner import run, run_python_process  # imports `sio`

    options = resolve(arguments, activated=activated)
    if options.workers is None:  # else IoService has handlers for them
        unblock_signals()
    log = CommandLog(options, logs.terminal_formatter())
    logs.add_request_ids_to_records()
    log.begin()
    if is_child():
        options = as_child(options)
    elif options.reload:
        from sioserve.reload.parent import Parent  # imports much that only it needs

        collect_as_before()
        return Parent(options, arguments).run()
    if channel is None and options.workers is not None:
        return _run_io_process(arguments, options, notifier)
    sys.path.insert(0, os.path.abspath(options.app_dir))
    if options.django_handler == "auto":
        use_own_handler()
    application = load_application(options.application, factory=options.factory)
    log.application_is_imported()
    if channel is not None:
        run_python_process(application, options, channel)
        return 0
    _log_warnings(options)
    run(application, options, notifier)
    return 0


def _run_io_process(arguments: Sequence[str], options: Options, notifier: Notifier) -> int:
    from sioserve.runner import run_service
    from sioserve.workers.io_service import IoService

    _log_warnings(options)
    services: list[IoService] = []

    def make(stop: Callable[[], None]) -> IoService:
        services.append(IoService([*this_command(), *arguments], options, notifier))
        return services[0]

    run_service(make, options, notifier)
    return services[0].status


def _run_command(arguments: Sequence[str]) -> int:
    try:
        return run_command(arguments)
    except UsageError as error:
        raise _bad_usage(error, f"sioserve {arguments[0]} --help lists all options") from None


def _bad_usage(error: UsageError, hint: str) -> SystemExit:
    print(f"sioserve: {error} ({hint})", file=sys.stderr)
    return SystemExit(BAD_USAGE)


def _log_warnings(options: Options) -> None:
    for warning in options.warnings:
        logger.warning("%s", warning)


def _could_not_start(error: StartupError) -> int:
    if error.__cause__ is not None:
        traceback.print_exception(error.__cause__)
    print(f"sioserve: {error}", file=sys.stderr)
    return STARTUP_FAILURE
