"""Broadcasts in a cluster: two servers of sioserve with --redis against two of Node with
@socket.io/redis-adapter, and two of python-socketio with its AsyncRedisManager.

Half of the clients are on each server. One client sends an event, which its server emits to all.
The next one is sent when each client has got it, with some in flight. The two servers and Redis
run on one core, bench/socket_io_load on another. The kinds take turns, so that other load on the
machine affects all of them. Prints deliveries per second, and the CPU time of both servers for a
delivery, in microseconds, with and without the kernel's part. Redis' CPU time is not in it.
`scripts/bench cluster` provides everything.

    python bench/cluster.py [--rounds 5] [--seconds 4] [--clients 1000] [--servers sioserve,node]
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import shutil
import socket
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence

from servers import (
    HERE,
    free_port,
    needs_two_cores,
    print_ratio,
    run_load,
    running,
    sioserve,
    uvicorn,
)
from suite.programs import SOCKETIO_LOAD

APPS = HERE / "socket_io_apps"
KINDS = ("sioserve", "node", "python-socketio")
IN_FLIGHT = (1, 4)


@dataclasses.dataclass(frozen=True)
class Figures:
    """Of one measurement; CPU times are microseconds for a delivery."""

    rate: float
    cpu: float
    user: float


def command_of(kind: str, port: int, redis: str) -> tuple[list[str], dict[str, str]]:
    """The command, and additional environment variables."""
    if kind == "sioserve":
        app = "socket_io_apps.sioserve_app:application"
        return [sioserve(), app, f"--port={port}", "--no-access-log", "--redis", redis], {}
    if kind == "node":
        return ["node", str(APPS / "node_cluster_server.mjs"), str(port), redis], {}
    options = [f"--port={port}", "--loop", "uvloop", "--no-access-log", "--log-level", "warning"]
    app = "socket_io_apps.python_socketio_app:application"
    return [uvicorn(), app, *options], {"REDIS": redis}


@contextlib.contextmanager
def cluster_of(kind: str) -> Iterator[tuple[list[int], list[int]]]:
    """The ports and process ids of two servers, with a Redis of their own."""
    server = shutil.which("redis-server")
    if server is None:
        raise SystemExit("redis-server is not installed")
    with contextlib.ExitStack() as stack:
        port = free_port()
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        stack.enter_context(running(command, connecting_to(port)))
        redis = f"redis://127.0.0.1:{port}"
        ports, processes = [], []
        for _ in range(2):
            ports.append(free_port())
            command, env = command_of(kind, ports[-1], redis)
            process = stack.enter_context(running(command, connecting_to(ports[-1]), env))
            processes.append(process.pid)
        yield ports, processes


def connecting_to(port: int) -> Callable[[], None]:
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close()


def measure(kind: str, clients: int, in_flight: int, seconds: float) -> Figures:
    with cluster_of(kind) as (ports, processes):
        arguments = [listed(ports), str(clients), str(in_flight), str(seconds), listed(processes)]
        found = json.loads(run_load(str(SOCKETIO_LOAD), "broadcast", *arguments))
    count = found["count"]
    return Figures(
        count / found["seconds"], found["cpu"] / count * 1e6, found["user"] / count * 1e6
    )


def listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))


def main() -> None:
    parser = argparse.ArgumentParser(description="A cluster of sioserve against others")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of load per measurement")
    parser.add_argument("--clients", type=int, default=1000, help="of both servers")
    parser.add_argument("--servers", default=",".join(KINDS))
    options = parser.parse_args()
    kinds = options.servers.split(",")
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"no server {', '.join(unknown)}; there are {', '.join(KINDS)}")
    if not SOCKETIO_LOAD.exists():
        parser.error("the load generator is not built: scripts/setup --bench")
    needs_two_cores()
    for in_flight in IN_FLIGHT:
        found: dict[str, list[Figures]] = {kind: [] for kind in kinds}
        print(f"\nbroadcast to {options.clients:,} clients on two servers, {in_flight} in flight")
        print("deliveries/s (CPU microseconds for a delivery; without the kernel)")
        print("round  " + "  ".join(f"{kind:>26}" for kind in kinds))
        for number in range(1, options.rounds + 1):
            line = []
            for kind in kinds:
                one = measure(kind, options.clients, in_flight, options.seconds)
                found[kind].append(one)
                line.append(f"{one.rate:,.0f} ({one.cpu:.2f}; {one.user:.2f})".rjust(26))
            print(f"{number:5}  " + "  ".join(line), flush=True)
        for kind in kinds:
            cpu = statistics.median(one.cpu for one in found[kind])
            user = statistics.median(one.user for one in found[kind])
            print(f"median of {kind}: {cpu:.2f} microseconds, without the kernel {user:.2f}")
        ours = found[kinds[0]]
        for other in kinds[1:]:
            theirs = found[other]
            for what, name in (("CPU time", "cpu"), ("CPU time without the kernel", "user")):
                # More is better: deliveries for the same time.
                print_ratio(
                    f"{kinds[0]} / {other}, deliveries by {what}",
                    [1 / getattr(one, name) for one in ours],
                    [1 / getattr(one, name) for one in theirs],
                )


if __name__ == "__main__":
    sys.exit(main())
