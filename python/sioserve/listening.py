"""Listening: makes the server listen on endpoints, and on sockets from systemd."""

from __future__ import annotations

import contextlib
import os

import _sioserve

from sioserve.options import Endpoint, TcpEndpoint, UnixEndpoint
from sioserve.options.endpoints import FIRST_SYSTEMD_FD


def listen(server: _sioserve.Server, endpoint: Endpoint) -> str:
    """Returns the address for log lines; raises OSError with a readable message."""
    if isinstance(endpoint, TcpEndpoint):
        return server.listen_tcp(endpoint.host, endpoint.port)
    if isinstance(endpoint, UnixEndpoint):
        return server.listen_unix(endpoint.path, endpoint.mode)
    return server.listen_fd(endpoint.fd)


def take_activated_sockets() -> list[int]:
    """The descriptors that systemd's socket activation passes to this process.

    As sd_listen_fds(3) does with unset_environment: the variables are removed and the descriptors
    are not inherited by children, so that no child uses the sockets. Call it once, before any
    process is started.
    """
    names = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")
    values = {name: os.environ.pop(name, "") for name in names}
    if values["LISTEN_PID"] != str(os.getpid()) or not values["LISTEN_FDS"].isdecimal():
        return []
    fds = list(range(FIRST_SYSTEMD_FD, FIRST_SYSTEMD_FD + int(values["LISTEN_FDS"])))
    for fd in fds:
        with contextlib.suppress(OSError):  # listen() reports a descriptor that is not open
            os.set_inheritable(fd, False)
    return fds
