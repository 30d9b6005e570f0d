"""The child's side of --reload: the sockets that its parent has opened."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, MutableMapping
from typing import cast

from sioserve.options import FdEndpoint, Options, TcpEndpoint
from sioserve.options.endpoints import EndpointService

# Not SIOSERVE_*, because it is not an option.
VARIABLE = "_SIOSERVE_RELOAD"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)  # signals that the parent passes on
PR_SET_PDEATHSIG = 1


def child_environment(endpoints: Iterable[FdEndpoint]) -> dict[str, str]:
    """The variables for the child's environment."""
    return {VARIABLE: ",".join(f"{one.fd}:{one.service}" for one in endpoints)}


def is_child(environ: MutableMapping[str, str] = os.environ) -> bool:
    return VARIABLE in environ


def as_child(options: Options, environ: MutableMapping[str, str] = os.environ) -> Options:
    """The options of a child: no reload, and the parent's sockets. Once, in the main thread."""
    sockets = [_endpoint(text) for text in environ.pop(VARIABLE).split(",") if text]
    for one in sockets:
        if one.fd > 2:
            os.set_inheritable(one.fd, False)
    # The parent has blocked these signals, so signals during the start are pending.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    # If the parent is killed, the child must end and free the port.
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    others = [one for one in options.endpoints if not isinstance(one, (TcpEndpoint, FdEndpoint))]
    return options._replace(endpoints=(*sockets, *others), reload=False)


def _endpoint(text: str) -> FdEndpoint:
    fd, _, service = text.partition(":")
    return FdEndpoint(int(fd), cast(EndpointService, service))
