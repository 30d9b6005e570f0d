"""What the kernel knows of processes."""

from __future__ import annotations

import os
import socket
import struct

CREDENTIALS = struct.Struct("3i")  # of SO_PEERCRED: pid, uid, gid


def rss_of(pid: int) -> int:
    """The resident memory of a process in bytes; 0 if it has ended."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def peer_of(connection: socket.socket) -> int:
    """The pid of the process that listens, or has listened, on this connection's Unix socket; 0 if
    it is in another PID namespace.
    """
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    pid, _, _ = CREDENTIALS.unpack(packed)
    return int(pid)


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
