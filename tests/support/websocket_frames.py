"""Raw WebSocket frames (RFC 6455 section 5), without a client library."""

from __future__ import annotations

import base64
import dataclasses
import os
import zlib

from support.raw_http import RawConnection, Response
from support.server import ServerProcess

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FINAL, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10


def frame(
    opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0, masked: bool = True
) -> bytes:
    """A frame as a client sends it; its mask is zero, so the payload is readable."""
    first = opcode | reserved | (FINAL if final else 0)
    mask = 0x80 if masked else 0
    if len(payload) < 126:
        head = bytes([first, mask | len(payload)])
    elif len(payload) < 65536:
        head = bytes([first, mask | 126]) + len(payload).to_bytes(2, "big")
    else:
        head = bytes([first, mask | 127]) + len(payload).to_bytes(8, "big")
    return head + (bytes(4) if masked else b"") + payload


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


@dataclasses.dataclass
class Frame:
    """A frame from the server."""

    first: int
    payload: bytes

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def code(self) -> int:
        """The code of a close frame; 1005 if it has none."""
        assert self.opcode == CLOSE, self
        return int.from_bytes(self.payload[:2], "big") if self.payload else 1005

    @property
    def reason(self) -> str:
        return self.payload[2:].decode()


class RawWebSocket(RawConnection):
    """A connection with an accepted handshake.

    Attributes:
        response: the server's 101.
    """

    def __init__(
        self,
        server: ServerProcess,
        path: str = "/echo",
        *headers: str,
        receive_buffer: int | None = None,
    ) -> None:
        super().__init__(server.port, receive_buffer=receive_buffer)
        self.response = self.shake_hands(path, *headers)
        assert self.response.status == 101, self.response

    def shake_hands(self, path: str, *headers: str) -> Response:
        self.get(path, *handshake_headers(), *headers)
        return self.read_response()

    def read_frame(self) -> Frame:
        """The next frame. Raises ConnectionEnded."""
        first, size = self._read_exactly(2)
        assert size < 128, "the server must not mask"
        if size == 126:
            size = int.from_bytes(self._read_exactly(2), "big")
        elif size == 127:
            size = int.from_bytes(self._read_exactly(8), "big")
        return Frame(first, self._read_exactly(size))

    def read_to_close(self) -> tuple[list[Frame], Frame]:
        """The frames before the server's close frame, and the close frame; then the connection
        closes.
        """
        frames = []
        while (last := self.read_frame()).opcode != CLOSE:
            frames.append(last)
        rest = self.read_to_end()
        assert rest == b"", f"{rest!r} behind a close frame"
        return frames, last


def handshake_headers() -> list[str]:
    key = base64.b64encode(os.urandom(16)).decode()
    return [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]


class Deflate:
    """The client's two ends of permessage-deflate (RFC 7692 section 7.2)."""

    TAIL = b"\x00\x00\xff\xff"

    def __init__(
        self,
        *,
        own_bits: int = 15,
        peer_bits: int = 15,
        own_takeover: bool = True,
        peer_takeover: bool = True,
    ) -> None:
        self.own_bits, self.peer_bits = own_bits, peer_bits
        self.own_takeover, self.peer_takeover = own_takeover, peer_takeover
        self._reset_own()
        self._reset_peer()

    def compress(self, message: bytes) -> bytes:
        data = self._deflater.compress(message) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        if not self.own_takeover:
            self._reset_own()
        return data.removesuffix(self.TAIL)

    def decompress(self, data: bytes) -> bytes:
        message = self._inflater.decompress(data + self.TAIL)
        if not self.peer_takeover:
            self._reset_peer()
        return message

    def _reset_own(self) -> None:
        self._deflater = zlib.compressobj(wbits=-self.own_bits)

    def _reset_peer(self) -> None:
        self._inflater = zlib.decompressobj(wbits=-self.peer_bits)
