"""PythonProcess: one run of a Python process, as the I/O process sees it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence

from sioserve.workers.channel import Hello, Said, receive_hello
from sioserve.workers.child import child_environment, signals_held

logger = logging.getLogger("sioserve")


class PythonProcess:
    """A process that starts when this object is created, on the running event loop.

    Attributes:
        number: of its place among the processes; the process that replaces it has the same.
        name: for log lines.
        pid: its number in the system.
        ended: done, with the code of `subprocess.Popen`, when it has ended.
        hung: it is killed because it hangs.
    """

    def __init__(self, command: Sequence[str], number: int, folder: str | None = None) -> None:
        """`folder`: its working directory; None for that of this process. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._channel, other_end = socket.socketpair()
        # The child inherits that the signals are held.
        with other_end, _closed_by_errors(self._channel), signals_held():
            self._popen = subprocess.Popen(
                command,
                pass_fds=[other_end.fileno()],
                env={**os.environ, **child_environment(other_end.fileno())},
                cwd=folder,
            )
            try:
                self._pidfd = os.pidfd_open(self._popen.pid)
            except OSError:
                self._popen.kill()
                self._popen.wait()
                raise
        self._channel.setblocking(False)
        self._is_ready = False
        self._said_hello = False
        self._is_receiving = False
        self._reopen_when_ready = False
        self._started = time.monotonic()
        self.number = number
        self.hung = False
        self.pid = self._popen.pid
        self.name = f"Python process {number} (pid {self.pid})"
        self.ended: asyncio.Future[int] = loop.create_future()
        loop.add_reader(self._pidfd, self._has_ended)

    @property
    def is_ready(self) -> bool:
        """Whether its channel has been taken."""
        return self._is_ready

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._started

    async def hello(self) -> Said | None:
        """What it says when it is ready, or can't start; None if it ends before."""
        self._is_receiving = True
        try:
            said = await receive_hello(self._channel)
        finally:
            self._is_receiving = False
            if self.ended.done():
                self._channel.close()
        self._said_hello = isinstance(said, Hello)
        return said

    def take_channel(self) -> int:
        """A descriptor of the channel, which belongs to the caller; it is ready now.

        Raises OSError; then it is not ready.
        """
        fd = os.dup(self._channel.fileno())
        self._is_ready = True
        if self._reopen_when_ready:
            self.reopen_logs()
        return fd

    def send_signal(self, number: int) -> None:
        """Does nothing if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(number)

    def reopen_logs(self) -> None:
        """Let it reopen its log files. One that is starting does so when it is ready: before, it
        may not have a handler for the signal.
        """
        if self._is_ready:
            self.send_signal(signal.SIGUSR1)
        else:
            self._reopen_when_ready = True

    def dismiss(self) -> None:
        """End it before it has got any work."""
        if self._said_hello and not self._is_ready:
            self.end_channel()
        else:
            self.send_signal(signal.SIGKILL)

    def end_channel(self) -> None:
        """The end of the channel makes it shut down in order."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)

    def kill_if_running(self) -> None:
        if not self.ended.done():
            logger.error("%s does not end and is killed", self.name)
            self.send_signal(signal.SIGKILL)

    def describe_end(self) -> str:
        """How it has ended, for the log."""
        code = self.ended.result()
        if self.hung and code == -signal.SIGKILL:
            return "because it hung and was killed"
        return describe_end(code)

    def _has_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.end_channel()  # a child made by fork() may keep its other end open
        if not self._is_receiving:  # else hello() closes it: a closed socket would never wake it
            self._channel.close()
        code = self._popen.wait()
        if not self.ended.done():
            self.ended.set_result(code)


@contextlib.contextmanager
def _closed_by_errors(channel: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        channel.close()
        raise


def describe_end(code: int) -> str:
    """How a process has ended, for the log."""
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:
        return f"by signal {-code}"
