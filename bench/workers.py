"""What the channel to a Python process costs: CPU time of a plain request with --workers 1, beside
that in one process. Both servers on one core, wrk on another; they take turns.

    python bench/workers.py [--rounds 5] [--seconds 5]
"""

from __future__ import annotations

import argparse
import re
import urllib.request

from servers import (
    cpu_time_of_tree,
    free_port,
    needs_two_cores,
    print_ratio,
    run_load,
    running,
    sioserve,
)

CONNECTIONS = (1, 16, 64)


def microseconds(arguments: list[str], connections: int, seconds: float) -> float:
    """CPU time of all processes for a request."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = [sioserve(), "hello_app:application", "--port", str(port), "--no-access-log"]
    load = ("wrk", "-t1", f"-c{connections}")
    with running([*command, *arguments], lambda: urllib.request.urlopen(url).read()) as server:
        run_load(*load, "-d1s", url)
        before = cpu_time_of_tree(server.pid)
        printed = run_load(*load, f"-d{seconds:g}s", url)
        spent = cpu_time_of_tree(server.pid) - before
    requests = re.search(r"(\d+) requests in", printed)
    assert requests, printed
    return spent / int(requests[1]) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description="one process, and an I/O and a Python process")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of load")
    options = parser.parse_args()
    needs_two_cores()
    for connections in CONNECTIONS:
        alone, behind = [], []
        for _ in range(options.rounds):
            alone.append(microseconds([], connections, options.seconds))
            behind.append(microseconds(["--workers", "1"], connections, options.seconds))
        print_ratio(f"{connections} connections, CPU with --workers 1 to without", behind, alone)


if __name__ == "__main__":
    main()
