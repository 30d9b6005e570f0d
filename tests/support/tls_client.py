"""TLS connections of tests."""

from __future__ import annotations

import socket
import ssl

from support.raw_http import RawConnection


class TlsConnection(RawConnection):
    """A RawConnection that encrypts. Raises ssl.SSLError if the handshake fails.

    `before`: bytes in front of the ClientHello. `session`: to be resumed.
    """

    socket: ssl.SSLSocket

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext,
        *,
        host: str = "localhost",
        before: bytes = b"",
        session: ssl.SSLSession | None = None,
    ) -> None:
        super().__init__(port)
        plain: socket.socket = self.socket
        if before:
            plain.sendall(before)
        try:
            # Without close_notify, the end of the connection is an error.
            self.socket = context.wrap_socket(
                plain, server_hostname=host, session=session, suppress_ragged_eofs=False
            )
        except BaseException:
            plain.close()
            raise
