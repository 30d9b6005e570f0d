"""What a polling request costs at a server that does not have its session (--cluster-listen).

Two servers run on one core, with a Redis. One client, on another core, sends events by POST and
gets their acknowledgements by GET: in turn at the server of its session, and at the other one.
Prints the medians of the times in milliseconds, and their differences. `scripts/bench forwarding`
provides everything.

    python bench/forwarding.py [--rounds 5] [--requests 300]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from servers import LOAD_CORE, free_port, needs_two_cores, running, sioserve

SECRET = "a secret of this benchmark"
PATH = "/socket.io/?EIO=4&transport=polling"
PATIENCE = 10.0  # seconds until the servers know each other


def connecting_to(port: int) -> Callable[[], None]:
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close()


@contextlib.contextmanager
def cluster() -> Iterator[list[int]]:
    """The ports of two servers."""
    redis = shutil.which("redis-server")
    if redis is None:
        raise SystemExit("redis-server is not installed")
    with contextlib.ExitStack() as stack:
        port = free_port()
        command = [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        stack.enter_context(running(command, connecting_to(port)))
        ports = [free_port(), free_port()]
        for own in ports:
            options = [f"--port={own}", "--no-access-log", f"--redis=redis://127.0.0.1:{port}"]
            options += ["--cluster-listen=127.0.0.1:0", f"--cluster-secret={SECRET}"]
            command = [sioserve(), "socket_io_apps.sioserve_app:application", *options]
            stack.enter_context(running(command, connecting_to(own)))
        yield ports


class Client:
    """A session on one server, with a connection to each."""

    def __init__(self, ports: list[int]) -> None:
        self.connections = [http.client.HTTPConnection("127.0.0.1", port) for port in ports]
        opened = self.request(0, "GET", PATH)
        self.path = f"{PATH}&sid={json.loads(opened[1:])['sid']}"
        self.request(0, "POST", self.path, "40")
        self.request(0, "GET", self.path)

    def request(self, server: int, method: str, path: str, body: str | None = None) -> str:
        self.connections[server].request(method, path, body)
        response = self.connections[server].getresponse()
        text = response.read().decode()
        if response.status != 200:
            raise ConnectionError(text)
        return text

    def turn(self, server: int) -> tuple[float, float]:
        """The seconds of a POST and of the GET after it."""
        begin = time.perf_counter()
        self.request(server, "POST", self.path, '421["echo","text"]')
        between = time.perf_counter()
        while not self.request(server, "GET", self.path).startswith("43"):
            self.request(server, "POST", self.path, "3")  # it was a ping
        return between - begin, time.perf_counter() - between


def until_known(client: Client) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            client.request(1, "POST", client.path, "3")
            return
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description="Forwarded polling requests")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=300, help="of each kind and round")
    options = parser.parse_args()
    needs_two_cores()
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with cluster() as ports:
        client = Client(ports)
        until_known(client)
        print("milliseconds: POST, GET at the server of the session; at the other one; more")
        for number in range(1, options.rounds + 1):
            times: list[list[tuple[float, float]]] = [[], []]
            for _ in range(options.requests):
                for server in (0, 1):
                    times[server].append(client.turn(server))
            home, away = (
                [statistics.median(one[kind] for one in times[server]) * 1000 for kind in (0, 1)]
                for server in (0, 1)
            )
            more = [there - here for here, there in zip(home, away, strict=True)]
            shown = "   ".join(f"{post:.3f}, {get:.3f}" for post, get in (home, away, more))
            print(f"{number:5}  {shown}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
