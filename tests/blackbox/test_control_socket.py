"""sioserve status, reload and stop, and the control socket that they use."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import stat
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.server import ServerProcess, run_to_end
from support.socketio_apps import APPS as SOCKETIO_APPS
from support.waiting import eventually
from support.workers import command, pids, status_of, write_code
from websockets.sync.client import connect

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    write_code(tmp_path, "one")
    return tmp_path


@pytest.fixture(params=[(), ("--workers", "2")], ids=["one process", "workers"])
def server(request: Any, folder: pathlib.Path, start_server: StartServer) -> ServerProcess:
    started = start_server(
        "versioned:application", "--pid", "server.pid", *request.param, cwd=folder
    )
    if request.param:
        pids(started, 2)
    return started


@pytest.fixture
def alone(folder: pathlib.Path, start_server: StartServer) -> ServerProcess:
    return start_server("versioned:application", "--control", "control", cwd=folder)


def talk(path: pathlib.Path, said: bytes) -> list[dict[str, Any]]:
    """The answers to these bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(path))
        connection.sendall(said)
        received = b""
        while part := connection.recv(65_536):
            received += part
    return [json.loads(line) for line in received.splitlines()]


# --- status ---


def test_status_has_a_row_for_each_process(server: ServerProcess, folder: pathlib.Path) -> None:
    with connect(server.websocket_url), concurrent.futures.ThreadPoolExecutor() as threads:
        waiting = threads.submit(httpx.get, server.url + "/wait", timeout=60)
        server.wait_for_log("request /wait of")
        found = status_of(folder / "server.pid.control")
        (folder / "go").touch()
        waiting.result()
    assert found["pid"] == server.process.pid
    assert found["state"] == "running"
    assert found["rss"] > 1_000_000
    rows = found["processes"]
    assert len(rows) == (found["workers"] or 1)
    assert [row["number"] for row in rows] == [1, 2][: len(rows)]
    for row in rows:
        assert 0 <= row["age"] < 100
        assert row["rss"] > 1_000_000
    assert sum(row["requests"] for row in rows) == 1
    assert sum(row["websockets"] for row in rows) == 1
    assert sum(row["sessions"] for row in rows) == 0
    if found["workers"]:
        assert [row["pid"] for row in rows] == pids(server, 2)
        assert {row["state"] for row in rows} == {"ready"}
        assert all(row["delay_ms"] is not None for row in rows)
        assert sum(row["requests_total"] for row in rows) >= 1
    else:
        assert rows[0]["pid"] == server.process.pid


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_status_counts_sessions(
    start_server: StartServer, tmp_path: pathlib.Path, workers: tuple[str, ...]
) -> None:
    control = tmp_path / "control"
    server = start_server(
        "resuming:application", *workers, "--control", str(control), cwd=SOCKETIO_APPS
    )
    for count in (1, 2, 3):
        address = f"{server.url}/socket.io/?EIO=4&transport=polling"
        sid = json.loads(httpx.get(address).text[1:])["sid"]
        assert httpx.post(f"{address}&sid={sid}", content="40/count,").text == "ok"
        assert httpx.get(f"{address}&sid={sid}").text.startswith("40/count,")
        rows = status_of(control)["processes"]
        assert sum(row["sessions"] or 0 for row in rows) == count


def test_status_as_text(server: ServerProcess, folder: pathlib.Path) -> None:
    done = command("status", "--pid", "server.pid", cwd=folder)
    assert done.returncode == 0, done.stderr
    first, empty, head, *rows = done.stdout.splitlines()
    assert f"pid {server.process.pid}: running for" in first
    assert empty == ""
    assert head.split()[:3] == ["process", "pid", "state"]
    assert len(rows) in (1, 2)
    assert all(" MB " in row for row in rows)


