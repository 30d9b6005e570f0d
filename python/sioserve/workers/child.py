"""The side of a Python process: the channel that it has inherited."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, MutableMapping

from sioserve.errors import StartupError

# Not SIOSERVE_*, because it is not an option.
VARIABLE = "_SIOSERVE_CHANNEL"
PR_SET_PDEATHSIG = 1
# Signals that replace, add and remove Python processes. Python processes get them too if they are
# sent to all processes of a service or of a terminal.
FOR_IO_PROCESS = (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU)
HELD = (*FOR_IO_PROCESS, signal.SIGUSR1)


def child_environment(fd: int) -> dict[str, str]:
    """The variables for the environment of a Python process."""
    return {VARIABLE: f"{fd}:{os.getpid()}"}


def is_child(environ: MutableMapping[str, str] = os.environ) -> bool:
    return VARIABLE in environ


def take_channel(environ: MutableMapping[str, str] = os.environ) -> socket.socket:
    """The channel to the I/O process. Once, in the main thread. This process ends with the other.

    Raises StartupError if the I/O process has ended already.
    """
    fd, parent = map(int, environ.pop(VARIABLE).split(":"))
    os.set_inheritable(fd, False)
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise StartupError("The I/O process has ended")
    return socket.socket(fileno=fd)


def ignore_signals_for_io_process() -> None:
    """Until runner.py installs its handlers."""
    for number in FOR_IO_PROCESS:
        signal.signal(number, signal.SIG_IGN)


def write_whole_lines() -> None:
    """Let `print()` write each line in one piece, because the processes share one output.

    With PYTHONUNBUFFERED, the parts of a line are written one by one; without it, and if the output
    is not a terminal, blocks of 8 KB are.
    """
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(line_buffering=True, write_through=False)


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Block the same signals in this thread for a while."""
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def unblock_signals() -> None:
    """The command blocks these signals (main.cc, command.py) until it has handlers for them."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)


def io_process_stopper() -> Callable[[], None]:
    """A function that stops the whole server, as SIGTERM to the I/O process does.

    It does nothing when that process has ended, and in children that this one makes by fork().
    """
    io_process = os.getppid()

    def stop() -> None:
        if os.getppid() == io_process:
            os.kill(io_process, signal.SIGTERM)

    return stop
