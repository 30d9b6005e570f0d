"""What the server tells systemd: Type=notify, Type=notify-reload, WatchdogSec."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.server import ServerProcess
from support.workers import pids, write_code

StartServer = Callable[..., ServerProcess]
PROCESSES = pytest.mark.parametrize(
    "workers", [(), ("--workers", "1")], ids=["one process", "workers"]
)


class Manager:
    """The socket of a service manager."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(30)

    def next(self) -> dict[str, str]:
        lines = self._socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def next_with(self, name: str) -> dict[str, str]:
        while name not in (message := self.next()):
            pass
        return message

    def rest(self) -> list[dict[str, str]]:
        """All that has arrived."""
        self._socket.setblocking(False)
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self.next())
        return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    addition = "\nsay(str(sorted(n for n in os.environ if n.startswith(('NOTIFY', 'WATCHDOG')))))\n"
    write_code(tmp_path, "one", addition)
    return tmp_path


@pytest.fixture
def manager(folder: pathlib.Path) -> Iterator[Manager]:
    made = Manager(str(folder / "notify"))
    yield made
    made.close()


@PROCESSES
def test_the_start_and_the_stop_are_told(
    manager: Manager, folder: pathlib.Path, start_server: StartServer, workers: tuple[str, ...]
) -> None:
    server = start_server(
        "versioned:application", *workers, cwd=folder, env={"NOTIFY_SOCKET": str(folder / "notify")}
    )
    assert manager.next() == {"READY": "1", "STATUS": "Running"}
    assert httpx.get(server.url).status_code == 200
    server.process.send_signal(signal.SIGTERM)
    assert manager.next() == {"STOPPING": "1", "STATUS": "Stopping"}
    assert server.wait() == 0
    server.wait_for_log(r"\[\] of")  # the application and its children do not see the variables


def test_an_abstract_socket(folder: pathlib.Path, start_server: StartServer) -> None:
    name = f"sioserve-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    start_server("versioned:application", cwd=folder, env={"NOTIFY_SOCKET": f"@{name}"})
    assert manager.next()["READY"] == "1"
    manager.close()


def test_a_failed_start_is_not_ready(
    manager: Manager, folder: pathlib.Path, start_server: StartServer
) -> None:
    write_code(folder, "two", "\nraise ValueError\n")
    with pytest.raises(RuntimeError):
        start_server(
            "versioned:application", cwd=folder, env={"NOTIFY_SOCKET": str(folder / "notify")}
        )
    assert manager.rest() == []


@pytest.mark.parametrize("code", ["", "\nraise ValueError\n"])
def test_a_reload_is_told(
    manager: Manager, folder: pathlib.Path, start_server: StartServer, code: str
) -> None:
    server = start_server(
        "versioned:application",
        *("--workers", "1"),
        cwd=folder,
        env={"NOTIFY_SOCKET": str(folder / "notify")},
    )
    manager.next_with("READY")
    pids(server, 1)
    write_code(folder, "two", code)
    before = time.monotonic_ns() // 1000
    server.process.send_signal(signal.SIGHUP)
    message = manager.next()
    assert message["RELOADING"] == "1"
    assert before <= int(message["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert manager.next()["READY"] == "1"
    assert httpx.get(server.url).text.split()[0] == ("one" if code else "two")


@PROCESSES
def test_the_watchdog_gets_signs_of_life(
    manager: Manager, folder: pathlib.Path, start_server: StartServer, workers: tuple[str, ...]
) -> None:
    env = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "2000000"}
    start_server("versioned:application", *workers, cwd=folder, env=env)
    manager.next_with("READY")
    begin = time.monotonic()
    for _ in range(3):
        assert manager.next() == {"WATCHDOG": "1"}
    assert time.monotonic() - begin < 3 * 2


def test_the_watchdog_of_another_process_gets_none(
    manager: Manager, folder: pathlib.Path, start_server: StartServer
) -> None:
    env = {
        "NOTIFY_SOCKET": str(folder / "notify"),
        "WATCHDOG_USEC": "100000",
        "WATCHDOG_PID": "1",
    }
    server = start_server("versioned:application", cwd=folder, env=env)
    assert "READY" in manager.next()
    server.stop()
    assert "STOPPING" in manager.next()


def test_a_blocked_event_loop_gives_no_sign(
    manager: Manager, folder: pathlib.Path, start_server: StartServer
) -> None:
    env = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "200000"}
    server = ServerProcess("versioned:application", cwd=folder, env=env).start()
    manager.next_with("WATCHDOG")
    with concurrent.futures.ThreadPoolExecutor() as threads:
        blocked = threads.submit(httpx.get, server.url + "/block", timeout=60)
        server.wait_for_log("request /block of")
        manager.rest()
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(server.url, timeout=1)
        assert manager.rest() == []
        server.kill()
        assert isinstance(blocked.exception(), httpx.HTTPError)


def test_a_manager_that_reads_nothing_does_not_hold_the_server(
    manager: Manager, folder: pathlib.Path, start_server: StartServer
) -> None:
    env = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "2000"}
    server = start_server("versioned:application", cwd=folder, env=env)
    begin = time.monotonic()
    while time.monotonic() - begin < 1:  # its queue is full
        assert httpx.get(server.url).status_code == 200
    manager.close()
    assert httpx.get(server.url).status_code == 200


def test_a_useless_address_is_ignored(folder: pathlib.Path, start_server: StartServer) -> None:
    env = {"NOTIFY_SOCKET": "vsock:2:1234", "WATCHDOG_USEC": "soon"}
    server = start_server("versioned:application", cwd=folder, env=env)
    assert httpx.get(server.url).status_code == 200
