"""What the kernel knows of processes."""

from __future__ import annotations

import os


def rss_of(pid: int) -> int:
    """The resident memory of a process in bytes; 0 if it has ended."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
