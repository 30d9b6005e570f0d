"""The command with applications that misbehave, mainly during a stop."""

from __future__ import annotations

import concurrent.futures
import contextlib
import pathlib
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess, environment, executable, run_to_end
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

APPLICATION = """
import asyncio, sys, time
from asgiref.sync import sync_to_async

async def background(events):
    while await events.get() is not None:
        pass
    print("background task ended in order", flush=True)

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        events = asyncio.Queue()
        task = asyncio.create_task(background(events))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        events.put_nowait(None)
        await task
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        if scope["path"] == "/interrupt":
            await interrupt(receive, send)
        while (message := await receive())["type"] == "websocket.receive":
            pass
        await asyncio.sleep(0.5)  # a consumer's disconnect(), which writes to a database
        print(f"websocket cleaned up behind {message['code']}", flush=True)  # in one piece
    else:
        print(f"began {scope['path']}", flush=True)
        await globals()[scope["path"][1:]](receive, send)

async def answer(send, body=b"ok"):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})

async def hello(receive, send):
    await answer(send)

async def block(receive, send):
    time.sleep(60)

async def thread(receive, send):
    await sync_to_async(time.sleep)(60)

async def stubborn(receive, send):
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            print("not now", flush=True)

async def stream(receive, send):
    await send({"type": "http.response.start", "status": 200})
    while True:
        await send({"type": "http.response.body", "body": b"data: x\\n\\n", "more_body": True})
        await asyncio.sleep(0.05)

async def leave(receive, send):
    sys.exit(7)

async def leave_thread(receive, send):
    await sync_to_async(sys.exit)(7)

def raise_interrupt():
    raise KeyboardInterrupt("in a view")

async def interrupt(receive, send):
    await asyncio.sleep(0)
    raise_interrupt()

async def interrupt_thread(receive, send):
    await sync_to_async(raise_interrupt)()
"""


Start = Callable[[], ServerProcess]


@pytest.fixture
def start(tmp_path: pathlib.Path) -> Iterator[Start]:
    (tmp_path / "misbehaving.py").write_text(APPLICATION)
    servers: list[ServerProcess] = []

    def start_one() -> ServerProcess:
        servers.append(ServerProcess("misbehaving:application", cwd=tmp_path).start())
        return servers[-1]

    yield start_one
    for server in servers:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def server(start: Start) -> ServerProcess:
    return start()


def stop(server: ServerProcess) -> tuple[int, float]:
    """The exit code, and the duration in seconds."""
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    code = server.wait()
    assert "Traceback" not in server.log, server.log
    server.assert_no_sanitizer_report()
    return code, time.monotonic() - began


def test_work_that_never_ends_is_abandoned_after_the_timeout(start: Start) -> None:
    servers = {path: start() for path in ("/block", "/thread", "/stubborn")}
    with contextlib.ExitStack() as connections:
        for path, server in servers.items():
            connections.enter_context(RawConnection(server.port)).get(path)
            server.wait_for_log(f"began {path}")
        # Concurrently, because each uses all of its time.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            outcomes = list(pool.map(stop, servers.values()))
    logs = {path: server.log for path, server in servers.items()}
    # Only an event loop that is blocked in one call is an abnormal end.
    assert [code for code, _ in outcomes] == [1, 0, 0]
    assert all(seconds < 20 for _, seconds in outcomes)
    assert "did not stop in time" in logs["/block"]
    assert re.search(r"Abandoned: thread MainThread, in .*misbehaving.py.* block", logs["/block"])
    assert re.search(r"Cancelled at shutdown: GET /thread of 127.0.0.1:\d+, ", logs["/thread"])
    assert re.search(r"Abandoned: thread ThreadPoolExecutor\S*, in .*\n", logs["/thread"])
    assert re.search(
        r"Cancelled at shutdown: GET /stubborn .*waiting in .*: await asyncio.sleep",
        logs["/stubborn"],
    )
    assert "Abandoned, ignores its cancellation: GET /stubborn" in logs["/stubborn"]


