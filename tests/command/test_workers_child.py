"""The side of a Python process of --workers."""

from __future__ import annotations

import errno
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest
from sioserve.workers.child import io_process_stopper
from sioserve.workers.process import PythonProcess


def test_only_the_process_that_started_this_one_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: stopped.append((pid, number)))
    stop = io_process_stopper()
    stop()
    assert stopped == [(os.getppid(), signal.SIGTERM)]
    monkeypatch.setattr(os, "getppid", lambda: 1)  # as when the I/O process has ended
    stop()
    assert len(stopped) == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_line_is_written_in_one_piece(unbuffered: str) -> None:
    program = """
import sys
from sioserve.workers.child import write_whole_lines
write_whole_lines()
print("one", 2, b"three")
print("an", "error", file=sys.stderr)
print("x" * 5000, "y" * 5000)
"""
    # Each write to such a socket is a message.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            subprocess.run(
                [sys.executable, "-c", program],
                stdout=theirs,
                stderr=theirs,
                env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
                check=True,
            )
        written = [ours.recv(100_000) for _ in range(4)]
    assert written[:2] == [b"one 2 b'three'\n", b"an error\n"]
    assert b"".join(written[2:]) == b"x" * 5000 + b" " + b"y" * 5000 + b"\n"


async def test_a_python_process_starts_with_its_signals_blocked(tmp_path: pathlib.Path) -> None:
    """A signal to all processes of a service would end it before Python has set its handlers."""
    blocked = tmp_path / "blocked"
    code = (
        "import pathlib, signal\n"
        "mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
        f"pathlib.Path({str(blocked)!r}).write_text(' '.join(sorted(s.name for s in mask)))\n"
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    process = PythonProcess([sys.executable, "-c", code], 1)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    assert await process.ended == 0
    assert blocked.read_text() == "SIGHUP SIGTTIN SIGTTOU SIGUSR1"


async def test_no_process_is_left_when_its_end_can_not_be_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pids = []

    def fail(pid: int) -> int:
        pids.append(pid)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", fail)
    descriptors = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="Too many open files"):
        PythonProcess([sys.executable, "-c", "import time; time.sleep(60)"], 1)
    assert not pathlib.Path(f"/proc/{pids[0]}").exists()
    assert len(os.listdir("/proc/self/fd")) == descriptors
