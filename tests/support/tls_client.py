"""TLS connections of tests."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable
from typing import TypeVar

from support.raw_http import ConnectionEnded, RawConnection

T = TypeVar("T")


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


def client_hello(context: ssl.SSLContext) -> bytes:
    """The first message of a handshake."""
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake has ended without a server")


class CutTlsConnection:
    """A client that cuts everything it sends into parts, each sent on its own.

    `before`: bytes in front of the ClientHello, which are cut together with it.
    """

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext,
        cut: Callable[[bytes], Iterable[bytes]],
        *,
        before: bytes = b"",
    ) -> None:
        self._cut = cut
        self._waiting = before
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")
        self._raw = RawConnection(port)
        self._raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._receive_for(self._tls.do_handshake)
        except BaseException:
            self._raw.socket.close()
            raise

    def __enter__(self) -> CutTlsConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.socket.close()

    def get(self, target: str) -> bytes:
        """The whole response; the connection ends with it."""
        request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        self._tls.write(request.encode())
        answer = b""
        while part := self._receive_for(self._read):
            answer += part
        return answer

    def _read(self) -> bytes:
        try:
            return self._tls.read(65536)
        except ssl.SSLZeroReturnError:
            return b""

    def _receive_for(self, step: Callable[[], T]) -> T:
        """Repeats the step, with more bytes of the server each time, until it is done."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._raw.socket.recv(65536)
                if not data:
                    raise ConnectionEnded(b"") from None
                self._incoming.write(data)
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        data, self._waiting = self._waiting + self._outgoing.read(), b""
        for part in self._cut(data):
            self._raw.send(part)
