"""Instructions per unit of work, on the Python thread and on the I/O thread.

The server runs under callgrind, once with few and once with many units; the difference, divided by
the number of units, excludes start and stop. Unlike times, these counts do not depend on other
load, so a change of a few percent is visible.

    python bench/instructions.py [--units 2000] [--options="--no-access-log"] [request] [event]
                                 [delivery]

request: one plain ASGI request, with sixteen connections that send one each at a time. event: one
Socket.IO event with its acknowledgement, likewise. delivery: one of a broadcast to 100 clients.
Needs valgrind.
"""

from __future__ import annotations

import argparse
import base64
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

from servers import HERE, free_port, sioserve

CONNECTIONS = 16
CLIENTS = 100  # of a broadcast
PATIENCE = 180.0  # seconds; under valgrind the server is about fifty times slower


def frame(text: str) -> bytes:
    payload = text.encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection: socket.socket, end: bytes) -> None:
    """Reads until the data ends with this."""
    answer = b""
    while not answer.endswith(end):
        more = connection.recv(65536)
        if not more:
            raise SystemExit("the server closed a connection")
        answer = answer[-200:] + more


def join(port: int) -> socket.socket:
    """A WebSocket in the default namespace."""
    connection = connect(port)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    connection.sendall(frame("40"))
    answer = b""
    while b"40{" not in answer:
        answer += connection.recv(65536)
    return connection


def requests(port: int, units: int) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
    in_turn([connect(port) for _ in range(CONNECTIONS)], request, b"hello you\n", units)


def events(port: int, units: int) -> None:
    clients = [join(port) for _ in range(CONNECTIONS)]
    in_turn(clients, frame('427["echo","hello"]'), b'437["hello"]', units)


def in_turn(connections: list[socket.socket], what: bytes, answer: bytes, units: int) -> None:
    for _ in range(units // len(connections)):
        for connection in connections:
            connection.sendall(what)
        for connection in connections:
            receive(connection, answer)


def deliveries(port: int, units: int) -> None:
    clients = [join(port) for _ in range(CLIENTS)]
    for number in range(units // CLIENTS):
        clients[number % CLIENTS].sendall(frame('42["all","hello"]'))
        for client in clients:
            receive(client, b'["news","hello"]')


# The application, how to load it, and the factor for the number of units.
KINDS = {
    "request": ("hello_app:application", requests, 1),
    "event": ("socket_io_apps.sioserve_app:application", events, 1),
    "delivery": ("socket_io_apps.sioserve_app:application", deliveries, 10),
}


def totals(folder: pathlib.Path) -> list[int]:
    """Instructions of each thread, in the order of their start."""
    found = []
    for path in sorted(folder.glob("callgrind.out*")):
        match = re.search(r"^(?:summary|totals): (\d+)", path.read_text(), re.MULTILINE)
        if match and re.search(r"-\d\d$", path.name):
            found.append(int(match[1]))
    return found


def run(application: str, load: object, units: int, server_options: list[str]) -> list[int]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        port = free_port()
        command = [
            *("valgrind", "--tool=callgrind", "--separate-threads=yes", "--quiet"),
            *(f"--callgrind-out-file={folder}/callgrind.out", sioserve(), application),
            *(f"--port={port}", *server_options),
        ]
        process = subprocess.Popen(
            command,
            cwd=HERE,
            env={**os.environ, "VIRTUAL_ENV": sys.prefix, "PYTHONHASHSEED": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    connect(port).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise SystemExit("the server did not start under valgrind") from None
                    time.sleep(0.1)
            load(port, units)  # type: ignore[operator]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
        return totals(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Instructions per unit of work")
    parser.add_argument("kinds", nargs="*", help=", ".join(KINDS))
    parser.add_argument("--units", type=int, default=2000, help="by which the two runs differ")
    parser.add_argument("--options", default="--no-access-log", help="of the server")
    options = parser.parse_args()
    server_options = options.options.split()
    for kind in options.kinds or KINDS:
        application, load, factor = KINDS[kind]
        few = CLIENTS * CONNECTIONS
        units = options.units * factor
        before = run(application, load, few, server_options)
        after = run(application, load, few + units, server_options)
        python, *others = ((b - a) / units for a, b in zip(before, after, strict=True))
        print(
            f"{kind:>10}: {python:9,.0f} on the Python thread, "
            f"{max(others):9,.0f} on the I/O thread, {sum(others) - max(others):7,.0f} on others"
        )


if __name__ == "__main__":
    main()
