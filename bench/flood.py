"""The effect of a flood of emits on other clients.

One server runs on one core. It emits 40,000 events to clients of a namespace that read nothing,
once from a thread and once in a handler that awaits each emit. Meanwhile another core opens
sessions and sends events to another namespace, one after the other, and answers the pings of 50
others. Prints how long these took (of a ping: how late it was) before the flood, until its last
emit had returned, and in the seconds after it; and the server's memory.

    python bench/flood.py [--clients 200] [--count 40000] [--bytes 100] [--ways ...]
"""

from __future__ import annotations

import argparse
import base64
import os
import selectors
import socket
import statistics
import threading
import time
import urllib.request

from servers import free_port, needs_two_cores, resident_bytes, running, sioserve

LOAD_CORE = 1
AFTERWARDS = 6.0  # seconds
PING_INTERVAL = 0.25  # seconds
PINGED = 50  # sessions that answer pings
# Clients that read nothing answer no ping.
PING_OPTIONS = (
    *("--socketio-ping-interval", str(PING_INTERVAL)),
    *("--socketio-ping-timeout", "600"),
)
PING, PONG = b"\x81\x012", "3"


def frame(text: str) -> bytes:
    payload = text.encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload


class Client:
    """A WebSocket in one namespace."""

    def __init__(self, port: int, namespace: str) -> None:
        self.namespace = namespace
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.socket.sendall(frame(f"40{namespace},"))
        self.read_until(f"40{namespace},".encode())

    def read_until(self, what: bytes) -> None:
        answer = b""
        while what not in answer:
            more = self.socket.recv(65536)
            if not more:
                raise SystemExit("the server closed a connection")
            answer += more

    def echo(self) -> None:
        self.socket.sendall(frame(f'42{self.namespace},7["echo",1]'))
        self.read_until(f"43{self.namespace},7[]".encode())


def milliseconds(action: object) -> float:
    start = time.perf_counter()
    action()  # type: ignore[operator]
    return (time.perf_counter() - start) * 1000


class Heartbeats(threading.Thread):
    """Answers the pings of its sessions until it is stopped; measures how late they come, in
    milliseconds.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self._stopped = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._due: dict[socket.socket, float | None] = {}
        for _ in range(PINGED):
            opened = Client(port, "/other").socket
            self._selector.register(opened, selectors.EVENT_READ)
            self._due[opened] = None  # the first ping was perhaps read with the answer to CONNECT
            opened.sendall(frame(PONG))
        self.late: list[float] = []

    def run(self) -> None:
        while not self._stopped.is_set():
            for key, _ in self._selector.select(0.1):
                opened = key.fileobj
                assert isinstance(opened, socket.socket)
                if PING not in opened.recv(4096):
                    continue
                now = time.perf_counter()
                due = self._due[opened]
                if due is not None:
                    self.late.append((now - due) * 1000)
                opened.sendall(frame(PONG))
                self._due[opened] = time.perf_counter() + PING_INTERVAL

    def stop(self) -> list[float]:
        self._stopped.set()
        self.join()
        for opened in self._due:
            opened.close()
        return self.late


class Probe(threading.Thread):
    """Opens sessions and sends events until it is stopped; measures both in milliseconds."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self._stopped = threading.Event()
        self.handshakes: list[float] = []
        self.connects: list[float] = []
        self.events: list[float] = []
        self._heartbeats = Heartbeats(port)

    def run(self) -> None:
        self._heartbeats.start()
        client = Client(self._port, "/other")
        while not self._stopped.wait(0.002):
            self.handshakes.append(milliseconds(self.open_session))
            self.connects.append(milliseconds(lambda: Client(self._port, "/other")))
            self.events.append(milliseconds(client.echo))

    def open_session(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port), timeout=60) as connection:
            connection.sendall(
                b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
            if b'"sid"' not in connection.recv(4096):
                raise SystemExit("the server refused a session")

    def stop(self) -> dict[str, list[float]]:
        self._stopped.set()
        self.join()
        return {
            "handshake": self.handshakes,
            "with a namespace": self.connects,
            "event with its ack": self.events,
            "ping": self._heartbeats.stop(),
        }


def describe(found: dict[str, list[float]]) -> None:
    for what, times in found.items():
        ordered = sorted(times)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        print(
            f"  {what:>18}: {len(ordered):5} times, median {statistics.median(ordered):7.2f} ms, "
            f"p99 {p99:8.2f}, longest {ordered[-1]:8.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="What a flood of emits does to others")
    parser.add_argument("--clients", type=int, default=200, help="that read nothing")
    parser.add_argument("--count", type=int, default=40_000, help="events emitted")
    parser.add_argument("--bytes", type=int, default=100, help="of each event")
    parser.add_argument("--ways", nargs="+", default=["thread", "await"])
    options = parser.parse_args()
    needs_two_cores()
    os.sched_setaffinity(0, {LOAD_CORE})
    for way in options.ways:
        port = free_port()
        command = [sioserve(), "flood_app:application", f"--port={port}", *PING_OPTIONS]

        def answers(port: int = port) -> None:
            socket.create_connection(("127.0.0.1", port)).close()

        with running(command, answers) as process:
            idle = [Client(port, "/flood") for _ in range(options.clients)]
            print(f"{len(idle)} clients that read nothing; before:")
            probe = Probe(port)
            probe.start()
            time.sleep(2)
            describe(probe.stop())
            before = resident_bytes(process.pid)
            probe = Probe(port)
            probe.start()
            url = f"http://127.0.0.1:{port}/flood?way={way}&count={options.count}&bytes={options.bytes}"
            with urllib.request.urlopen(url, timeout=600) as response:
                seconds = float(response.read())
            print(f"during {options.count} emits ({way}), which took {seconds:.2f} s:")
            describe(probe.stop())
            probe = Probe(port)
            probe.start()
            time.sleep(AFTERWARDS)  # emitted events may still be in transit
            print("afterwards:")
            describe(probe.stop())
            after = resident_bytes(process.pid)
            print(f"  memory: {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after", flush=True)


if __name__ == "__main__":
    main()
