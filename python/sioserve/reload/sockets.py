"""The parent's TCP sockets; it has no I/O thread that could open them.

They are the same that the server would open (server/net/listening_socket.cc): one for each address
of a host name.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import Any

from sioserve.errors import StartupError
from sioserve.options import TcpEndpoint

NOT_OF_THIS_MACHINE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listen(endpoint: TcpEndpoint, backlog: int) -> list[socket.socket]:
    """Raises StartupError."""
    sockets: list[socket.socket] = []
    unusable: OSError | None = None
    try:
        found = socket.getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, _, _, _, (host, port, *more) in found:
            if sockets and not endpoint.port:
                port = sockets[0].getsockname()[1]
            try:
                one = _listen_on(family, (host, port, *more), backlog, alone=len(found) == 1)
            except OSError as error:
                if error.errno not in NOT_OF_THIS_MACHINE:
                    raise
                unusable = error
            else:
                sockets.append(one)
        if unusable is not None and not sockets:
            raise unusable
    except OSError as error:
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        raise StartupError(f"address {host}:{endpoint.port}: {error.strerror}") from None
    return sockets


def _listen_on(
    family: int, address: tuple[Any, ...], backlog: int, *, alone: bool
) -> socket.socket:
    with contextlib.ExitStack() as on_failure:
        listening = on_failure.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if alone else 1)
        listening.bind(address)
        listening.listen(backlog)
        on_failure.pop_all()
    return listening
