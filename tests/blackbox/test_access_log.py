"""The access log of the command: to standard output, a file and Python's logging."""

from __future__ import annotations

import asyncio
import json
import pathlib
import re
import signal
import threading
import time
from collections.abc import Callable

import httpx
import pytest
import websockets.sync.client
from support.raw_http import RawConnection
from support.server import ServerProcess, run_to_end
from support.socketio_apps import APPS
from support.waiting import eventually

Start = Callable[..., ServerProcess]


def lines_of(path: pathlib.Path) -> list[str]:
    """The complete lines of a log file."""
    text = path.read_text() if path.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def wait_for_lines(path: pathlib.Path, count: int) -> list[str]:
    def enough() -> list[str] | None:
        lines = lines_of(path)
        return lines if len(lines) >= count else None

    return eventually(enough)


def test_lines_look_like_daphnes_on_standard_output(start_server: Start) -> None:
    server = start_server("plain:application")
    httpx.get(f"{server.url}/hello?x=1")
    server.wait_for_log(
        r"\n127\.0\.0\.1:\d+ - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\] "
        r'"GET /hello\?x=1" 200 5\n'
    )


def test_the_lines_of_a_websocket_look_like_daphnes(start_server: Start) -> None:
    server = start_server("plain:application")
    with websockets.sync.client.connect(f"{server.websocket_url}/echo") as socket:
        socket.send("x")
        socket.recv()
    for step in ("WSCONNECTING", "WSCONNECT", "WSDISCONNECT"):
        server.wait_for_log(rf'\] "{step} /echo" - -\n')


@pytest.mark.parametrize("options", [["--no-access-log"], ["--verbosity", "0"]])
def test_the_access_log_can_be_switched_off(start_server: Start, options: list[str]) -> None:
    # start_server() waits for the log line with the address.
    if "--verbosity" in options:
        options = [*options, "--log-level", "info"]
    server = start_server("plain:application", *options)
    httpx.get(f"{server.url}/hello")
    server.stop()
    assert "GET /hello" not in server.log