def test_an_endless_stream_ends_after_the_timeout(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.get("/stream")
        server.wait_for_log("began /stream")
        code, seconds = stop(server)
    assert code == 0
    assert seconds < 15
    assert "background task ended in order" in server.log


def test_a_websocket_may_clean_up_before_the_end(server: ServerProcess) -> None:
    with connect(server.websocket_url, proxy=None):
        code, seconds = stop(server)
    assert code == 0
    assert seconds < 8
    assert "websocket cleaned up behind 1012" in server.log
    assert "Cancelled" not in server.log


def test_background_tasks_live_until_the_lifespan_ends(server: ServerProcess) -> None:
    assert httpx.get(server.url + "/hello", trust_env=False).text == "ok"
    code, seconds = stop(server)
    assert code == 0
    assert seconds < 8
    assert "background task ended in order" in server.log
    assert "Cancelled" not in server.log


@pytest.mark.parametrize("path", ["/leave", "/leave_thread"])
def test_sys_exit_in_a_view_gives_500_and_the_server_continues(
    server: ServerProcess, path: str
) -> None:
    for _ in range(2):
        assert httpx.get(server.url + path, trust_env=False).status_code == 500
    assert httpx.get(server.url + "/hello", trust_env=False).text == "ok"
    assert "SystemExit: 7" in server.log
    server.stop()


@pytest.mark.parametrize("path", ["/interrupt", "/interrupt_thread"])
def test_a_keyboard_interrupt_in_a_view_gives_500_and_the_server_continues(
    server: ServerProcess, path: str
) -> None:
    for _ in range(2):
        assert httpx.get(server.url + path, trust_env=False).status_code == 500
    assert httpx.get(server.url + "/hello", trust_env=False).text == "ok"
    assert "Traceback" in server.log
    assert "KeyboardInterrupt: in a view" in server.log
    server.stop(signal.SIGINT)
    assert "background task ended in order" in server.log


def test_a_keyboard_interrupt_in_a_websocket_handler_closes_it_with_1011(
    server: ServerProcess,
) -> None:
    with (
        connect(server.websocket_url + "/interrupt", proxy=None) as websocket,
        pytest.raises(ConnectionClosedError) as closed,
    ):
        websocket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert httpx.get(server.url + "/hello", trust_env=False).text == "ok"
    assert "KeyboardInterrupt: in a view" in server.log
    server.stop(signal.SIGINT)


def test_a_second_signal_works_while_the_application_s_threads_end(server: ServerProcess) -> None:
    with RawConnection(server.port) as connection:
        connection.get("/thread")
        server.wait_for_log("began /thread")
    server.process.send_signal(signal.SIGTERM)
    # The client has disconnected, so only the thread is left, for which Python waits.
    server.wait_for_log("background task ended in order")
    began = time.monotonic()
    server.process.send_signal(signal.SIGINT)
    assert server.wait() == 128 + signal.SIGINT
    assert time.monotonic() - began < 5
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("start_up", "status"),
    [
        ('await send({"type": "lifespan.startup.failed", "message": "no disk"}); raise OSError', 3),
        ("sys.exit(9)", 3),
        ("raise KeyboardInterrupt", 3),
    ],
)
def test_a_failed_startup_gives_one_message(
    tmp_path: pathlib.Path, start_up: str, status: int
) -> None:
    (tmp_path / "failing.py").write_text(
        f"import sys\nasync def application(scope, receive, send):\n"
        f"    await receive()\n    {start_up}\n"
    )
    result = run_to_end("failing:application", "--port", "0", cwd=tmp_path)
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    assert "sioserve: The application" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_application_starts_is_handled(
    tmp_path: pathlib.Path, number: signal.Signals
) -> None:
    (tmp_path / "slow.py").write_text(
        "import asyncio\nasync def application(scope, receive, send):\n"
        "    try:\n        print('starting', flush=True)\n        await asyncio.sleep(60)\n"
        "    finally:\n        print('cleaned up', flush=True)\n"
    )
    with subprocess.Popen(
        [executable(), "slow:application", "--port", "0"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "starting\n"
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert output == "cleaned up\n"
    assert "Traceback" not in errors
