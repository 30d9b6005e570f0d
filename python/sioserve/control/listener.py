"""Opens the control socket: with permissions for the owner only, from its creation on."""

from __future__ import annotations

import contextlib
import os
import socket
import stat

from sioserve.errors import ListenError
from sioserve.processes import has_ended, peer_of

BACKLOG = 16


class ControlSocket:
    """A listening Unix socket and its file."""

    def __init__(self, path: str) -> None:
        """Replaces the socket of a server that has ended. Raises ListenError."""
        self.path = os.path.abspath(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _remove_stale(self.path)
            # The file gets these permissions when bind() creates it.
            os.fchmod(self.socket.fileno(), 0o600)
            self.socket.bind(self.path)
            self._file = _identity(self.path)
            self.socket.listen(BACKLOG)
        except OSError as error:
            self.socket.close()
            reason = error.strerror or str(error)
            raise ListenError(f"The control socket {path} can't be opened: {reason}") from None
        except ListenError:
            self.socket.close()
            raise
        self.socket.setblocking(False)

    def close(self) -> None:
        """Remove the file too, if it is still this socket's."""
        self.socket.close()
        with contextlib.suppress(OSError):
            if _identity(self.path) == self._file:
                os.unlink(self.path)


def _remove_stale(path: str) -> None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise ListenError(f"{path} exists and is no socket; it is left as it is")
    if status.st_uid != os.geteuid():
        raise ListenError(f"{path} belongs to another user; it is left as it is")
    if not _is_stale(path):
        raise ListenError(f"A server already uses the control socket {path}")
    os.unlink(path)


def _is_stale(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except BlockingIOError:  # its backlog is full
            return False
        # A child that the server has made by fork() may keep the socket open after its end.
        pid = peer_of(probe)
        return pid > 0 and has_ended(pid)


def _identity(path: str) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino
