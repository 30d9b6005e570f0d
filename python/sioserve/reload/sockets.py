"""The parent's TCP sockets; it has no I/O thread that could open them."""

from __future__ import annotations

import socket

from sioserve.errors import StartupError
from sioserve.options import TcpEndpoint


def listen(endpoint: TcpEndpoint, backlog: int) -> socket.socket:
    """Raises StartupError."""
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(backlog)
    except OSError as error:
        raise StartupError(f"address {host}:{endpoint.port}: {error.strerror}") from None
    return listening
