"""Processes that Python processes have left behind.

Their parent is the I/O process then, if it is process 1 of a container, or a "subreaper". It has
to wait for them, or they stay as zombies.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Set as AbstractSet

PR_GET_CHILD_SUBREAPER = 37


def gets_orphans() -> bool:
    """Whether this process becomes the parent of processes that lose theirs."""
    found = ctypes.c_int(0)
    ctypes.CDLL(None).prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(found))
    return os.getpid() == 1 or found.value != 0


def reap_orphans(own: AbstractSet[int]) -> None:
    """Wait for children that have ended, up to the first one of the pids `own`: others wait for
    these.

    In the I/O process, which has no children but its Python processes.
    """
    with contextlib.suppress(ChildProcessError):  # there are no children
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or ended.si_pid in own:
                return
            os.waitpid(ended.si_pid, os.WNOHANG)
