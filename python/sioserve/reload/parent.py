"""The parent's side of --reload: owns the sockets, and runs a child that serves.

Threads wait for file changes, for signals and for the end of the child, and put events into one
queue, which the main thread handles.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from sioserve.options import FdEndpoint, Options, TcpEndpoint
from sioserve.reload.changes import changes
from sioserve.reload.child import SIGNALS, child_environment
from sioserve.reload.sockets import listen
from sioserve.reload.watched import watched_by
from sioserve.this_command import this_command

logger = logging.getLogger("sioserve")

FROM_KERNEL = 128  # SI_KERNEL in siginfo_t: the terminal sent it to all its foreground processes
PATIENCE = 3.0  # seconds for each attempt to end a child


@dataclasses.dataclass(frozen=True)
class FileChanged:
    path: str


@dataclasses.dataclass(frozen=True)
class Signalled:
    number: int
    to_all: bool
    time: float


@dataclasses.dataclass(frozen=True)
class ChildEnded:
    code: int


class Parent:
    """Runs one child after the other until a signal ends it; run() once, in the main thread."""

    def __init__(self, options: Options, arguments: Sequence[str]) -> None:
        self._options = options
        self._command = [*this_command(), *arguments]
        self._watched = watched_by(options)
        self._sockets = [
            (one, endpoint.service)
            for endpoint in options.endpoints
            if isinstance(endpoint, TcpEndpoint)
            for one in listen(endpoint, options.settings["backlog"])
        ]
        inherited = [one for one in options.endpoints if isinstance(one, FdEndpoint)]
        self._endpoints = [
            *(FdEndpoint(one.fileno(), service) for one, service in self._sockets),
            *inherited,
        ]
        self._events: queue.SimpleQueue[FileChanged | Signalled | ChildEnded] = queue.SimpleQueue()
        self._child: subprocess.Popen[bytes] | None = None
        self._child_started = 0.0
        self._restarting = False
        self._stopping = False

    def run(self) -> int:
        """The exit status: that of the last child."""
        # Each child inherits the mask and unblocks the signals.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        threading.Thread(target=self._watch_files, daemon=True).start()
        threading.Thread(target=self._watch_signals, daemon=True).start()
        self._start_child()
        status = None
        while status is None:
            event = self._events.get()
            if isinstance(event, FileChanged):
                self._file_changed(event.path)
            elif isinstance(event, Signalled):
                status = self._signalled(event)
            else:
                status = self._child_ended(event.code)
        return status

    def _file_changed(self, path: str) -> None:
        if self._stopping or self._restarting:
            return
        logger.info("Restarting: %s has changed", os.path.relpath(path))
        if self._child is None:
            self._start_child()
        else:
            self._restarting = True
            threading.Thread(target=_end, args=(self._child,), daemon=True).start()

    def _signalled(self, event: Signalled) -> int | None:
        if event.number != signal.SIGUSR1:  # SIGUSR1 only reopens log files
            self._stopping = True
        if self._child is None:
            return 0 if self._stopping else None
        # The terminal sends a signal to the child as well, if it is already running.
        if not event.to_all or event.time < self._child_started:
            self._child.send_signal(event.number)
        return None

    def _child_ended(self, code: int) -> int | None:
        self._child = None
        if self._stopping:
            return code
        if self._restarting:
            self._restarting = False
            self._start_child()
            return None
        if code == 0:
            return code
        logger.warning("The server has ended with exit code %d; waiting for a change", code)
        return None

    def _start_child(self) -> None:
        self._child_started = time.monotonic()
        self._child = subprocess.Popen(
            self._command,
            pass_fds=[one.fd for one in self._endpoints],
            env={**os.environ, **child_environment(self._endpoints)},
        )
        threading.Thread(target=self._watch_child, args=(self._child,), daemon=True).start()

    def _watch_child(self, child: subprocess.Popen[bytes]) -> None:
        code = child.wait()
        self._events.put(ChildEnded(128 - code if code < 0 else code))

    def _watch_files(self) -> None:
        for path in changes(self._watched, self._options.reload_delay):
            self._events.put(FileChanged(path))

    def _watch_signals(self) -> None:
        while True:
            info = signal.sigwaitinfo(SIGNALS)
            to_all = info.si_code == FROM_KERNEL
            self._events.put(Signalled(info.si_signo, to_all, time.monotonic()))


def _end(child: subprocess.Popen[bytes]) -> None:
    """Stop the child gracefully, then immediately, then kill it."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE)
            return