def test_a_process_that_has_died_is_shown(folder: pathlib.Path, start_server: StartServer) -> None:
    server = start_server(
        "versioned:application", "--workers", "2", "--control", "control", cwd=folder
    )
    victim = pids(server, 2)[0]
    write_code(folder, "two", "\nsay('import')\nwhile not os.path.exists('go'): time.sleep(0.01)\n")
    os.kill(victim, signal.SIGKILL)
    server.wait_for_log("import of")
    states = [row["state"] for row in status_of(folder / "control")["processes"]]
    assert states == ["starting", "ready"]
    assert command("status", "--control", "control", cwd=folder).returncode == 0
    (folder / "go").touch()


# --- stop ---


def test_stop_returns_when_the_server_has_ended(
    server: ServerProcess, folder: pathlib.Path
) -> None:
    done = command("stop", "--pid", "server.pid", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
    assert not alive(server.process.pid)
    assert server.wait() == 0
    assert "lifespan.shutdown of" in server.log
    assert list(folder.glob("server.pid*")) == []


def alive(pid: int) -> bool:
    """False for a zombie too."""
    status = pathlib.Path(f"/proc/{pid}/status")
    return status.exists() and "\nState:\tZ" not in status.read_text()


def test_stop_is_done_although_a_process_had_to_be_killed(folder: pathlib.Path) -> None:
    arguments = ("--workers", "1", "--timeout-graceful-shutdown", "1", "--control", "control")
    server = ServerProcess("versioned:application", *arguments, cwd=folder).start()
    with socket.create_connection((server.host, server.port)) as client:
        client.sendall(b"GET /block HTTP/1.1\r\nHost: test\r\n\r\n")
        server.wait_for_log("request /block of")
        done = command("stop", "--control", str(folder / "control"))
        assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
    assert server.wait() == 1
    assert "did not stop in time and was killed" in server.log


def test_a_second_stop_does_not_hurry(alone: ServerProcess, folder: pathlib.Path) -> None:
    with concurrent.futures.ThreadPoolExecutor() as threads:
        waiting = threads.submit(httpx.get, alone.url + "/wait", timeout=60)
        alone.wait_for_log("request /wait of")
        stops = [
            threads.submit(command, "stop", "--control", str(folder / "control")) for _ in range(2)
        ]
        alone.wait_for_log("Stopping, as sioserve stop has asked")
        eventually(lambda: connections(folder / "control") == 2)
        assert status_of(folder / "control")["state"] == "stopping"
        (folder / "go").touch()
        assert waiting.result().status_code == 200
        assert [stop.result().returncode for stop in stops] == [0, 0]
    assert alone.wait() == 0


def connections(path: pathlib.Path) -> int:
    """How many a listening Unix socket has (Linux)."""
    return pathlib.Path("/proc/net/unix").read_text().count(f" {path}\n") - 1


def test_a_client_that_leaves_at_once_stops_the_server_too(
    alone: ServerProcess, folder: pathlib.Path
) -> None:
    alone.process.send_signal(signal.SIGSTOP)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(folder / "control"))
        connection.sendall(b'{"request": "stop"}\n')
    alone.process.send_signal(signal.SIGCONT)
    assert alone.process.wait(30) == 0


@pytest.mark.parametrize("arguments", [(), ("--workers", "1")], ids=["one process", "workers"])
def test_a_server_that_is_starting_is_shown_and_stopped(
    folder: pathlib.Path, arguments: tuple[str, ...]
) -> None:
    write_code(folder, "two", SLOW_START)
    server = ServerProcess(
        "versioned:application", "--pid", "server.pid", *arguments, cwd=folder, listen=()
    )
    server.listening = re.compile("(slow) (start) of")  # type: ignore[misc]
    with contextlib.suppress(ValueError):  # that is no port
        server.start()
    assert status_of(folder / "server.pid.control")["state"] == "starting"
    done = command("reload", "--pid", "server.pid", cwd=folder)
    assert done.returncode == 1
    assert "starting" in done.stderr or "--workers" in done.stderr
    assert command("stop", "--pid", "server.pid", cwd=folder).returncode == 0
    assert server.wait() == 128 + signal.SIGTERM
    assert "Traceback" not in server.log
    assert list(folder.glob("server.pid*")) == []


