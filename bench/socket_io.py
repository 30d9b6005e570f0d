"""Socket.IO over WebSockets: sioserve against Node's socket.io, python-socketio and django-sio, the
last one on uvicorn and on daphne. "sioserve-def" is sioserve with plain `def` handlers.

Each server runs pinned to one core, and bench/socket_io_load loads it from another. The servers
take turns, so that other load on the machine affects all of them. Measures, per round and server:
acknowledgements per second with one and with eight events in flight per client, deliveries per
second of broadcasts to many clients with one and with four in flight, connections per second, and
the memory of an idle connection. `scripts/bench socket_io` provides everything.

    python bench/socket_io.py [--rounds 3] [--seconds 4] [--servers sioserve,node] [--rows acks]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

from servers import (
    HERE,
    LOAD_CORE,
    free_port,
    needs_two_cores,
    print_ratio,
    resident_bytes,
    run_load,
    running,
    sioserve,
    uvicorn,
)

ROOT = HERE.parent
APPS = HERE / "socket_io_apps"
LOAD = os.environ.get("SOCKETIO_LOAD", str(ROOT / "build/dev/bench/socket_io_load/socketio_load"))
DJANGO_SIO, DAPHNE = ROOT / "build/django-sio", ROOT / "build/daphne"
SERVERS = ("sioserve", "sioserve-def", "node", "python-socketio", "django-sio", "django-sio-daphne")


@dataclasses.dataclass(frozen=True)
class Row:
    """One measurement: more is better, except for memory."""

    name: str
    unit: str
    scenario: str
    clients: int
    in_flight: int = 1


ROWS = (
    Row("acks, 64 clients, 1 in flight", "/s", "acks", 64, 1),
    Row("acks, 64 clients, 8 in flight", "/s", "acks", 64, 8),
    Row("broadcast to 1,000, 1 in flight", "deliveries/s", "broadcast", 1000, 1),
    Row("broadcast to 1,000, 4 in flight", "deliveries/s", "broadcast", 1000, 4),
    Row("connects", "/s", "connects", 32),
    Row("memory of an idle connection", "KB", "idle", 2000),
)


def command_of(server: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The command, and additional environment variables."""
    if server in ("sioserve", "sioserve-def"):
        name = "sioserve_app" if server == "sioserve" else "sioserve_plain_app"
        app = f"socket_io_apps.{name}:application"
        return [sioserve(), app, "--port", str(port), "--no-access-log"], {}
    if server == "node":
        return ["node", str(APPS / "node_server.mjs"), str(port)], {}
    if server == "django-sio-daphne":
        app = "socket_io_apps.django_sio_app:application"
        options = ["--port", str(port), "--bind", "127.0.0.1", "--verbosity", "0"]
        path = {"PYTHONPATH": os.pathsep.join([str(DAPHNE), str(DJANGO_SIO)])}
        return [sys.executable, "-m", "daphne", *options, app], path
    module = server.replace("-", "_") + "_app"
    options = ["--port", str(port), "--loop", "uvloop", "--no-access-log", "--log-level", "warning"]
    path = {"PYTHONPATH": str(DJANGO_SIO)} if server == "django-sio" else {}
    return [uvicorn(), f"socket_io_apps.{module}:application", *options], path


def measure(row: Row, server: str, seconds: float) -> tuple[float, float]:
    """The result; for a rate, also the rate per second of the server's CPU time."""
    port = free_port()
    command, env = command_of(server, port)

    def answers() -> None:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()

    with running(command, answers, env) as process:
        arguments = [LOAD, row.scenario, str(port), str(row.clients), str(row.in_flight)]
        if row.scenario == "idle":
            # One-time costs of the first connections.
            run_load(LOAD, "acks", str(port), "64", "1", "0.5", str(process.pid))
            kilobytes = idle_kilobytes(
                [*arguments, "1", str(process.pid)], process.pid, row.clients
            )
            return kilobytes, kilobytes
        found = json.loads(run_load(*arguments, str(seconds), str(process.pid)))
        return found["count"] / found["seconds"], found["count"] / found["cpu"]


def idle_kilobytes(arguments: list[str], server: int, clients: int) -> float:
    before = resident_bytes(server)
    load = subprocess.Popen(
        ["taskset", "-c", LOAD_CORE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert load.stdin
    assert load.stdout
    try:
        if not load.stdout.readline():
            raise SystemExit("the load generator ended")
        time.sleep(1)  # includes the server's background work
        return (resident_bytes(server) - before) / clients / 1024
    finally:
        load.stdin.close()
        load.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description="Socket.IO: sioserve against others")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of load per row and server")
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--rows", default="", help="only those whose name has this in it")
    options = parser.parse_args()
    servers = options.servers.split(",")
    if unknown := set(servers) - set(SERVERS):
        parser.error(f"no server {', '.join(unknown)}; there are {', '.join(SERVERS)}")
    if not pathlib.Path(LOAD).exists():
        parser.error("the load generator is not built: scripts/setup --bench")
    needs_two_cores()

    for row in ROWS:
        if options.rows not in row.name:
            continue
        figures: dict[str, list[float]] = {server: [] for server in servers}
        per_cpu: dict[str, list[float]] = {server: [] for server in servers}
        beside = "" if row.scenario == "idle" else "; in brackets: per second of its CPU time"
        print(f"\n{row.name} ({row.unit}{beside})")
        print("round  " + "  ".join(f"{server:>22}" for server in servers))
        for number in range(1, options.rounds + 1):
            line = []
            for server in servers:
                figure, figure_per_cpu = measure(row, server, options.seconds)
                figures[server].append(figure)
                per_cpu[server].append(figure_per_cpu)
                bracket = "" if row.scenario == "idle" else f" ({figure_per_cpu:,.0f})"
                line.append(f"{figure:,.1f}{bracket}".rjust(22))
            print(f"{number:5}  " + "  ".join(line), flush=True)
        medians = (f"{statistics.median(figures[server]):22,.1f}" for server in servers)
        print("median " + "  ".join(medians))
        for other in servers[1:]:
            print_ratio(f"{servers[0]} / {other}", figures[servers[0]], figures[other])
            if beside:
                what = f"{servers[0]} / {other} by CPU time"
                print_ratio(what, per_cpu[servers[0]], per_cpu[other])


if __name__ == "__main__":
    sys.exit(main())
