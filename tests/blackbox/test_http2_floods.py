"""HTTP/2 clients that send cheap frames which cost the server much."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    ExtensionFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from support.raw_http2 import (
    CANCEL,
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    PROTOCOL_ERROR,
    ConnectionEnded,
    Http2Connection,
)
from support.server import ServerProcess
from support.socketio_apps import APPS

# In the log, when the first connection is closed.
LINES = {
    "http2_closed_for_resets": "reset too many requests",
    "http2_closed_for_frames": "send too many frames that carry nothing",
    "http2_closed_for_headers": r"send more than twice the headers that are allowed \(.*\)",
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    server = ServerProcess("http2_counts:application", "--http2-cleartext", cwd=APPS).start()
    yield server
    server.stop()


def counts(server: ServerProcess) -> dict[str, int]:
    with Http2Connection(server.port) as connection:
        return dict(json.loads(connection.get("/counts").body))


def flood(
    server: ServerProcess, counter: str, step: Callable[[Http2Connection], None], most: int = 20_000
) -> int:
    """Repeats a step until the server ends the connection with ENHANCE_YOUR_CALM.

    Returns the number of steps; at most `most`.
    """
    before = counts(server)[counter]
    with Http2Connection(server.port) as connection:
        connection.settle()
        steps = 0
        with contextlib.suppress(ConnectionError, ConnectionEnded):
            while steps < most:
                step(connection)
                steps += 1
        assert connection.read_to_end() == ENHANCE_YOUR_CALM
    assert counts(server)[counter] == before + 1
    server.wait_for_log(
        f"Closing HTTP/2 connections of clients that {LINES[counter]}; the first is "
    )
    return steps


def test_rapid_reset(server: ServerProcess) -> None:
    def step(connection: Http2Connection) -> None:
        connection.reset(connection.request("GET", "/wait"))

    flood(server, "http2_closed_for_resets", step)


def overflow_the_window(connection: Http2Connection) -> None:
    stream = connection.request("GET", "/wait", end=False)
    connection.open_window(stream, (1 << 31) - 1)
    assert connection.read_reset(stream) == FLOW_CONTROL_ERROR


def send_more_than_the_length(connection: Http2Connection) -> None:
    stream = connection.request("POST", "/wait", [("content-length", "1")], end=False)
    connection.send(DataFrame(stream, data=b"ab"))
    assert connection.read_reset(stream) == PROTOCOL_ERROR


def send_invalid_trailers(connection: Http2Connection) -> None:
    stream = connection.request("GET", "/wait", end=False)
    connection.send(connection.head(stream, [("te", "gzip")], end=True))
    assert connection.read_reset(stream) == PROTOCOL_ERROR


@pytest.mark.parametrize(
    "step",
    [
        overflow_the_window,
        send_more_than_the_length,
        send_invalid_trailers,
    ],
)
def test_a_server_that_is_made_to_reset(
    server: ServerProcess, step: Callable[[Http2Connection], None]
) -> None:
    """MadeYouReset: the client never sends RST_STREAM."""
    assert flood(server, "http2_closed_for_resets", step) >= 100


def test_ordinary_resets_are_allowed(server: ServerProcess) -> None:
    with Http2Connection(server.port) as connection:
        for _ in range(90):
            connection.reset(connection.request("GET", "/wait"))
        assert connection.get("/").status == 200


CHEAP_FRAMES: dict[str, Callable[[], Frame]] = {
    "ping": lambda: PingFrame(opaque_data=b"12345678"),
    "settings": lambda: SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1}),
    "ping ack": lambda: PingFrame(opaque_data=b"12345678", flags=["ACK"]),
    "priority": lambda: PriorityFrame(1, depends_on=0, stream_weight=1),
    "window update": lambda: WindowUpdateFrame(0, window_increment=1),
    "reset of a closed stream": lambda: RstStreamFrame(1),
    "unknown": lambda: ExtensionFrame(0xBE, stream_id=0, body=b""),
}


@pytest.mark.parametrize("name", CHEAP_FRAMES)
def test_frames_that_carry_nothing(server: ServerProcess, name: str) -> None:
    frames = CHEAP_FRAMES[name]().serialize() * 100

    def step(connection: Http2Connection) -> None:
        if connection.last_stream < 1:
            assert connection.get("/").status == 200
        connection.socket.sendall(frames)

    flood(server, "http2_closed_for_frames", step)


def test_empty_data(server: ServerProcess) -> None:
    def step(connection: Http2Connection) -> None:
        if connection.last_stream < 1:
            connection.request("POST", "/wait", end=False)
        connection.socket.sendall(DataFrame(1).serialize() * 100)

    flood(server, "http2_closed_for_frames", step)


def test_data_that_is_only_padding(server: ServerProcess) -> None:
    padding = DataFrame(1, flags=["PADDED"], pad_length=20).serialize() * 100

    def step(connection: Http2Connection) -> None:
        if connection.last_stream < 1:
            connection.request("POST", "/wait", end=False)
        connection.socket.sendall(padding)

    flood(server, "http2_closed_for_frames", step)


def test_padded_data_is_allowed(server: ServerProcess) -> None:
    with Http2Connection(server.port) as connection:
        stream = connection.request("POST", "/wait", end=False)
        part = DataFrame(stream, data=b"x", flags=["PADDED"], pad_length=0).serialize()
        connection.socket.sendall(part * 2_000)
        connection.settle()


def test_streams_without_a_window() -> None:
    server = ServerProcess(
        "http2_counts:application", "--http2-cleartext", "--timeout-send", "0.1", cwd=APPS
    ).start()

    def step(connection: Http2Connection) -> None:
        connection.send(SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}))
        streams = [connection.request("GET", "/counts") for _ in range(80)]
        for stream in streams:
            assert connection.read_reset(stream) == CANCEL

    try:
        assert flood(server, "http2_closed_for_resets", step) >= 1
    finally:
        server.stop()


def test_frames_of_a_client_that_uses_the_connection_are_allowed(server: ServerProcess) -> None:
    with Http2Connection(server.port) as connection:
        for _ in range(1_000):
            assert connection.get("/").status == 200
            connection.send(*(PingFrame(opaque_data=b"12345678") for _ in range(3)))
        connection.settle()


@pytest.mark.parametrize(("size", "count"), [(0, 2_000), (1, 2_000), (4_000, 20)])
def test_continuation_frames_without_end(server: ServerProcess, size: int, count: int) -> None:
    before = counts(server)
    with Http2Connection(server.port) as connection:
        connection.send(HeadersFrame(1, data=connection.encoder.encode([(":method", "GET")])))
        part = ContinuationFrame(1, data=b"\x00\x01a\x00" * size).serialize()
        with contextlib.suppress(ConnectionError):
            for _ in range(count):
                connection.socket.sendall(part)
        assert connection.read_to_end() == ENHANCE_YOUR_CALM
    # Newer versions of nghttp2 have a limit of their own, which counts as the second.
    names = ("http2_closed_for_headers", "http2_closed_for_frames")
    after = counts(server)
    assert sum(after[name] - before[name] for name in names) == 1


def test_a_header_bomb(server: ServerProcess) -> None:
    """One entry of HPACK's table, named by one byte each (a reference flood)."""
    started = time.monotonic()

    def step(connection: Http2Connection) -> None:
        # Adds an entry of 4,000 bytes to the table; each 0xbe refers to it.
        entry = b"\x40\x01a" + b"\x7f\xa1\x1e" + b"x" * 4_000
        stream = connection.last_stream = connection.last_stream + 2
        fields = connection.encoder.encode(
            [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]
        )
        connection.encoder = type(connection.encoder)()
        data = fields + entry + b"\xbe" * 12_000
        connection.send(HeadersFrame(stream, data=data, flags=["END_HEADERS", "END_STREAM"]))

    steps = flood(server, "http2_closed_for_headers", step, most=10)
    assert steps <= 10
    assert time.monotonic() - started < 5


