"""--reload: restarts when files change, and stopping."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.file_changes import change
from support.raw_http import RawConnection
from support.server import PATIENCE, ServerProcess, environment, executable, run_to_end
from support.waiting import eventually

APPLICATION = """
import asyncio, os
async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/slow":
        print("began", flush=True)
        await asyncio.sleep(60)
    body = f"version %s {os.getpid()} {'_SIOSERVE_RELOAD' in os.environ}"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body.encode()})
"""

Start = Callable[..., ServerProcess]


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    write(tmp_path, "1")
    return tmp_path


@pytest.fixture
def start(project: pathlib.Path) -> Iterator[Start]:
    servers: list[ServerProcess] = []

    def start_one(*arguments: str) -> ServerProcess:
        server = ServerProcess("web:application", "--reload", *arguments, cwd=project)
        servers.append(server.start())
        return server

    yield start_one
    for server in servers:
        if server.process.poll() is None:
            server.stop()


def write(project: pathlib.Path, version: str) -> None:
    (project / "web.py").write_text(APPLICATION % version)


def get(server: ServerProcess) -> str:
    return httpx.get(server.url, trust_env=False, timeout=PATIENCE).text


def test_a_changed_file_restarts_the_server_on_its_port(
    start: Start, project: pathlib.Path
) -> None:
    server = start()
    version, first_process, variable = get(server).removeprefix("version ").split()
    assert (version, variable) == ("1", "False")
    change(server, lambda: write(project, "2"), then="Listening on")
    assert "Restarting: web.py has changed" in server.log
    version, second_process, _ = get(server).removeprefix("version ").split()
    assert version == "2"
    assert second_process != first_process
    server.stop()
    assert "Traceback" not in server.log


def test_connections_wait_while_the_server_restarts(start: Start, project: pathlib.Path) -> None:
    server = start()
    change(server, lambda: write(project, "1 {"), then="exit code 3")
    # Between two children, the system accepts the connection, which waits.
    with RawConnection(server.port) as waiting:
        waiting.get("/")
        change(server, lambda: write(project, "2"), then="Listening on")
        assert b"version 2" in waiting.read_response().body
    server.stop()


def test_a_syntax_error_is_shown_and_the_server_restarts_when_it_is_fixed(
    start: Start, project: pathlib.Path
) -> None:
    server = start()

    def spoil() -> None:
        (project / "web.py").write_text("def application(:\n")

    change(server, spoil, then="waiting for a change")
    assert "SyntaxError" in server.log
    change(server, lambda: write(project, "3"), then="Listening on")
    assert get(server).startswith("version 3")
    server.stop()


def test_a_request_in_flight_delays_a_restart_only_for_a_limited_time(
    start: Start, project: pathlib.Path
) -> None:
    server = start()
    with RawConnection(server.port) as connection:
        connection.get("/slow")
        server.wait_for_log("began")
        began = time.monotonic()
        change(server, lambda: write(project, "2"), then="Listening on")
        assert time.monotonic() - began < 9
    assert get(server).startswith("version 2")


def test_other_files_by_pattern(start: Start, project: pathlib.Path) -> None:
    (project / "templates").mkdir()
    server = start("--reload-include", "*.html", "--reload-delay", "0.05")
    page = project / "templates" / "page.html"
    change(server, lambda: page.write_text("x"), then="Listening on")
    assert "Restarting: templates/page.html has changed" in server.log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_parent_and_child(start: Start, number: signal.Signals) -> None:
    server = start()
    child = int(get(server).split()[2])
    assert child != server.process.pid
    server.stop(number)
    assert "Stopping immediately" not in server.log
    assert not is_running(child)


def test_a_killed_parent_leaves_no_child(start: Start) -> None:
    server = start()
    child = int(get(server).split()[2])
    server.process.kill()
    eventually(lambda: not is_running(child))
    server.wait()


def is_running(process: int) -> bool:
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_ctrl_c_in_a_terminal_counts_once(project: pathlib.Path) -> None:
    """The terminal sends SIGINT to parent and child, so the parent must not forward it."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, executable(), "web:application", "--reload", "-p0"],
        cwd=project,
        env=environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    log = read_until(master, "", "Listening on")
    os.write(master, b"\x03")
    log = read_until(master, log, None)
    assert process.wait(PATIENCE) == 0, log
    assert "Stopping; " in log
    assert "Stopping immediately" not in log
    os.close(master)


# Makes the terminal the session's controlling terminal, so that Ctrl-C reaches its processes.
IN_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def read_until(master: int, log: str, words: str | None) -> str:
    """None: until the terminal is closed."""
    deadline = time.monotonic() + PATIENCE
    while words is None or words not in log:
        ready, _, _ = select.select([master], [], [], max(0, deadline - time.monotonic()))
        assert ready, log
        try:
            log += os.read(master, 65536).decode()
        except OSError:  # EIO: no process has it open
            assert words is None, log
            return log
    return log


def test_an_inherited_descriptor_is_passed_on(project: pathlib.Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            [executable(), "web:application", "--reload", "--fd", str(listening.fileno())],
            cwd=project,
            env=environment(),
            pass_fds=[listening.fileno()],
        )
        # The system accepts it immediately; it is answered when the server is ready.
        answer = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=PATIENCE)
        assert answer.text.startswith("version 1")
        process.terminate()
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("host", "urls"),
    [
        ("::", ["http://[::1]", "http://127.0.0.1"]),
        ("localhost", ["http://127.0.0.1"]),
    ],
)
def test_all_addresses_are_listened_on(start: Start, host: str, urls: list[str]) -> None:
    server = start("--bind", host)
    for url in urls:
        answer = httpx.get(f"{url}:{server.port}/", trust_env=False, timeout=PATIENCE)
        assert answer.text.startswith("version 1"), url


def test_a_port_in_use_is_a_failure_to_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = run_to_end("no_lifespan:application", "--reload", "--port", port)
    assert result.returncode == 3
    assert f"127.0.0.1:{port}" in result.stderr
    assert "in use" in result.stderr


def test_reload_options_without_reload_are_refused() -> None:
    result = run_to_end("no_lifespan:application", "--reload-include", "*.html")
    assert result.returncode == 2
    assert "--reload-include does nothing without --reload" in result.stderr
