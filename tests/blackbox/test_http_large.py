"""Large bodies arrive complete, with limited memory when either side is slow."""

from __future__ import annotations

import hashlib
import pathlib
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.raw_http import RawConnection
from support.sanitizers import ADDRESS_SANITIZER, SANITIZER
from support.server import ServerProcess
from support.waiting import eventually

MEGABYTE = 1 << 20
# For each stream, above idle, with a margin for the memory of the interpreter and allocators.
ALLOWANCE = 32 * MEGABYTE
# The size of a huge file. It is smaller under a sanitizer, which is slow.
HUGE = 4 << 30 if not SANITIZER else 1 << 28
# AddressSanitizer keeps freed memory, so there the measurement is meaningless.
MEMORY_TELLS = not ADDRESS_SANITIZER


@pytest.fixture
def server(start_server) -> ServerProcess:  # type: ignore[no-untyped-def]
    """A separate server, so that its memory is only that of this test."""
    server = start_server("plain:application")
    httpx.get(server.url + "/hello")
    return server


def chunks(size: int) -> Iterator[bytes]:
    part = bytes(range(256)) * 256
    for start in range(0, size, len(part)):
        yield part[: size - start]


def test_a_large_body_arrives_whole_in_large_parts(plain_server: ServerProcess) -> None:
    body = b"".join(chunks(8 * MEGABYTE))
    response = httpx.post(plain_server.url + "/echo", content=body, timeout=60)
    assert hashlib.sha256(response.content).digest() == hashlib.sha256(body).digest()
    assert int(response.headers["x-largest-part"]) >= 32_768


def test_a_large_chunked_body_arrives_whole(plain_server: ServerProcess) -> None:
    size = 20 * MEGABYTE + 7
    response = httpx.post(plain_server.url + "/count", content=chunks(size), timeout=60)
    assert int(response.text) == size


def test_a_large_response_arrives_whole(plain_server: ServerProcess) -> None:
    size = 50 * MEGABYTE
    url = f"{plain_server.url}/download?key=whole&bytes={size}"
    with httpx.stream("GET", url, timeout=60) as response:
        assert sum(len(part) for part in response.iter_bytes()) == size


def test_an_upload_waits_while_the_application_is_slow(server: ServerProcess) -> None:
    size = 200 * MEGABYTE
    idle = server.memory()
    sent = 0
    connection = RawConnection(server.port)
    connection.send(
        b"POST /hold?key=upload&gate=upload HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
        % size
    )

    def upload() -> None:
        nonlocal sent
        for part in chunks(size):
            connection.socket.sendall(part)
            sent += len(part)

    connection.socket.settimeout(60)
    thread = threading.Thread(target=upload)
    thread.start()
    eventually(lambda: httpx.get(server.url + "/seen?key=upload").json())
    wait_until_steady(lambda: sent)
    assert sent < 32 * MEGABYTE, "the server reads what nobody wants"
    assert not MEMORY_TELLS or server.memory() - idle < ALLOWANCE
    httpx.get(server.url + "/open?gate=upload")
    thread.join()
    assert int(connection.read_response().body) == size
    assert not MEMORY_TELLS or server.memory() - idle < ALLOWANCE


def test_a_download_waits_while_the_client_is_slow(server: ServerProcess) -> None:
    size = 200 * MEGABYTE
    idle = server.memory()
    connection = RawConnection(server.port, receive_buffer=65536)
    connection.get(f"/download?key=download&bytes={size}")

    def sent() -> int:
        return httpx.get(server.url + "/seen?key=download").json().get("sent", 0)

    eventually(sent)
    wait_until_steady(sent)
    assert sent() < 32 * MEGABYTE, "send() does not wait for the client"
    assert not MEMORY_TELLS or server.memory() - idle < ALLOWANCE
    assert len(connection.read_response().body) == size
    assert not MEMORY_TELLS or server.memory() - idle < ALLOWANCE


