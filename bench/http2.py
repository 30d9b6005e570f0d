"""A plain ASGI "hello" over HTTP/2 without TLS: sioserve against granian, and over HTTP/1.1.

h2load asks each server for the same number of responses, with several streams on each connection.
The rates are requests for each second of CPU time of the server and its children, so that they do
not depend on other load on the machine. The servers take turns. Needs h2load, granian and two
cores; `scripts/bench http2` provides everything.

    python bench/http2.py [--rounds 5] [--requests 50000] [--connections 8] [--streams 16]
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import urllib.request
from collections.abc import Iterator

from servers import (
    SCRIPTS,
    cpu_time_of_tree,
    free_port,
    needs_two_cores,
    print_ratio,
    run_load,
    running,
    sioserve,
)

APPLICATION = "hello_app:application"
SERVERS = ("sioserve", "granian", "sioserve http/1.1")


def command_of(server: str, port: int) -> list[str]:
    if server == "granian":
        options = "--interface asgi --http auto --no-ws --workers 1 --loop uvloop --no-log"
        return [str(SCRIPTS / "granian"), APPLICATION, "--port", str(port), *options.split()]
    return [
        *(sioserve(), APPLICATION, "--port", str(port), "--no-access-log", "--http2-cleartext"),
    ]


@contextlib.contextmanager
def serving(server: str) -> Iterator[tuple[str, int]]:
    """Starts a server on its core; yields its URL and process id once it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"

    def answers() -> None:
        with urllib.request.urlopen(url, timeout=5) as response:
            assert response.read() == b"hello you\n"

    with running(command_of(server, port), answers) as process:
        yield url, process.pid


def load(url: str, requests: int, options: argparse.Namespace, server: str) -> None:
    """Raises SystemExit if a request failed."""
    flags = ["--h1"] if server.endswith("1.1") else []
    printed = run_load(
        *("h2load", *flags, "-t1", "-n", str(requests)),
        *("-c", str(options.connections), "-m", str(options.streams), url),
    )
    done = re.search(r"requests: .* (\d+) succeeded", printed)
    assert done, printed
    if int(done[1]) != requests:
        raise SystemExit(printed)


def main() -> None:
    parser = argparse.ArgumentParser(description="sioserve against granian, HTTP/2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=50_000, help="of each server and round")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--streams", type=int, default=16, help="of each connection")
    options = parser.parse_args()
    if not shutil.which("h2load"):
        parser.error("h2load is not installed")
    needs_two_cores()

    rates: dict[str, list[float]] = {server: [] for server in SERVERS}
    print("requests per second of CPU time")
    print(f"{'round':>5}" + "".join(f"  {server:>17}" for server in SERVERS))
    for number in range(1, options.rounds + 1):
        for server, measured in rates.items():
            with serving(server) as (url, process):
                load(url, options.requests // 10, options, server)
                before = cpu_time_of_tree(process)
                load(url, options.requests, options, server)
                measured.append(options.requests / (cpu_time_of_tree(process) - before))
        row = "".join(f"  {rates[server][-1]:17,.0f}" for server in SERVERS)
        print(f"{number:5}{row}", flush=True)
    print_ratio("sioserve / granian", rates["sioserve"], rates["granian"])
    print_ratio("HTTP/2 / HTTP/1.1", rates["sioserve"], rates["sioserve http/1.1"])


if __name__ == "__main__":
    main()
