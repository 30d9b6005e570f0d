"""The child's side of --reload: the sockets that its parent has opened for it."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import signal
from collections.abc import Iterable, MutableMapping

from sioserve.options import FdEndpoint, Options, TcpEndpoint

# Not SIOSERVE_*: it is no option.
VARIABLE = "_SIOSERVE_RELOAD"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)  # which the parent passes on
PR_SET_PDEATHSIG = 1


def handed_over(fds: Iterable[int]) -> dict[str, str]:
    """What the child's environment has to hold."""
    return {VARIABLE: ",".join(map(str, fds))}


def is_child(environ: MutableMapping[str, str] = os.environ) -> bool:
    return VARIABLE in environ


def as_child(options: Options, environ: MutableMapping[str, str] = os.environ) -> Options:
    """The options of a child: no reload, and the parent's sockets. Once, in the main thread."""
    fds = [int(fd) for fd in environ.pop(VARIABLE).split(",") if fd]
    for fd in fds:
        if fd > 2:
            os.set_inheritable(fd, False)
    # The parent has blocked them; those that came meanwhile have waited.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    # A parent that is killed must not leave somebody behind who holds the port.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    others = [one for one in options.endpoints if not isinstance(one, (TcpEndpoint, FdEndpoint))]
    endpoints = (*(FdEndpoint(fd) for fd in fds), *others)
    return dataclasses.replace(options, endpoints=endpoints, reload=False)
