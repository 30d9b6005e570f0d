"""What the channel to a Python process costs: with --workers 1, beside one process. And reloads.

requests: CPU time of all processes for a plain ASGI request. broadcasts: CPU time of the I/O thread
for each delivery of a broadcast to 1,000 clients. Both servers on one core, the load on another;
they take turns.
reloads: requests per second while two Python processes are replaced again and again. None may fail.

    python bench/workers.py [--rounds 5] [--seconds 5] [requests] [broadcasts] [reloads]
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from instruction_counts.clients import frame, join, receive
from servers import (
    LOAD_CORE,
    cpu_time_of_tree,
    free_port,
    needs_two_cores,
    print_ratio,
    run_load,
    running,
    sioserve,
)

CONNECTIONS = (1, 16, 64)
CLIENTS = 1_000
BROADCASTS = 200  # of a round


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


def times_of_threads(process: int) -> dict[str, int]:
    """Nanoseconds of CPU time of each thread but the main one, in which Python runs."""
    return {
        path.name: int((path / "schedstat").read_text().split()[0])
        for path in pathlib.Path(f"/proc/{process}/task").iterdir()
        if path.name != str(process)
    }


def broadcast(clients: list[socket.socket], times: int) -> None:
    for number in range(times):
        clients[number % len(clients)].sendall(frame('42["all","hello"]'))
        for client in clients:
            receive(client, b'["news","hello"]')


def nanoseconds_of_delivery(arguments: list[str]) -> float:
    """CPU time of the I/O thread for a delivery: that of the thread which needed the most."""
    port = free_port()
    application = "socket_io_apps.sioserve_app:application"
    command = [sioserve(), application, "--port", str(port), "--no-access-log"]
    command += ["--socketio-ping-interval", "600"]  # the clients answer no pings
    with running([*command, *arguments], lambda: connects(port)) as server:
        clients = [join(port) for _ in range(CLIENTS)]
        broadcast(clients, BROADCASTS // 10)
        before = times_of_threads(server.pid)
        broadcast(clients, BROADCASTS)
        after = times_of_threads(server.pid)
        for client in clients:
            client.close()
    spent = max(time - before.get(thread, 0) for thread, time in after.items())
    return spent / (BROADCASTS * CLIENTS)


def connects(port: int) -> None:
    socket.create_connection(("127.0.0.1", port)).close()


def compare_requests(rounds: int, seconds: float) -> None:
    for connections in CONNECTIONS:
        alone, behind = [], []
        for _ in range(rounds):
            alone.append(microseconds([], connections, seconds))
            behind.append(microseconds(["--workers", "1"], connections, seconds))
        print_ratio(f"{connections} connections, CPU with --workers 1 to without", behind, alone)


def compare_broadcasts(rounds: int) -> None:
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    alone, behind = [], []
    for _ in range(rounds):
        alone.append(nanoseconds_of_delivery([]))
        behind.append(nanoseconds_of_delivery(["--workers", "1"]))
        times = f"{alone[-1]:.0f} ns alone, {behind[-1]:.0f} ns with --workers 1"
        print(f"I/O thread for a delivery: {times}")
    print_ratio("I/O thread for a delivery with --workers 1 to without", behind, alone)


def reload_until(ended: threading.Event, control: str) -> int:
    """Returns how often. Raises CalledProcessError."""
    count = 0
    while not ended.is_set():
        subprocess.run(
            [sioserve(), "reload", "--control", control], check=True, stdout=subprocess.DEVNULL
        )
        count += 1
    return count


def reload_under_load(seconds: float) -> None:
    """Raises SystemExit if a request has failed."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
        control = f"{folder}/control"
        command = [sioserve(), "hello_app:application", "--port", str(port), "--no-access-log"]
        command += ["--workers", "2", "--control", control]
        ended = threading.Event()
        with running(command, lambda: urllib.request.urlopen(url).read()):
            reloads = threads.submit(reload_until, ended, control)
            try:
                printed = run_load("wrk", "-t1", "-c16", f"-d{seconds:g}s", url)
            finally:
                ended.set()
            count = reloads.result()
    rate = re.search(r"Requests/sec: +(\S+)", printed)
    assert rate, printed
    print(f"{float(rate[1]):.0f} requests per second during {count} reloads")
    failed = re.search(r"Socket errors.*|Non-2xx.*", printed)
    if failed:
        raise SystemExit(failed[0])


def main() -> None:
    parser = argparse.ArgumentParser(description="one process, and an I/O and a Python process")
    parser.add_argument("what", nargs="*", help="requests, broadcasts, reloads")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of load")
    options = parser.parse_args()
    needs_two_cores()
    what = options.what or ["requests", "broadcasts", "reloads"]
    if "requests" in what:
        compare_requests(options.rounds, options.seconds)
    if "broadcasts" in what:
        compare_broadcasts(options.rounds)
    if "reloads" in what:
        for _ in range(options.rounds):
            reload_under_load(options.seconds)


if __name__ == "__main__":
    main()