# One byte in a DATA frame on stream 0, which hyperframe refuses to make.
DATA_WITHOUT_STREAM = b"\x00\x00\x01\x00\x00\x00\x00\x00\x00a"


def test_many_protocol_errors_make_few_log_lines() -> None:
    server = ServerProcess("http2_counts:application", "--http2-cleartext", cwd=APPS).start()
    began = time.monotonic()
    for _ in range(100):
        with Http2Connection(server.port) as connection:
            for field in ("connection", "keep-alive", "upgrade"):
                stream = connection.request("GET", "/", [(field, "a")])
                assert connection.read_reset(stream) == PROTOCOL_ERROR
            connection.socket.sendall(DATA_WITHOUT_STREAM)
            assert connection.read_to_end() == PROTOCOL_ERROR
    seconds = time.monotonic() - began
    server.stop()
    lines = [line for line in server.log.splitlines() if "with PROTOCOL_ERROR: " in line]
    assert 20 <= len(lines) <= 21 + seconds
    assert server.log.count("There are too many HTTP/2 protocol errors for the log") == 1
    left_out = 100 - len(lines)
    assert f"The log has all HTTP/2 protocol errors again: {left_out} of them" in server.log


def test_the_server_serves_others_during_a_flood(server: ServerProcess) -> None:
    pings = PingFrame(opaque_data=b"12345678").serialize() * 10_000
    stop = threading.Event()
    closed = 0

    def attack() -> None:
        nonlocal closed
        while not stop.is_set():
            with Http2Connection(server.port) as attacker, contextlib.suppress(ConnectionError):
                attacker.socket.sendall(pings)
                closed += attacker.read_to_end() == ENHANCE_YOUR_CALM

    attackers = [threading.Thread(target=attack) for _ in range(2)]
    for thread in attackers:
        thread.start()
    try:
        with Http2Connection(server.port) as client:
            while closed < 20:
                began = time.monotonic()
                assert client.get("/").status == 200
                assert time.monotonic() - began < 5
    finally:
        stop.set()
        for thread in attackers:
            thread.join()
