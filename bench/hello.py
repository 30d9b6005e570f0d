"""Requests per second of a plain ASGI "hello": sioserve against uvicorn with httptools and uvloop.

Each server runs pinned to one core, and wrk loads it from another. The servers take turns, so that
other load on the machine affects both. Prints each round's rates and the ratio's median and range.
Needs wrk and two cores; `scripts/bench` provides everything.

    python bench/hello.py [--rounds 5] [--seconds 5] [--connections 64]
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import urllib.request
from collections.abc import Iterator

from servers import (
    free_port,
    needs_two_cores,
    print_ratio,
    run_load,
    running,
    sioserve,
    uvicorn,
)

APPLICATION = "hello_app:application"


def command_of(server: str, port: int) -> list[str]:
    if server == "sioserve":
        return [sioserve(), APPLICATION, "--port", str(port), "--no-access-log"]
    options = "--loop uvloop --http httptools --no-access-log --log-level warning"
    return [uvicorn(), APPLICATION, "--port", str(port), *options.split()]


@contextlib.contextmanager
def serving(server: str) -> Iterator[str]:
    """Starts a server on its core; yields its URL once it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"

    def answers() -> None:
        with urllib.request.urlopen(url, timeout=5) as response:
            assert response.read() == b"hello you\n"

    with running(command_of(server, port), answers):
        yield url


def measure(url: str, seconds: int, connections: int) -> float:
    """Requests per second, counted by wrk. Raises SystemExit if a request failed."""
    printed = run_load("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url)
    errors = re.search(r"(Socket errors|Non-2xx).*", printed)
    if errors:
        raise SystemExit(errors[0])
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert rate, printed
    return float(rate[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="sioserve against uvicorn, plain ASGI hello")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of load per server and round")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        parser.error("wrk is not installed")
    needs_two_cores()

    rates: dict[str, list[float]] = {"sioserve": [], "uvicorn": []}
    print(f"{'round':>5}  {'sioserve/s':>10}  {'uvicorn/s':>10}  {'ratio':>5}")
    for number in range(1, options.rounds + 1):
        for server, measured in rates.items():
            with serving(server) as url:
                measure(url, 1, options.connections)
                measured.append(measure(url, options.seconds, options.connections))
        ours, theirs = rates["sioserve"][-1], rates["uvicorn"][-1]
        print(f"{number:5}  {ours:10,.0f}  {theirs:10,.0f}  {ours / theirs:5.2f}", flush=True)
    print_ratio("sioserve / uvicorn", rates["sioserve"], rates["uvicorn"])


if __name__ == "__main__":
    main()