def test_gunicorns_format_into_a_file(start_server: Start, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "access.log"
    format_ = '%(h)s %(l)s %(u)s "%(r)s" %(s)s %(B)s "%(f)s" "%(a)s" %({x-largest-part}o)s'
    server = start_server(
        "plain:application", "--access-log", str(path), "--access-log-format", format_
    )
    headers = {"user-agent": "me", "referer": "http://there/"}
    httpx.post(f"{server.url}/echo", content=b"abc", headers=headers, auth=("ada", "secret"))
    assert wait_for_lines(path, 1) == [
        '127.0.0.1 - ada "POST /echo HTTP/1.1" 200 3 "http://there/" "me" 3'
    ]
    assert "POST /echo" not in server.log


def test_json_objects(start_server: Start, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "access.log"
    server = start_server("plain:application", "--access-log", str(path), "--access-log-json")
    httpx.get(f"{server.url}/hello?q=%C3%A9", headers={"user-agent": "me"})
    with websockets.sync.client.connect(f"{server.websocket_url}/echo") as socket:
        socket.close(4321, "bye")
    http, connect, disconnect = map(json.loads, wait_for_lines(path, 3))
    assert http["event"] == "http"
    assert (http["method"], http["target"], http["status"]) == ("GET", "/hello?q=%C3%A9", 200)
    assert (http["bytes"], http["complete"], http["user_agent"]) == (5, True, "me")
    assert http["host"] == f"127.0.0.1:{server.port}"
    assert 0 < http["duration_us"] < 60_000_000
    assert connect["event"] == "websocket.connect"
    assert (connect["status"], connect["scheme"]) == (101, "ws")
    assert disconnect["event"] == "websocket.disconnect"
    assert disconnect["close_code"] == 4321
    assert disconnect["request_id"] == connect["request_id"] != http["request_id"]


def test_hostile_bytes_are_escaped_in_json(start_server: Start, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "access.log"
    server = start_server("plain:application", "--access-log", str(path), "--access-log-json")
    agent = b'\xff\xc3("\\\t\xe2\x80\xa8\xc2\x85{}\xf0\x9f'
    with RawConnection(server.port) as connection:
        connection.send(b"GET /hello HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent + b"\r\n\r\n")
        connection.read_response()
    (line,) = wait_for_lines(path, 1)
    assert line.isascii()
    assert json.loads(line)["user_agent"] == '\ufffd\ufffd("\\\t\u2028\x85{}\ufffd\ufffd'


def test_hostile_bytes_are_escaped_in_text(start_server: Start, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "access.log"
    server = start_server(
        "plain:application", "--access-log", str(path), "--access-log-format", '"%(a)s" %(s)s'
    )
    with RawConnection(server.port) as connection:
        agent = b'x" 200\xff\t\\'
        connection.send(b"GET /hello HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent + b"\r\n\r\n")
        connection.read_response()
    assert wait_for_lines(path, 1) == [r'"x\" 200\xff\x09\\" 200']


def test_refused_and_aborted_requests(start_server: Start, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "access.log"
    server = start_server(
        "plain:application", "--access-log", str(path), "--access-log-format", "%(r)s %(s)s"
    )
    with RawConnection(server.port) as connection:
        connection.send(b"nonsense\r\n\r\n").read_to_end()
    assert wait_for_lines(path, 1)[0] == "- 400"
    with RawConnection(server.port) as connection:
        connection.get("/hello", "X: " + "x" * 70_000).read_to_end()
    assert wait_for_lines(path, 2)[1] == "GET /hello HTTP/1.1 431"
    with RawConnection(server.port) as connection:
        connection.get("/" + "x" * 70_000).read_to_end()
    assert wait_for_lines(path, 3)[2] == "GET - - 414"
    with RawConnection(server.port) as connection:
        connection.get("/disconnect-only?key=aborted")
        eventually(
            lambda: "waiting" in httpx.get(f"{server.url}/seen?key=aborted").json(),
        )
        connection.close_abruptly()
    eventually(lambda: "GET /disconnect-only?key=aborted HTTP/1.1 499" in lines_of(path))


def test_files_are_logged_with_their_sent_bytes(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "access.log"
    folder = tmp_path / "files"
    folder.mkdir()
    size = 100_000_000
    with (folder / "large").open("wb") as file:
        file.truncate(size)
    (folder / "small").write_bytes(b"small file")
    log = ["--access-log", str(path), "--access-log-format", "%(U)s %(B)s %(outcome)s %(D)s"]
    server = start_server("extensions:application", "--static", f"/static/={folder}", *log)
    httpx.get(f"{server.url}/static/small")
    httpx.head(f"{server.url}/static/small")
    httpx.get(f"{server.url}/path?path={folder}/small")
    lines = [line.split() for line in wait_for_lines(path, 3)]
    assert [line[:3] for line in lines] == [
        ["/static/small", "10", "complete"],
        ["/static/small", "0", "complete"],
        ["/path", "10", "complete"],
    ]
    read = 10_000_000
    with RawConnection(server.port, receive_buffer=4096) as connection:
        connection.get("/static/large")
        connection.receive_more()
        began = time.monotonic()
        while len(connection.buffer) < read:
            connection.receive_more()
        elapsed = time.monotonic() - began
        connection.close_abruptly()
    name, sent, outcome, duration = wait_for_lines(path, 4)[3].split()
    assert (name, outcome) == ("/static/large", "cut")
    assert read / 2 < int(sent) < size / 2
    assert int(duration) >= elapsed * 1_000_000


def test_socketio_polling_is_logged(start_server: Start) -> None:
    server = start_server("native:application", cwd=APPS)
    httpx.get(f"{server.url}/socket.io/?EIO=4&transport=polling")
    server.wait_for_log(r'"GET /socket\.io/\?EIO=4&transport=polling" 200 \d+\n')


def test_python_logging(start_server: Start) -> None:
    server = start_server("plain:application", "--access-log", "logging")
    httpx.get(f"{server.url}/hello?x=1")
    server.wait_for_log(
        r'INFO +sioserve\.access \[\w{13}\]: 127\.0\.0\.1:\d+ .*"GET /hello\?x=1" 200 5'
    )


def test_rotation_under_load_loses_nothing(start_server: Start, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "access.log"
    server = start_server(
        "plain:application", "--access-log", str(path), "--access-log-format", "%(q)s"
    )
    count, rounds = 50, 10

    def load(worker: int) -> None:
        with httpx.Client() as client:
            for number in range(count):
                client.get(f"{server.url}/hello?{worker}-{number}")

    workers = [threading.Thread(target=load, args=[worker]) for worker in range(4)]
    for worker in workers:
        worker.start()
    for number in range(rounds):
        eventually(path.exists)
        path.rename(tmp_path / f"access.log.{number}")
        server.process.send_signal(signal.SIGUSR1)
    for worker in workers:
        worker.join()
    server.stop()
    files = list(tmp_path.iterdir())
    assert len(files) == rounds + 1
    found = sorted(line for file in files for line in lines_of(file))
    assert found == sorted(f"{w}-{n}" for w in range(len(workers)) for n in range(count))


def test_a_rotation_during_the_start_is_handled(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "rotated.py").write_text(
        "import os, signal\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\n"
        "async def application(scope, receive, send): ...\n"
    )
    for options in ([], ["--reload"]):
        start_server("rotated:application", *options, cwd=tmp_path)


def test_queued_lines_are_written_when_the_server_stops(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "access.log"
    server = start_server(
        "plain:application", "--access-log", str(path), "--access-log-format", "%(q)s"
    )

    async def load() -> None:
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(client.get(f"{server.url}/hello?{n}") for n in range(20)))

    asyncio.run(load())
    server.stop()
    assert sorted(lines_of(path), key=int) == [str(n) for n in range(20)]


def test_queued_lines_are_written_at_a_forced_stop(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "access.log"
    server = start_server("plain:application", "--access-log", str(path))
    with RawConnection(server.port) as connection:
        connection.get("/disconnect-only?key=forced")
        eventually(lambda: "waiting" in httpx.get(f"{server.url}/seen?key=forced").json())
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("a second SIGTERM stops immediately")
        server.process.send_signal(signal.SIGINT)
        assert server.wait() == 128 + signal.SIGINT
    assert any('"GET /seen?key=forced" 200' in line for line in lines_of(path))


def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "missing" / "access.log"
    result = run_to_end("plain:application", "--port", "0", "--access-log", str(path))
    assert result.returncode == 3
    assert f"The access log can't be opened: {path}: No such file or directory" in result.stderr


def test_an_unknown_atom_stops_the_start() -> None:
    result = run_to_end("plain:application", "--port", "0", "--access-log-format", "%(statos)s")
    assert result.returncode == 3
    assert re.search(r'unknown atom "%\(statos\)s"; did you mean', result.stderr)


def test_a_full_disk_is_reported_once(start_server: Start) -> None:
    server = start_server("plain:application", "--access-log", "/dev/full")
    for _ in range(3):
        httpx.get(f"{server.url}/hello")
        server.wait_for_log("The access log /dev/full can't be written: No space left on device")
    server.stop()
    assert server.log.count("can't be written") == 1


@pytest.mark.parametrize("options", [(), ("--access-log-json",)], ids=["text", "JSON"])
def test_session_ids_are_shortened(
    start_server: Start, tmp_path: pathlib.Path, options: tuple[str, ...]
) -> None:
    log = tmp_path / "access.log"
    server = start_server("resuming:application", "--access-log", str(log), *options, cwd=APPS)
    address = f"{server.url}/socket.io/?EIO=4&transport=polling"
    sid = json.loads(httpx.get(address).text[1:])["sid"]
    assert httpx.post(f"{address}&sid={sid}", content="40/count,").text == "ok"
    wait_for_lines(log, 2)
    assert f"sid={sid[:4]}*" in log.read_text()
    assert sid not in log.read_text() + server.log
