"""WebSockets on streams of an HTTP/2 connection (RFC 8441), without a client library."""

from __future__ import annotations

from support.raw_http2 import Fields, Http2Connection, Response
from support.websocket_frames import CLOSE, TEXT, Frame, close_frame, frame


class Http2WebSocket:
    """One WebSocket. `response` is the head of the answer to its handshake."""

    def __init__(self, connection: Http2Connection, path: str, headers: Fields = ()) -> None:
        self.connection = connection
        self.buffer = b""
        fields = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "http"),
            (":authority", "example.org"),
            (":path", path),
            ("sec-websocket-version", "13"),
            *headers,
        ]
        self.stream = connection.request_with(fields, end=False)

    @property
    def response(self) -> Response:
        response = self.connection.responses.setdefault(self.stream, Response())
        while not response.status:
            self.connection.read_frame()
        return response

    def send(self, data: bytes) -> None:
        self.connection.data(self.stream, data)

    def send_text(self, text: str) -> None:
        self.send(frame(TEXT, text.encode()))

    def read_frame(self) -> Frame:
        """The next frame of the server; they have less than 64 KiB."""
        length = 2 + self._peek(2)[1]
        start = 2
        if length == 2 + 126:
            start = 4
            length = 4 + int.from_bytes(self._peek(4)[2:4], "big")
        data = self._peek(length)
        self.response.body = self.response.body[length:]
        return Frame(data[0], data[start:length])

    def read_text(self) -> str:
        received = self.read_frame()
        assert received.opcode == TEXT, received
        return received.payload.decode()

    def close(self) -> int:
        """The closing handshake; the code of the server."""
        self.send(close_frame(1000))
        received = self.read_frame()
        assert received.opcode == CLOSE, received
        return received.code

    def _peek(self, size: int) -> bytes:
        response = self.response
        while len(response.body) < size:
            assert not response.ended, response
            assert response.reset is None, response
            self.connection.read_frame()
        return response.body[:size]
