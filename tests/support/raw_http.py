"""Raw HTTP/1.1, without a client library."""

from __future__ import annotations

import dataclasses
import pathlib
import socket

TIMEOUT = 30.0


class ConnectionEnded(Exception):
    """The server closed the connection; the argument is the data received until then."""


@dataclasses.dataclass
class Response:
    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    chunks: list[bytes] = dataclasses.field(default_factory=list)
    trailers: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The value of a header that must not be repeated; None if it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None


def has_read_everything(port: int) -> bool:
    """Whether the server at this port has accepted all connections and read all data (Linux)."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, _, queues, *_ = line.split()
        if int(local.rpartition(":")[2], 16) == port and int(queues.partition(":")[2], 16) != 0:
            return False
    return True


class RawConnection:
    """A TCP connection to the server that sends bytes as given and reads responses."""

    def __init__(
        self, port: int, *, receive_buffer: int | None = None, source: str = "127.0.0.1"
    ) -> None:
        self.socket = socket.socket()
        self.socket.bind((source, 0))
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(("127.0.0.1", port))
        self.buffer = bytearray()

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> RawConnection:
        self.socket.sendall(data)
        return self

    def has_been_read(self) -> bool:
        """Whether the server has read everything that was sent (Linux)."""
        ours, theirs = self.socket.getsockname()[1], self.socket.getpeername()[1]
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, _, queues, *_ = line.split()
            ports = [int(address.rpartition(":")[2], 16) for address in (local, remote)]
            if ports == [theirs, ours]:
                return int(queues.partition(":")[2], 16) == 0
        return True

    def get(self, target: str, *headers: str, method: str = "GET") -> RawConnection:
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
        return self.send("\r\n".join(lines).encode("latin-1"))

    def read_response(self, method: str = "GET") -> Response:
        """The next response; `method` is that of its request, because HEAD has no body."""
        response = self._read_head()
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if (response.header("transfer-encoding") or "").lower() == "chunked":
            while size := int(self._read_line().split(b";")[0], 16):
                response.chunks.append(self._read_exactly(size))
                assert self._read_exactly(2) == b"\r\n"
            response.trailers = self._read_fields()
            response.body = b"".join(response.chunks)
        elif (length := response.header("content-length")) is not None:
            response.body = self._read_exactly(int(length))
        else:
            response.body = self.read_to_end()
        return response

    def read_to_end(self) -> bytes:
        """All data until the server closes the connection."""
        while self.receive_more():
            pass
        data = bytes(self.buffer)
        self.buffer.clear()
        return data

    def is_closed(self) -> bool:
        """Waits for the server to close; False if it sends data instead."""
        return self.read_to_end() == b""

    def close_abruptly(self) -> None:
        """Closes with a TCP reset."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def _read_head(self) -> Response:
        version, status, reason = self._read_line().decode("latin-1").split(" ", 2)
        return Response(version, int(status), reason, self._read_fields())

    def _read_fields(self) -> list[tuple[str, str]]:
        fields = []
        while line := self._read_line():
            name, value = line.decode("latin-1").split(":", 1)
            fields.append((name, value.strip()))
        return fields

    def _read_line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            if not self.receive_more():
                raise ConnectionEnded(bytes(self.buffer))
        line = bytes(self.buffer[: self.buffer.index(b"\r\n")])
        del self.buffer[: len(line) + 2]
        return line

    def _read_exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            if not self.receive_more():
                raise ConnectionEnded(bytes(self.buffer))
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def receive_more(self) -> bool:
        """Adds the next data to `buffer`; False at the end of the connection."""
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)
