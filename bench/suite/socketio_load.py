"""Measures a server with bench/socket_io_load."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import time
from collections.abc import Iterator
from typing import Any

from servers import (
    BOTH_CORES,
    LOAD_CORE,
    SERVER_CORE,
    cpu_time_of_tree,
    resident_bytes_of_tree,
    run_load,
)

from suite.programs import SOCKETIO_LOAD, built
from suite.row import SMOKE_SECONDS, Measurement, few_if_smoke
from suite.socketio_servers import PING_INTERVAL, Serving, serving

WARM_UP = 0.3  # seconds that are not counted
SLOW = 1_000  # sessions, for servers that take long to connect more
FILES_FOR_SESSIONS = 0.85  # of the files that a process may open; sioserve keeps a tenth free


def measured(
    server: str,
    scenario: str,
    clients: int,
    seconds: float,
    *,
    in_flight: int = 1,
    share_cores: bool = False,
    ping_interval: float = PING_INTERVAL,
    **options: object,
) -> Measurement:
    """Runs a scenario of the load generator, whose file main.cc explains them and their options.

    An open loop gives percentiles ("p99 ms") instead of a rate. `share_cores`: both the server and
    the load may use both cores.
    """
    cores = BOTH_CORES if share_cores else SERVER_CORE
    with serving(server, ping_interval=ping_interval, cores=cores) as running:
        found = run(running, scenario, clients, seconds, in_flight, share_cores, options)
    count, cpu = found["count"], found["cpu"]
    microseconds = 1e6 * cpu / count if count else None
    if "percentiles" not in found:
        return Measurement(count / found["seconds"], microseconds)
    return Measurement(cpu=microseconds, figures=percentiles(found["percentiles"]))


def run(
    running: Serving,
    scenario: str,
    clients: int,
    seconds: float,
    in_flight: int,
    share_cores: bool,
    options: dict[str, object],
) -> dict[str, Any]:
    options = {"warm": min(WARM_UP, seconds / 2), **options}
    more = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [built(SOCKETIO_LOAD), scenario, str(running.port), str(clients), str(in_flight)]
    output = run_load(
        *(*command, str(seconds), str(running.process), *more),
        cores=BOTH_CORES if share_cores else LOAD_CORE,
    )
    found: dict[str, Any] = json.loads(output)
    return found


def percentiles(found: dict[str, float]) -> dict[str, float]:
    """{"99": 1.5} as {"p99 ms": 1.5}."""
    return {f"p{percent} ms": value for percent, value in found.items()}


@contextlib.contextmanager
def idle_sessions(running: Serving, sessions: int, namespace: str) -> Iterator[None]:
    """Clients that are connected to `namespace` ("" for the main one) and answer pings."""
    command = [built(SOCKETIO_LOAD), "idle", str(running.port), str(sessions), "1", "1"]
    command.append(str(running.process))
    if namespace:
        command += ["--namespace", namespace]
    load = subprocess.Popen(
        ["taskset", "-c", LOAD_CORE, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert load.stdin
    assert load.stdout
    assert load.stderr
    try:
        if not load.stdout.readline():
            raise SystemExit(load.stderr.read().decode() or "the load generator ended")
        yield
    finally:
        load.stdin.close()
        load.wait(30)


def idle_memory(server: str, seconds: float, sessions: int, namespace: str = "") -> Measurement:
    """KB of a session; how many there were is a figure too."""
    sessions = allowed_sessions(few_if_smoke(sessions, seconds))
    with serving(server) as running:
        # One-time costs of the first connections.
        run(running, "acks", few_if_smoke(64, seconds), min(seconds, 0.5), 1, False, {})
        before = resident_bytes_of_tree(running.process)
        with idle_sessions(running, sessions, namespace):
            time.sleep(min(seconds, 1))  # includes the server's background work
            grown = resident_bytes_of_tree(running.process) - before
    return Measurement(figures={"KB": grown / sessions / 1024, "sessions": sessions})


def idle_cpu(server: str, seconds: float, sessions: int) -> Measurement:
    """The CPU time of one heartbeat, and of a session with one every 25 s.

    All servers have the same ping interval, which is the time of the measurement: 5 s at least, and
    25 s at most. So each session has one heartbeat meanwhile.
    """
    interval = 1.0 if seconds <= SMOKE_SECONDS else min(max(seconds, 5.0), PING_INTERVAL)
    sessions = allowed_sessions(few_if_smoke(sessions, seconds))
    with (
        serving(server, ping_interval=interval) as running,
        idle_sessions(running, sessions, ""),
    ):
        before = cpu_time_of_tree(running.process)
        time.sleep(interval)
        heartbeat = 1e6 * (cpu_time_of_tree(running.process) - before) / sessions
    figures = {"µs/s": heartbeat / PING_INTERVAL, "sessions": sessions, "interval s": interval}
    return Measurement(cpu=heartbeat, figures=figures)


def allowed_sessions(wanted: int) -> int:
    """As many as this process, and those that it starts, may have files for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = int(wanted / FILES_FOR_SESSIONS) + 1
    if soft < needed:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(needed, hard)))
        except (OSError, ValueError):  # not root
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return min(wanted, int(allowed * FILES_FOR_SESSIONS))
