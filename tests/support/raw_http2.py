"""Raw HTTP/2: frames as given, so that they may be wrong, and responses put together of frames."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import ssl
from collections.abc import Iterable, Mapping

import hpack
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

TIMEOUT = 30.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
INTERNAL_ERROR, FLOW_CONTROL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 2, 3, 7, 8, 11
NO_ERROR, PROTOCOL_ERROR = 0, 1
WINDOW = 1 << 30  # which the client opens, unless told otherwise

Fields = Iterable[tuple[str, str]]


class StreamReset(Exception):
    """The server reset the stream; the argument is the error code."""


class ConnectionEnded(Exception):
    """The server closed the connection; the argument is the error code of its GOAWAY, or None."""


@dataclasses.dataclass
class Response:
    status: int = 0
    headers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    body: bytes = b""
    trailers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    interim: list[tuple[int, list[tuple[str, str]]]] = dataclasses.field(default_factory=list)
    ended: bool = False
    reset: int | None = None  # the error code

    def header(self, name: str) -> str | None:
        """The value of a header that must not be repeated; None if it is absent."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None


class Http2Connection:
    """A client's connection. It answers SETTINGS and PING, and opens windows of 1 GiB.

    `settings` are the client's; `window` is what it opens for the whole connection. `before`: bytes
    in front of HTTP/2; `before_tls`: in front of the handshake. `address`: a port of 127.0.0.1, or
    the path of a Unix socket.
    """

    def __init__(
        self,
        address: int | str,
        *,
        settings: Mapping[int, int] | None = None,
        window: int = WINDOW,
        tls: ssl.SSLContext | None = None,
        receive_buffer: int | None = None,
        before: bytes = b"",
        before_tls: bytes = b"",
    ) -> None:
        plain = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        if receive_buffer is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if plain.family == socket.AF_INET:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.settimeout(TIMEOUT)
        plain.connect(address if isinstance(address, str) else ("127.0.0.1", address))
        plain.sendall(before_tls)
        self.socket = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.responses: dict[int, Response] = {}
        self.frames: list[Frame] = []  # all that were received
        self.server_settings: dict[int, int] = {}
        self.last_stream = -1
        self.goaway: GoAwayFrame | None = None
        self.buffer = bytearray()
        if settings is None:
            settings = {SettingsFrame.INITIAL_WINDOW_SIZE: WINDOW}
        hello = before + PREFACE + SettingsFrame(settings=dict(settings)).serialize()
        if window > 65_535:
            hello += WindowUpdateFrame(0, window_increment=window - 65_535).serialize()
        self.socket.sendall(hello)

    def __enter__(self) -> Http2Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    # --- sending ---

    def send(self, *frames: Frame) -> None:
        self.socket.sendall(b"".join(frame.serialize() for frame in frames))

    def request(
        self,
        method: str,
        path: str,
        headers: Fields = (),
        body: bytes | None = None,
        *,
        end: bool = True,
        scheme: str = "http",
    ) -> int:
        """Sends a request; returns the number of its stream. `end`: nothing of it follows."""
        fields = [
            (":method", method),
            (":scheme", scheme),
            (":authority", "example.org"),
            (":path", path),
            *headers,
        ]
        return self.request_with(fields, body, end=end)

    def request_with(self, fields: Fields, body: bytes | None = None, *, end: bool = True) -> int:
        self.last_stream += 2
        stream = self.last_stream
        self.send(self.head(stream, fields, end=end and body is None))
        if body is not None:
            self.data(stream, body, end=end)
        return stream

    def head(self, stream: int, fields: Fields, *, end: bool) -> HeadersFrame:
        flags = ["END_HEADERS", "END_STREAM"] if end else ["END_HEADERS"]
        return HeadersFrame(stream, data=self.encoder.encode(list(fields)), flags=flags)

    def data(self, stream: int, body: bytes, *, end: bool = False) -> None:
        parts = [body[i : i + 16_384] for i in range(0, len(body), 16_384)] or [b""]
        for i, part in enumerate(parts):
            flags = ["END_STREAM"] if end and i == len(parts) - 1 else []
            self.send(DataFrame(stream, data=part, flags=flags))

    def reset(self, stream: int, code: int = CANCEL) -> None:
        self.send(RstStreamFrame(stream, error_code=code))

    def open_window(self, stream: int, size: int) -> None:
        self.send(WindowUpdateFrame(stream, window_increment=size))

    # --- receiving ---

    def read_frame(self) -> Frame:
        """The next frame, after noting what it means."""
        header = self._read(9)
        frame, length = Frame.parse_frame_header(memoryview(header))
        frame.parse_body(memoryview(self._read(length)))
        self.frames.append(frame)
        self._note(frame)
        return frame

    def read_response(self, stream: int) -> Response:
        """A whole response. Raises StreamReset."""
        response = self._response(stream)
        while not response.ended and response.reset is None:
            self.read_frame()
        if not response.ended:
            raise StreamReset(response.reset)
        return response

    def get(self, path: str, headers: Fields = (), method: str = "GET") -> Response:
        return self.read_response(self.request(method, path, headers))

    def read_reset(self, stream: int) -> int:
        """The code with which the server resets the stream."""
        response = self._response(stream)
        while response.reset is None:
            self.read_frame()
        return response.reset

    def read_until(self, kind: type[Frame], stream: int | None = None) -> Frame:
        while True:
            frame = self.read_frame()
            if isinstance(frame, kind) and stream in (None, frame.stream_id):
                return frame

    def read_to_end(self) -> int | None:
        """Reads until the server closes the connection; the code of its last GOAWAY."""
        try:
            while True:
                self.read_frame()
        except (ConnectionEnded, ConnectionResetError):
            return self.goaway.error_code if self.goaway else None

    def settle(self) -> None:
        """Waits until the server has handled everything that was sent."""
        self.send(PingFrame(opaque_data=b"settle!!"))
        while True:
            frame = self.read_frame()
            if isinstance(frame, PingFrame) and "ACK" in frame.flags:
                return

    def _response(self, stream: int) -> Response:
        return self.responses.setdefault(stream, Response())

    def _read(self, size: int) -> bytes:
        while len(self.buffer) < size:
            part = self.socket.recv(65_536)
            if not part:
                raise ConnectionEnded(self.goaway.error_code if self.goaway else None)
            self.buffer += part
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def _note(self, frame: Frame) -> None:
        response = self._response(frame.stream_id) if frame.stream_id else Response()
        if isinstance(frame, HeadersFrame):
            self._note_headers(frame, response)
        elif isinstance(frame, DataFrame):
            response.body += frame.data
        elif isinstance(frame, RstStreamFrame):
            response.reset = frame.error_code
        elif isinstance(frame, GoAwayFrame):
            self.goaway = frame
        elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self.server_settings.update(frame.settings)
            self.send(SettingsFrame(flags=["ACK"]))
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            with contextlib.suppress(ConnectionError):  # what the server has sent before stays
                self.send(PingFrame(opaque_data=frame.opaque_data, flags=["ACK"]))
        if isinstance(frame, HeadersFrame | DataFrame) and "END_STREAM" in frame.flags:
            response.ended = True

    def _note_headers(self, frame: HeadersFrame, response: Response) -> None:
        fields = [(str(name), str(value)) for name, value in self.decoder.decode(frame.data)]
        status = dict(fields).get(":status")
        if status is None:
            response.trailers = fields
        elif status.startswith("1"):
            response.interim.append((int(status), fields[1:]))
        else:
            response.status = int(status)
            response.headers = fields[1:]
