"""The row about the start of a server with a Django project (bench/django_site)."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time

from servers import HERE, SERVER_CORE, cpu_time_of_tree, free_port, stop

from suite.http_peers import command_of
from suite.row import SMOKE_SECONDS, Measurement, Row

APPLICATION = "django_site.asgi:application"
SERVERS = ("sioserve", "uvicorn httptools", "granian st", "daphne")
STARTS = 5
LONGEST_START = 30.0  # seconds
INTERVAL = 0.002  # seconds between two attempts to connect


def measure(server: str, seconds: float) -> Measurement:
    """Medians of several starts: wall time and CPU time until the first answer of a view."""
    starts = 1 if seconds <= SMOKE_SECONDS else STARTS
    found = [start_once(server) for _ in range(starts)]
    wall, cpu = (statistics.median(each) for each in zip(*found, strict=True))
    return Measurement(figures={"ms": wall * 1e3, "CPU ms": cpu * 1e3})


def start_once(server: str) -> tuple[float, float]:
    """Seconds. Raises SystemExit, or Unavailable if the server is not installed."""
    port = free_port()
    command, env = command_of(server, APPLICATION, port)
    begin = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *command],
        cwd=HERE,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix, "BENCH_DATABASE": ":memory:", **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_answer(port, process, begin + LONGEST_START)
        return time.monotonic() - begin, cpu_time_of_tree(process.pid)
    finally:
        stop(process)


def wait_for_answer(port: int, process: subprocess.Popen[bytes], deadline: float) -> None:
    request = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with exit code {process.returncode}")
        try:
            answer = exchange(port, request)
        except ConnectionError:
            time.sleep(INTERVAL)
            continue
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"not a page: {answer[:200]!r}")
        return
    raise SystemExit("no answer")


def exchange(port: int, request: bytes) -> bytes:
    """The answer, until the server closes the connection. Raises ConnectionError."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST_START) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


ROWS = (
    Row(
        key="start-django",
        section="Start",
        title="Django, from the start to the first answer",
        unit="start",
        compared="ms",
        less_is_better=True,
        aim="at most 1 x uvicorn",
        servers=SERVERS,
        measure=measure,
    ),
)
