"""Native relays against the same relay through a handler.

One server runs on one core; its clients, in rooms, run on another core and use WebSockets. In each
room one client sends the next event when the last client has got the previous one, with a few
events in flight. Both ways take turns, so that other load on the machine affects both. Prints
deliveries per second of the server's own CPU time, which does not depend on other load, and the
plain rate; then the time of a delivery while Python is busy.

    python bench/relay.py [--rounds 5] [--seconds 5] [--rooms 10] [--members 10] [--flight 4]
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import pathlib
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE, LOAD_CORE = "0", "1"
WAYS = ("relay", "handler")
BUSY = 2.0  # seconds


@contextlib.contextmanager
def running() -> Iterator[tuple[int, int]]:
    """Yields the server's port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    executable = os.environ.get("SIOSERVE", str(pathlib.Path(sys.executable).parent / "sioserve"))
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, executable, "relay_app:application", f"--port={port}"],
        cwd=HERE,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            if process.poll() is not None:
                raise SystemExit(f"the server ended with exit code {process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def frame(text: str) -> bytes:
    payload = text.encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload


class Member:
    """One client in a room."""

    def __init__(self, port: int, way: str, room: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.socket.sendall(frame(f"40/{way}," + json.dumps({"room": room})))
        answer = b""
        while f"40/{way},".encode() not in answer or not answer.endswith(b"}"):
            more = self.socket.recv(65536)
            if not more:
                raise SystemExit("the server refused a client")
            answer += more
        self.event = frame(f'42/{way},["move",17,4]')
        self.delivery = bytes([0x81, len(self.event) - 6]) + self.event[6:]
        self.rest = 0  # bytes of an incomplete delivery

    def send(self, count: int = 1) -> None:
        self.socket.sendall(self.event * count)

    def receive(self) -> int:
        """The number of deliveries that have become complete."""
        data = self.socket.recv(262_144)
        if not data:
            raise SystemExit("the server closed a connection")
        whole, rest = divmod(self.rest + len(data), len(self.delivery))
        if not self.rest and data[: len(self.delivery)] != self.delivery[: len(data)]:
            raise SystemExit(f"not a delivery: {data[:80]!r}")
        self.rest = rest
        return whole


def load(port: int, way: str, seconds: float, rooms: int, members: int, flight: int) -> None:
    """Prints the number of deliveries and the seconds, as JSON."""
    selector = selectors.DefaultSelector()
    for room in range(rooms):
        group = [Member(port, way, f"{way} {room}") for _ in range(members)]
        for member in group:
            last = member is group[-1]
            selector.register(member.socket, selectors.EVENT_READ, (member, group[0], last))
        group[0].send(flight)
    deliveries = 0
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        for key, _ in selector.select(1):
            member, sender, last = key.data
            count = member.receive()
            deliveries += count
            if last and count:
                sender.send(count)
    print(json.dumps({"deliveries": deliveries, "seconds": elapsed}))


def latencies(port: int, way: str, busy: bool) -> list[float]:
    """Milliseconds from one client to another, one event at a time, for BUSY seconds."""
    sender, receiver = (Member(port, way, "latency") for _ in range(2))
    url = f"http://127.0.0.1:{port}/?busy={BUSY if busy else 0}"
    blocker = threading.Thread(target=lambda: urllib.request.urlopen(url, timeout=60).read())
    blocker.start()
    time.sleep(0.1)
    found = []
    end = time.monotonic() + BUSY - 0.2
    while time.monotonic() < end:
        start = time.monotonic()
        sender.send()
        while not receiver.receive():
            pass
        found.append((time.monotonic() - start) * 1000)
        time.sleep(0.005)
    blocker.join()
    return found


def cpu_time(process: int) -> float:
    """CPU seconds of all threads of a process, in user mode and in the kernel."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    port: int, process: int, way: str, seconds: float, options: argparse.Namespace
) -> tuple[float, float]:
    """Deliveries per second of the server's CPU time, and per second."""
    command = [sys.executable, __file__, "--load", str(port), "--way", way]
    command += ["--seconds", str(seconds), "--rooms", str(options.rooms)]
    command += ["--members", str(options.members), "--flight", str(options.flight)]
    before = cpu_time(process)
    result = subprocess.run(
        ["taskset", "-c", LOAD_CORE, *command], capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise SystemExit(result.stderr)
    found = json.loads(result.stdout)
    used = cpu_time(process) - before
    return found["deliveries"] / used, found["deliveries"] / found["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Native relays against a handler")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of load per way and round")
    parser.add_argument("--rooms", type=int, default=10)
    parser.add_argument("--members", type=int, default=10, help="clients in each room")
    parser.add_argument("--flight", type=int, default=4, help="events under way in each room")
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        shape = options.rooms, options.members, options.flight
        return load(options.load, options.way, options.seconds, *shape)
    if (os.cpu_count() or 1) < 2:
        parser.error("two cores are needed: one for the server, one for the load")

    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    with running() as (port, process):
        for way in WAYS:
            measure(port, process, way, 1, options)
        print("deliveries per second of CPU time (per second)")
        print("round  " + "  ".join(f"{way:>24}" for way in WAYS))
        for number in range(1, options.rounds + 1):
            line = []
            for way in WAYS:
                per_cpu_second, per_second = measure(port, process, way, options.seconds, options)
                rates[way].append(per_cpu_second)
                line.append(f"{per_cpu_second:11,.0f} ({per_second:7,.0f}/s)")
            print(f"{number:5}  " + "  ".join(line), flush=True)
        ratios = [a / b for a, b in zip(rates["relay"], rates["handler"], strict=True)]
        print(
            f"relay / handler: median {statistics.median(ratios):.2f}, "
            f"range {min(ratios):.2f} to {max(ratios):.2f}"
        )
        for busy in (False, True):
            print("while Python is busy:" if busy else "one event at a time:")
            for way in WAYS:
                found = latencies(port, way, busy)
                middle, longest = statistics.median(found), max(found)
                print(
                    f"  {way:>8}: {len(found):4} deliveries, "
                    f"median {middle:.2f} ms, longest {longest:.1f} ms"
                )
    return None


if __name__ == "__main__":
    main()