SLOW_START = """
async def application(scope, receive, send):
    say("slow start")
    await asyncio.sleep(600)
"""


# --- where the server is ---


def test_the_path_may_come_from_every_source(alone: ServerProcess, folder: pathlib.Path) -> None:
    control = str(folder / "control")
    (folder / "site.toml").write_text(f"control = '{control}'\nworkers = 4\n")
    assert command("status", env={"SIOSERVE_CONTROL": control}).returncode == 0
    assert command("status", "--config", str(folder / "site.toml")).returncode == 0
    assert (
        command("status", "--control", "other", env={"SIOSERVE_CONTROL": control}).returncode == 3
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("status",), 2, "name the server with --control PATH or --pid FILE"),
        (("status", "--control"), 2, "expected one argument"),
        (("reload", "--json", "--control", "x"), 2, "--json"),
        (("stop", "--timeout", "soon", "--control", "x"), 2, "--timeout"),
        (("--control", "x", "status"), 2, "the word status comes first"),
        (("status", "--control", "nowhere"), 3, "there is no control socket nowhere"),
        (("stop", "--pid", "nowhere.pid"), 3, "nowhere.pid.control"),
        (("status", "--control", "."), 3, "."),
        (("status", "--control", "x" * 200), 3, "too long"),
    ],
)
def test_a_wrong_command_is_told_why(
    arguments: tuple[str, ...], code: int, words: str, tmp_path: pathlib.Path
) -> None:
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_module_may_have_the_name_of_a_command(
    tmp_path: pathlib.Path, start_server: StartServer
) -> None:
    write_code(tmp_path, "one")
    (tmp_path / "versioned.py").rename(tmp_path / "status.py")
    server = start_server("status:application", cwd=tmp_path)
    assert httpx.get(server.url).text.startswith("one")


def test_a_server_that_hangs_is_told(alone: ServerProcess, folder: pathlib.Path) -> None:
    alone.process.send_signal(signal.SIGSTOP)
    try:
        done = command("status", "--control", "control", "--timeout", "0.5", cwd=folder)
        assert done.returncode == 3
        assert "does not answer within 0.5 s" in done.stderr
    finally:
        alone.process.send_signal(signal.SIGCONT)


# --- the socket ---


def test_only_the_owner_may_use_the_socket(folder: pathlib.Path, start_server: StartServer) -> None:
    server = start_server(
        "versioned:application",
        *("--control", "control", "--pid", "server.pid"),
        cwd=folder,
        prefix=("sh", "-c", 'umask 0; exec "$@"', "sh"),
    )
    mode = (folder / "control").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert int((folder / "server.pid").read_text()) == server.process.pid
    assert not (folder / "server.pid.control").exists()


def test_the_files_of_a_server_that_was_killed_are_replaced(
    folder: pathlib.Path, start_server: StartServer
) -> None:
    arguments = ("versioned:application", "--pid", "server.pid")
    killed = ServerProcess(*arguments, cwd=folder).start()
    killed.kill()
    assert (folder / "server.pid.control").exists()
    assert command("status", "--pid", "server.pid", cwd=folder).returncode == 3
    server = start_server(*arguments, cwd=folder)
    assert status_of(folder / "server.pid.control")["pid"] == server.process.pid


def test_a_forked_child_does_not_keep_the_socket(
    folder: pathlib.Path, start_server: StartServer
) -> None:
    write_code(folder, "one", FORKING)
    killed = ServerProcess("versioned:application", "--control", "control", cwd=folder).start()
    assert httpx.get(killed.url + "/fork").status_code == 200
    child = int((folder / "child.pid").read_text())
    killed.process.kill()
    killed.process.wait()
    write_code(folder, "two")
    server = start_server("versioned:application", "--control", "control", cwd=folder)
    assert status_of(folder / "control")["pid"] == server.process.pid
    os.kill(child, signal.SIGKILL)