def wait_until_steady(probe) -> None:  # type: ignore[no-untyped-def]
    """Returns when 20 probes in a row, 10 ms apart or more, gave the same number."""
    last: list[int] = []

    def steady() -> bool:
        last.append(probe())
        return len(last) >= 20 and len(set(last[-20:])) == 1

    eventually(steady)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_huge_upload_to_a_slow_view_takes_little_memory(
    server: ServerProcess, framing: str
) -> None:
    idle = server.memory()
    server.forget_peak_memory()
    with RawConnection(server.port) as connection:
        head = b"POST /sip HTTP/1.1\r\nHost: x\r\n"
        part = bytes(MEGABYTE)
        if framing == "length":
            connection.send(head + b"Content-Length: %d\r\n\r\n" % HUGE)
            before, end = b"", b""
        else:
            connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
            before, end = b"100000\r\n", b"0\r\n\r\n"
            part += b"\r\n"
        connection.socket.settimeout(60)
        for _ in range(HUGE // MEGABYTE):
            connection.send(before)
            connection.send(part)
        connection.send(end)
        assert int(connection.read_response().body) == HUGE
    print(f"{(server.peak_memory() - idle) / MEGABYTE:.1f} MiB above idle")
    assert not MEMORY_TELLS or server.peak_memory() - idle < ALLOWANCE


def test_a_huge_download_to_a_slow_client_takes_little_memory(server: ServerProcess) -> None:
    idle = server.memory()
    server.forget_peak_memory()
    with RawConnection(server.port, receive_buffer=262_144) as connection:
        connection.socket.settimeout(60)
        connection.send(b"GET /download?key=huge&bytes=%d HTTP/1.0\r\n\r\n" % HUGE)
        buffer = bytearray(262_144)
        received, reads = 0, 0
        while size := connection.socket.recv_into(buffer):
            received += size
            reads += 1
            if reads % 16 == 0:
                time.sleep(0.001)  # always slower than the server
    assert received > HUGE
    print(f"{(server.peak_memory() - idle) / MEGABYTE:.1f} MiB above idle")
    assert not MEMORY_TELLS or server.peak_memory() - idle < ALLOWANCE


def test_a_slow_client_does_not_delay_others(server: ServerProcess) -> None:
    slow = RawConnection(server.port, receive_buffer=65536)
    slow.get(f"/download?key=slow&bytes={50 * MEGABYTE}")
    with RawConnection(server.port) as other:
        for _ in range(100):
            assert other.get("/hello").read_response().body == b"hello"
    slow.close_abruptly()


def test_a_client_that_disconnects_during_a_download(server: ServerProcess) -> None:
    before = int(httpx.get(server.url + "/tasks").text)
    connection = RawConnection(server.port, receive_buffer=65536)
    connection.get(f"/download?key=left&bytes={50 * MEGABYTE}")
    eventually(lambda: httpx.get(server.url + "/seen?key=left").json())
    connection.close_abruptly()
    # send() does not wait forever for a disconnected client.
    eventually(lambda: int(httpx.get(server.url + "/tasks").text) <= before)


def test_a_client_that_disconnects_during_an_upload(server: ServerProcess) -> None:
    start = len(server.log)
    connection = RawConnection(server.port)
    connection.send(
        b"POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 999
    )
    connection.close_abruptly()
    server.wait_for_log("AssertionError", start)
    assert httpx.get(server.url + "/hello").text == "hello"


def test_clients_that_disconnect_after_the_application_has_reset_sigpipe(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    """Scripts do this to end quietly in a pipe; then a write to a closed socket would end the
    process.
    """
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(5 * MEGABYTE))
    (tmp_path / "quiet.py").write_text(
        "import signal\n"
        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "async def application(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200})\n"
        f"    await send({{'type': 'http.response.pathsend', 'path': {str(large)!r}}})\n"
    )
    server = start_server("quiet:application", "--lifespan", "off", cwd=tmp_path)
    for _ in range(300):
        connection = RawConnection(server.port, receive_buffer=65536)
        connection.get("/")
        connection.socket.recv(1)
        connection.close_abruptly()
    assert len(httpx.get(server.url).content) == 5 * MEGABYTE
