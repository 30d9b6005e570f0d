"""A Python process whose event loop does not answer is killed and started again."""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import signal
from collections.abc import Callable

import httpx
import pytest
from support.server import ServerProcess
from support.waiting import eventually
from support.workers import pids, status_of, version_of, write_code

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    write_code(tmp_path, "one")
    return tmp_path


def start(start_server: StartServer, folder: pathlib.Path, timeout: str) -> ServerProcess:
    server = start_server(
        "versioned:application",
        *("--workers", "1", "--worker-hang-timeout", timeout, "--control", "control"),
        cwd=folder,
    )
    pids(server, 1)
    return server


def assert_killed(server: ServerProcess, pid: int) -> None:
    server.wait_for_log(rf"ERROR .*\(pid {pid}\) hangs: its event loop has been blocked for \d+ s")
    server.wait_for_log(rf"\(pid {pid}\) has ended because it hung and was killed; it starts again")
    pids(server, 2)
    assert version_of(server) == "one"


def test_a_view_that_blocks_the_event_loop(start_server: StartServer, folder: pathlib.Path) -> None:
    server = start(start_server, folder, "2")
    (pid,) = pids(server, 1)
    with concurrent.futures.ThreadPoolExecutor() as threads:
        blocked = threads.submit(httpx.get, server.url + "/block", timeout=60)
        assert_killed(server, pid)
        assert blocked.result().status_code == 502


def test_a_process_that_is_stopped(start_server: StartServer, folder: pathlib.Path) -> None:
    server = start(start_server, folder, "2")
    (pid,) = pids(server, 1)
    os.kill(pid, signal.SIGSTOP)
    assert_killed(server, pid)


def test_a_retired_process_that_hangs_is_not_started_again(
    start_server: StartServer, folder: pathlib.Path
) -> None:
    server = start(start_server, folder, "5")
    (pid,) = pids(server, 1)
    with concurrent.futures.ThreadPoolExecutor() as threads:
        blocked = threads.submit(httpx.get, server.url + "/block", timeout=60)
        server.wait_for_log("request /block of")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log("Reloaded: 1")
        assert version_of(server) == "one"
        server.wait_for_log(rf"\(pid {pid}\), which was replaced, has ended because it hung")
        assert blocked.result().status_code == 502
    assert "it starts again" not in server.log


def test_without_a_timeout_it_may_block(start_server: StartServer, folder: pathlib.Path) -> None:
    server = start(start_server, folder, "0")
    (pid,) = pids(server, 1)
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: (status_of(folder / "control")["processes"][0]["silent_ms"] or 0) > 2500)
        assert "hangs" not in server.log
    finally:
        os.kill(pid, signal.SIGCONT)
    assert httpx.get(server.url).text == f"one {pid}"
