"""The Socket.IO rows of scripts/bench, with few clients and for a short time.

Some rows with each server that is installed. tests/test_benchmarks.py tries every row.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
BUILD = ROOT / "build/dev"

sys.path.insert(0, str(BENCH))
from suite import (  # noqa: E402
    growth_rows,
    latency_rows,
    memory_rows,
    programs,
    socketio_load,
    socketio_rows,
    socketio_servers,
)
from suite.row import SMOKE_SECONDS, Row, Unavailable  # noqa: E402

sys.path.remove(str(BENCH))

pytestmark = [
    pytest.mark.skipif(
        (os.cpu_count() or 1) < 2, reason="one core for the server, one for the load"
    ),
    pytest.mark.usefixtures("built_programs"),
]

ALL = (*socketio_rows.ROWS, *latency_rows.ROWS, *memory_rows.ROWS, *growth_rows.ROWS)
ROWS = {row.key: row for row in ALL}
OF_SIOSERVE = ("idle-memory-native", "idle-cpu", "latency-acks", "broadcast-rooms-10")
OF_BARE = ("acks-8-in-flight", "broadcast-1-1KB", "relay", "connects", "broadcast-rooms-10")
OF_PEERS = ("acks-polling", "broadcast-4-16B", "connects-upgrade", "latency-heartbeat-burning")
MEASURED = [
    *(("sioserve", key) for key in (*OF_SIOSERVE, *OF_PEERS)),
    *(("bare", key) for key in OF_BARE),
    *(
        (server, key)
        for server in ("node", "python-socketio", "python-socketio granian", "django-sio")
        for key in OF_PEERS
        if server in ROWS[key].servers
    ),
    ("node", "relay"),
    ("sioserve-def", "acks-1-in-flight"),
]


@pytest.fixture(scope="session")
def built_programs() -> None:
    """The load generator and the bare server."""
    if not (BUILD / "build.ninja").exists():
        pytest.skip("build/dev is not configured: scripts/setup")
    targets = ["--target", "socketio_load", "bare_server"]
    subprocess.run(["cmake", "--build", str(BUILD), *targets], check=True, capture_output=True)


def check(row: Row, server: str) -> None:
    measured = row.measure(server, SMOKE_SECONDS)
    if row.section in ("Socket.IO", "Growth"):
        assert measured.rate
        assert measured.rate > 0
        assert measured.cpu is not None
    value = measured.value(row.compared)
    assert value is not None
    # The clock of CPU time, and the memory of few sessions, are too coarse to be above 0.
    assert value >= 0


@pytest.mark.parametrize(("server", "key"), MEASURED)
def test_a_row_measures_a_server(server: str, key: str) -> None:
    try:
        check(ROWS[key], server)
    except Unavailable as reason:
        if server == "sioserve":
            raise
        pytest.skip(str(reason))


def test_rows_have_keys_of_their_own_and_begin_with_sioserve() -> None:
    assert len(ROWS) == len(ALL)
    assert {row.servers[0] for row in ALL} == {"sioserve"}
    known = {*socketio_servers.ALL, "sioserve-def"}
    assert {server for row in ALL for server in row.servers} <= known


def paced(event: str, burn: float) -> dict[str, float]:
    """Latencies while a handler computes for `burn` seconds, without a pause."""
    options = {"event": event, "rate": 200, "burn": burn, "share_cores": True}
    return socketio_load.measured("sioserve", "paced", 4, 1.0, **options).figures


def test_latency_counts_from_the_time_when_an_event_was_due() -> None:
    """Most events are due while the handler computes. A loop that waits for each answer would have
    only a few late ones.
    """
    assert paced("ack", 0.3)["p50 ms"] > 50


def test_a_relay_does_not_wait_for_a_handler_that_computes() -> None:
    assert paced("relay", 0.3)["p50 ms"] < 50


def test_an_unexpected_answer_fails() -> None:
    """The bare server does not know polling."""
    with (
        socketio_servers.serving("bare") as running,
        pytest.raises(SystemExit, match=r"not 200: HTTP/1\.1 101"),
    ):
        socketio_load.run(running, "polling_acks", 1, SMOKE_SECONDS, 1, False, {})


def test_churn_prints_what_connections_leave_in_memory() -> None:
    command = [sys.executable, str(BENCH / "churn.py"), "--connections", "200"]
    printed = subprocess.run(
        [*command, "--servers", "sioserve,bare"], capture_output=True, text=True, check=True
    ).stdout
    assert printed.count("200 more: ") == 2
    assert printed.count("bytes for each connection") == 2


def test_cpu_time_includes_that_of_children(tmp_path: pathlib.Path) -> None:
    """granian serves from a child process; here, a shell starts the server and waits for it."""
    port = socketio_servers.free_port()
    command = f"{programs.BARE} {port} & wait"
    with subprocess.Popen(["sh", "-c", command], start_new_session=True) as shell:
        try:
            arguments = ["acks", str(port), "16", "8", "1", str(shell.pid), "--warm", "0.1"]
            found = None
            for _ in range(50):
                done = subprocess.run(
                    [str(programs.SOCKETIO_LOAD), *arguments],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode == 0:
                    found = json.loads(done.stdout)
                    break
            assert found
            assert found["cpu"] > 0.05
        finally:
            os.killpg(shell.pid, 15)
