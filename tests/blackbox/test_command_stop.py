"""Lifespan, and stopping the server."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import re
import signal
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess, run_to_end
from support.waiting import eventually
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

StartServer = Callable[..., ServerProcess]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(start_server, number: signal.Signals) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("plain:application")
    assert httpx.get(server.url + "/hello").text == "hello"
    server.stop(number)
    assert "lifespan: start-up" in server.log
    assert "lifespan: shutdown" in server.log
    assert "Traceback" not in server.log


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_signal_wakes_an_idle_event_loop(  # type: ignore[no-untyped-def]
    start_server, tmp_path: pathlib.Path, loop: str
) -> None:
    """Also if another thread gets the signal, which does not interrupt the main thread's wait."""
    (tmp_path / "signals_itself.py").write_text(
        "import os, pathlib, signal, threading, time\n"
        "main = pathlib.Path(f'/proc/self/task/{os.getpid()}/stat')\n"
        "def signal_this_thread():\n"
        "    quiet = 0\n"
        "    while quiet < 200:\n"
        "        time.sleep(0.001)\n"
        "        waits = main.read_text().rpartition(')')[2].split()[0] == 'S'\n"
        "        quiet = quiet + 1 if waits else 0\n"
        "    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)\n"
        "async def application(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200})\n"
        "    await send({'type': 'http.response.body'})\n"
        "    threading.Thread(target=signal_this_thread).start()\n"
    )
    options = ("--lifespan", "off", "--loop", loop)
    server: ServerProcess = start_server("signals_itself:application", *options, cwd=tmp_path)
    with RawConnection(server.port) as connection:
        connection.get("/")
        connection.read_response()
        assert server.wait() == 0


def test_a_signal_before_any_request(start_server) -> None:  # type: ignore[no-untyped-def]
    start_server("no_lifespan:application").stop()


def test_an_application_without_lifespan_is_logged_in_one_line(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("no_lifespan:application")
    assert httpx.get(server.url).text == "no lifespan"
    server.stop()
    assert "Traceback" not in server.log
    lines = [line for line in server.log.splitlines() if "lifespan events" in line]
    assert len(lines) == 1, server.log


def test_a_failed_start_up_ends_with_its_message() -> None:
    result = run_to_end("failing_lifespan:application", "--port", "0")
    assert result.returncode == 3
    assert "the database is on holiday" in result.stderr
    assert "Traceback" not in result.stderr


def test_idle_connections_do_not_delay_the_stop(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("plain:application")
    connections = [RawConnection(server.port) for _ in range(20)]
    for connection in connections[:10]:
        connection.get("/hello").read_response()
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 5
    assert all(connection.is_closed() for connection in connections)


def test_a_request_in_flight_is_finished(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("plain:application")
    reader, opener = RawConnection(server.port), RawConnection(server.port)
    opener.get("/hello").read_response()
    reader.get("/download?key=k&bytes=20000000")
    while not reader.buffer:
        assert reader.receive_more()
    server.process.send_signal(signal.SIGTERM)
    assert len(reader.read_response().body) == 20_000_000
    assert server.wait() == 0


def test_new_connections_are_refused_while_it_stops(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("slow_app:application")
    with RawConnection(server.port) as connection:
        connection.get("/")
        server.wait_for_log("slow request began")
        server.process.send_signal(signal.SIGTERM)

        def refused() -> bool:
            try:
                RawConnection(server.port).socket.close()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                pass  # it was in the kernel's backlog when the socket closed
            return False

        eventually(refused)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGINT)
        assert server.wait() == 128 + signal.SIGINT


def test_a_second_signal_stops_immediately(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("slow_app:application")
    with RawConnection(server.port) as connection:
        connection.get("/")
        server.wait_for_log("slow request began")
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("Stopping; a second")
        started = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        assert server.wait() == 128 + signal.SIGINT
        assert time.monotonic() - started < 5


def test_a_stop_says_what_it_waits_for(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("slow_app:application")
    with contextlib.ExitStack() as stack:
        for number in range(5):
            connection = stack.enter_context(RawConnection(server.port))
            connection.get(f"/report/{number}%0A")
        eventually(lambda: server.log.count("slow request began") == 5)
        server.process.send_signal(signal.SIGTERM)
        told = server.wait_for_log(r"The stop has waited \d+\.\d s for (.+)")
        requests, _, more = told[1].partition(" and ")
        assert requests.startswith("5 requests: GET /report/")
        assert requests.count("%0A of 127.0.0.1:") == 3
        assert more == "2 more"
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 128 + signal.SIGTERM


WAITING = """
import asyncio, time

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.Event().wait()
    print("the loop is blocked", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=[(), ("--workers", "1")], ids=["one process", "workers"])
def waiting(
    request: pytest.FixtureRequest, start_server: StartServer, tmp_path: pathlib.Path
) -> Iterator[ServerProcess]:
    (tmp_path / "waiting.py").write_text(WAITING)
    server = start_server("waiting:application", *request.param, cwd=tmp_path)
    yield server
    server.kill()


def test_a_stop_says_that_it_waits_for_the_lifespan(waiting: ServerProcess) -> None:
    waiting.process.send_signal(signal.SIGTERM)
    waiting.wait_for_log(r"has waited \d+\.\d s for 1 part of the application: lifespan shutdown")


def test_a_stop_says_that_the_event_loop_is_blocked(waiting: ServerProcess) -> None:
    with RawConnection(waiting.port) as connection:
        connection.get("/")
        waiting.wait_for_log("the loop is blocked")
        waiting.process.send_signal(signal.SIGTERM)
        # With --workers, nothing reaches the process while its event loop is blocked.
        blocked = r"the event loop, which is blocked, in \S+waiting\.py:\d+ "
        process = r"1 process: Python process 1 \(pid \d+\)"
        expected = process if "Python process 1" in waiting.log else blocked
        waiting.wait_for_log(rf"The stop has waited \d+\.\d s for {expected}")


def test_a_request_that_does_not_end_is_cancelled(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("slow_app:application")
    with RawConnection(server.port) as connection:
        connection.get("/")
        server.wait_for_log("slow request began")
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < 25


async def test_websockets_are_closed_with_1012(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("plain:application")
    async with connect(server.websocket_url + "/echo", proxy=None) as websocket:
        await websocket.send("here")
        assert await websocket.recv() == "here"
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(websocket.recv(), 30)
        assert caught.value.rcvd
        assert caught.value.rcvd.code == 1012
    assert await asyncio.to_thread(server.wait) == 0


def test_the_address_is_logged_when_the_server_is_ready(start_server) -> None:  # type: ignore[no-untyped-def]
    server: ServerProcess = start_server("plain:application")
    ready = re.search(r"Listening on", server.log)
    begun = re.search("lifespan: start-up", server.log)
    assert ready
    assert begun
    assert begun.start() < ready.start()