FORKING = """
answer = application

async def application(scope, receive, send):
    if scope.get("path") == "/fork" and (pid := os.fork()) == 0:
        time.sleep(600)
    if scope.get("path") == "/fork":
        print(pid, file=open("child.pid", "w"), flush=True)
    await answer(scope, receive, send)
"""


def test_the_socket_of_a_running_server_is_not_replaced(
    alone: ServerProcess, folder: pathlib.Path
) -> None:
    ended = run_to_end("versioned:application", "--control", "control", "--port", "0", cwd=folder)
    assert ended.returncode == 3
    assert "already uses the control socket control" in ended.stderr.replace(f"{folder}/", "")
    assert status_of(folder / "control")["pid"] == alone.process.pid


@pytest.mark.parametrize(
    ("option", "words"),
    [("--control", "is no socket"), ("--pid", "holds no process number")],
)
def test_another_file_is_left_as_it_is(folder: pathlib.Path, option: str, words: str) -> None:
    (folder / "notes").write_text("important")
    ended = run_to_end("versioned:application", option, "notes", "--port", "0", cwd=folder)
    assert ended.returncode == 3
    assert words in ended.stderr
    assert (folder / "notes").read_text() == "important"


def test_a_file_that_has_been_replaced_is_not_removed(
    alone: ServerProcess, folder: pathlib.Path
) -> None:
    (folder / "control").unlink()
    (folder / "control").write_text("another")
    alone.stop()
    assert (folder / "control").read_text() == "another"


# --- peers ---


@pytest.mark.parametrize(
    "said",
    [
        b"status\n",
        b"{}\n",
        b"[]\n",
        b'{"request": "explode"}\n',
        b'{"request": ["status"]}\n',
        b"\xff\xfe\n",
        b"[" * 4000 + b"\n",
        b"x" * 4096,
    ],
)
def test_bad_requests_get_an_error(alone: ServerProcess, folder: pathlib.Path, said: bytes) -> None:
    (answer,) = talk(folder / "control", said)
    assert set(answer) == {"error"}
    assert status_of(folder / "control")["state"] == "running"
    assert "Traceback" not in alone.log


def test_a_request_without_end_is_not_read(alone: ServerProcess, folder: pathlib.Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(folder / "control"))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.sendall(b"x" * 10_000_000)
    assert status_of(folder / "control")["rss"] < 2 * alone.memory()
    assert "Traceback" not in alone.log


def test_silent_peers_are_disconnected(alone: ServerProcess, folder: pathlib.Path) -> None:
    silent = []
    for _ in range(40):  # more than are served at a time
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(folder / "control"))
        connection.settimeout(30)
        if len(silent) % 2:
            connection.sendall(b'{"request": ')  # and never the rest
        silent.append(connection)
    assert httpx.get(alone.url).status_code == 200
    for connection in silent:
        with contextlib.suppress(ConnectionResetError):  # it had said something that was not read
            assert connection.recv(1) == b""
        connection.close()
    eventually(lambda: status_of(folder / "control"))
    assert "Traceback" not in alone.log


def test_a_peer_that_leaves_does_not_end_its_reload(
    folder: pathlib.Path, start_server: StartServer
) -> None:
    server = start_server(
        "versioned:application", "--workers", "1", "--control", "control", cwd=folder
    )
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(folder / "control"))
        connection.sendall(b'{"request": "reload"}\n')
        assert connection.recv(100) == b'{"begun": true}\n'
    server.wait_for_log("Reloaded: 1 new")
    assert status_of(folder / "control")["state"] == "running"
    assert "Traceback" not in server.log
