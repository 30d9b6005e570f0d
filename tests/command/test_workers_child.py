"""The side of a Python process of --workers."""

from __future__ import annotations

import os
import signal

import pytest
from sioserve.workers.child import io_process_stopper


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
