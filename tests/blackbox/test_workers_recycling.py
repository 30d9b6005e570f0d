"""Python processes that are replaced because of their age, memory or requests; their number."""

from __future__ import annotations

import functools
import os
import pathlib
import re
import signal
from collections.abc import Callable

import httpx
import pytest
from support.sanitizers import SANITIZER
from support.server import ServerProcess
from support.waiting import eventually
from support.workers import exists, pids, start_versioned, status_of, version_of, write_code
from websockets.sync.client import connect

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    write_code(tmp_path, "one")
    return tmp_path


@pytest.fixture
def start(folder: pathlib.Path, start_server: StartServer) -> Callable[..., ServerProcess]:
    return functools.partial(start_versioned, start_server, folder, workers=1)


def assert_replaced(server: ServerProcess, old: int, why: str) -> None:
    server.wait_for_log(rf"Python process 1 \(pid {old}\) is replaced: .*{why}")
    eventually(lambda: not exists(old))
    server.wait_for_log(rf"\(pid {old}\), which was replaced, has ended with exit code 0")
    assert version_of(server) == "one"
    assert "it starts again" not in server.log


def test_a_leak_is_replaced(start: Callable[..., ServerProcess]) -> None:
    server = start("--worker-max-rss", "250M")
    (old,) = pids(server, 1)
    assert httpx.get(server.url + "/grow").status_code == 200
    assert_replaced(server, old, "MB of memory")
    new = pids(server, 2)[1]
    assert httpx.get(server.url).text == f"one {new}"


def test_an_old_process_is_replaced(start: Callable[..., ServerProcess]) -> None:
    server = start("--worker-max-age", "2", workers=2)
    old = pids(server, 2)
    assert_replaced(server, old[0], "older than 2 s")
    eventually(lambda: not any(map(exists, old)))
    # One at a time: a replacement begins when the one before has finished.
    begun: str | None = None
    for number, event in re.findall(
        r"Python process (\d) \(pid \d+\) is (replaced|ready)", server.log
    ):
        if event == "replaced":
            assert begun is None
            begun = number
        elif number == begun:
            begun = None


def test_a_process_is_replaced_after_its_requests(start: Callable[..., ServerProcess]) -> None:
    server = start("--limit-max-requests", "5", "--limit-max-requests-jitter", "2")
    (old,) = pids(server, 1)
    for _ in range(4):
        assert httpx.get(server.url).text == f"one {old}"
    for _ in range(3):
        assert httpx.get(server.url).status_code == 200
    assert_replaced(server, old, "requests")
    assert server.process.poll() is None


def test_websockets_count_as_requests(start: Callable[..., ServerProcess]) -> None:
    server = start("--limit-max-requests", "3")
    (old,) = pids(server, 1)
    for _ in range(2):
        with connect(server.websocket_url) as websocket:
            websocket.send("hello")
            assert websocket.recv() == "one hello"
    assert httpx.get(server.url).text == f"one {old}"
    assert_replaced(server, old, "3 requests and WebSockets")


def test_a_replacement_that_cannot_start_leaves_the_old_process(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start("--limit-max-requests", "1")
    (old,) = pids(server, 1)
    write_code(folder, "two", "\nraise ValueError('on purpose')\n")
    assert version_of(server) == "one"
    server.wait_for_log(rf"Python process 1 \(pid {old}\) continues, .*on purpose")
    assert httpx.get(server.url).text == f"one {old}"


ENDS = {
    "exception": ("raise ValueError('on purpose')", "exit code 0"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_process_that_does_not_end_well_disturbs_no_other(
    start: Callable[..., ServerProcess], folder: pathlib.Path, end: str
) -> None:
    if end == "segfault" and SANITIZER:
        pytest.skip("the sanitizer reports it")
    code, how = ENDS[end]
    write_code(folder, "one", f"\nimport atexit\natexit.register(lambda: exec({code!r}))\n")
    server = start("--limit-max-requests", "2")
    (old,) = pids(server, 1)
    for _ in range(2):
        assert version_of(server) == "one"
    server.wait_for_log(rf"\(pid {old}\), which was replaced, has ended .*{how}")
    (new,) = pids(server, 2)[1:]
    assert httpx.get(server.url).text == f"one {new}"
    assert "it starts again" not in server.log


def test_signals_add_and_remove_processes(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start()
    (first,) = pids(server, 1)

    def ready() -> list[int]:
        rows = status_of(folder / "control")["processes"]
        return [row["number"] for row in rows if row["state"] == "ready"]

    server.process.send_signal(signal.SIGTTIN)
    added = pids(server, 2)[1]
    assert ready() == [1, 2]
    assert {int(httpx.get(server.url).text.split()[1]) for _ in range(4)} == {first, added}
    server.process.send_signal(signal.SIGTTOU)
    eventually(lambda: not exists(added))
    assert ready() == [1]
    server.process.send_signal(signal.SIGTTOU)
    server.wait_for_log("The last Python process is not removed")
    assert httpx.get(server.url).text == f"one {first}"
    assert "it starts again" not in server.log
    for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
        os.kill(first, number)  # they are for the I/O process
    assert httpx.get(server.url).text == f"one {first}"
