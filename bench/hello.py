"""Requests per second of a plain ASGI "hello": sioserve against uvicorn with httptools and uvloop.

Each server in turn is pinned to one core and loaded by wrk on another, in alternation, so that
whatever else the machine does meets both. Prints each round's rates and the ratio's median and
range. Needs wrk and two cores; `scripts/bench` provides everything.

    python bench/hello.py [--rounds 5] [--seconds 5] [--connections 64]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE, LOAD_CORE = "0", "1"
APPLICATION = "hello_app:application"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command_of(server: str, port: int) -> list[str]:
    scripts = pathlib.Path(sys.executable).parent
    if server == "sioserve":
        executable = os.environ.get("SIOSERVE", str(scripts / "sioserve"))
        return [executable, APPLICATION, "--port", str(port), "--no-access-log"]
    options = "--loop uvloop --http httptools --no-access-log --log-level warning"
    return [str(scripts / "uvicorn"), APPLICATION, "--port", str(port), *options.split()]


@contextlib.contextmanager
def running(server: str) -> Iterator[str]:
    """Starts a server on its core; gives its URL once it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *command_of(server, port)],
        cwd=HERE,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_answered(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def wait_until_answered(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                assert response.read() == b"hello you\n"
                return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def measure(url: str, seconds: int, connections: int) -> float:
    """Requests per second by wrk's count. Raises SystemExit when a request failed."""
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url]
    result = subprocess.run(
        ["taskset", "-c", LOAD_CORE, *wrk], capture_output=True, text=True, check=True
    )
    errors = re.search(r"(Socket errors|Non-2xx).*", result.stdout)
    if errors:
        raise SystemExit(errors[0])
    rate = re.search(r"Requests/sec:\s+([\d.]+)", result.stdout)
    assert rate, result.stdout
    return float(rate[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="sioserve against uvicorn, plain ASGI hello")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of load per server and round")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        parser.error("wrk is not installed")
    if (os.cpu_count() or 1) < 2:
        parser.error("two cores are needed: one for the server, one for the load")

    ratios = []
    print(f"{'round':>5}  {'sioserve/s':>10}  {'uvicorn/s':>10}  {'ratio':>5}")
    for number in range(1, options.rounds + 1):
        rates = {}
        for server in ("sioserve", "uvicorn"):
            with running(server) as url:
                measure(url, 1, options.connections)
                rates[server] = measure(url, options.seconds, options.connections)
        ratios.append(rates["sioserve"] / rates["uvicorn"])
        print(
            f"{number:5}  {rates['sioserve']:10,.0f}  {rates['uvicorn']:10,.0f}  {ratios[-1]:5.2f}",
            flush=True,
        )
    print(
        f"sioserve / uvicorn: median {statistics.median(ratios):.2f}, "
        f"range {min(ratios):.2f} to {max(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
