"""WebSocket messages echoed per second: sioserve against uvicorn with `websockets` and `wsproto`.

Each server runs pinned to one core and is loaded from another. The servers take turns, so that
other load on the machine affects all of them. Each connection sends a message when it has the echo
of the previous one. No server compresses. The load generator is a process of this file that writes
frames to plain sockets.

The compared value is echoes per second of the server's own CPU time, which depends neither on other
load nor on the speed of the load generator; the plain rate is printed too.

    python bench/websocket_echo.py [--rounds 5] [--seconds 5] [--connections 64] [--size 32]
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import selectors
import socket
import sys
import time
from collections.abc import Iterator

from servers import (
    cpu_time,
    free_port,
    needs_two_cores,
    print_ratio,
    run_load,
    running,
    sioserve,
    uvicorn,
)

APPLICATION = "echo_app:application"
SERVERS = ("sioserve", "uvicorn websockets", "uvicorn wsproto")


def command_of(server: str, port: int) -> list[str]:
    if server == "sioserve":
        return [sioserve(), APPLICATION, f"--port={port}", "--no-ws-per-message-deflate"]
    options = f"--loop uvloop --ws {server.split()[1]} --ws-per-message-deflate false"
    options += " --no-access-log --log-level warning --lifespan off"
    return [uvicorn(), APPLICATION, "--port", str(port), *options.split()]


@contextlib.contextmanager
def serving(server: str) -> Iterator[tuple[int, int]]:
    """Starts a server on its core; yields its port and process id once it accepts WebSockets."""
    port = free_port()
    with running(command_of(server, port), lambda: open_websocket(port).close()) as process:
        yield port, process.pid


def open_websocket(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            raise OSError(f"no handshake: {head!r}")
        head += byte
    if not head.startswith(b"HTTP/1.1 101"):
        raise OSError(f"no handshake: {head!r}")
    return connection


def load(port: int, seconds: float, connections: int, size: int) -> None:
    """Prints the number of echoes and the seconds, as JSON."""
    payload = b"x" * size
    message = bytes([0x81, 0x80 | size]) + bytes(4) + payload
    echo = bytes([0x81, size]) + payload
    selector = selectors.DefaultSelector()
    sockets = [open_websocket(port) for _ in range(connections)]
    for connection in sockets:
        selector.register(connection, selectors.EVENT_READ)
        connection.sendall(message)
    echoes = 0
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        for key, _ in selector.select(1):
            connection: socket.socket = key.fileobj  # type: ignore[assignment]
            data = connection.recv(65536)
            while len(data) < len(echo):
                more = connection.recv(65536)
                if not more:
                    raise SystemExit("the server closed a connection")
                data += more
            if data != echo:
                raise SystemExit(f"not an echo: {data[:50]!r}")
            echoes += 1
            connection.sendall(message)
    print(json.dumps({"echoes": echoes, "seconds": elapsed}))


def measure(
    port: int, process: int, seconds: float, options: argparse.Namespace
) -> tuple[float, float]:
    """Echoes per second of the server's CPU time, and per second."""
    command = [sys.executable, __file__, "--load", str(port), "--seconds", str(seconds)]
    command += ["--connections", str(options.connections), "--size", str(options.size)]
    before = cpu_time(process)
    found = json.loads(run_load(*command))
    echoes = found["echoes"]
    return echoes / (cpu_time(process) - before), echoes / found["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description="WebSocket echo, sioserve against uvicorn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of load per server and round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=32, help="bytes of a message, fewer than 126")
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not 0 < options.size < 126:
        parser.error("--size must be from 1 to 125")
    if options.load:
        return load(options.load, options.seconds, options.connections, options.size)
    needs_two_cores()

    rates: dict[str, list[float]] = {server: [] for server in SERVERS}
    print("round  " + "  ".join(f"{server:>24}" for server in SERVERS))
    for number in range(1, options.rounds + 1):
        line = []
        for server in SERVERS:
            with serving(server) as (port, process):
                measure(port, process, 1, options)
                per_cpu_second, per_second = measure(port, process, options.seconds, options)
            rates[server].append(per_cpu_second)
            line.append(f"{per_cpu_second:11,.0f} ({per_second:7,.0f}/s)")
        print(f"{number:5}  " + "  ".join(line), flush=True)
    for server in SERVERS[1:]:
        print_ratio(f"sioserve / {server}", rates["sioserve"], rates[server])
    return None


if __name__ == "__main__":
    main()
