"""The threads for synchronous views and handlers: how many, and what happens when all are busy."""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.sanitizers import forks
from support.server import ServerProcess
from support.waiting import eventually

import socketio

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def background() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor(max_workers=64) as executor:
        yield executor


def counts(server: ServerProcess) -> dict[str, int]:
    found: dict[str, int] = httpx.get(f"{server.url}/counts", timeout=60).json()
    return found


def get(server: ServerProcess, path: str) -> httpx.Response:
    return httpx.get(f"{server.url}/{path}", timeout=60)


def test_a_request_beyond_threads_and_queue_is_refused(
    start_server: StartServer, background: concurrent.futures.ThreadPoolExecutor
) -> None:
    server = start_server("few_threads:application", "--threads", "2", "--thread-queue", "1")
    assert "Requests to Django: sioserve's handler; 2 threads" in server.log
    held = [background.submit(get, server, "hold") for _ in range(2)]
    eventually(lambda: counts(server)["threads_busy"] == 2)
    queued = background.submit(get, server, "hello")
    eventually(lambda: counts(server)["threads_queued"] == 1)
    refused = get(server, "hello")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    server.wait_for_log("503 for 1 requests: 1 already wait for one of 2 threads")
    assert counts(server)["threads_refused"] == 1
    assert counts(server)["threads_oldest_wait_ms"] >= 0
    assert get(server, "release").text == "released"
    assert queued.result().text == "hello"
    assert [answer.result().text for answer in held] == ["held", "held"]


def test_the_access_log_has_the_wait(
    start_server: StartServer,
    background: concurrent.futures.ThreadPoolExecutor,
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "access.log"
    server = start_server(
        "few_threads:application", "--threads", "1", "--access-log", str(path), "--access-log-json"
    )
    held = background.submit(get, server, "hold")
    eventually(lambda: counts(server)["threads_busy"] == 1)
    queued = background.submit(get, server, "hello")
    eventually(lambda: counts(server)["threads_oldest_wait_ms"] >= 50)
    get(server, "release")
    assert (held.result().status_code, queued.result().status_code) == (200, 200)
    eventually(lambda: '"target":"/hello"' in path.read_text())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    (waited,) = [line for line in lines if line["target"] == "/hello"]
    assert 50_000 <= waited["thread_wait_us"] <= waited["duration_us"]
    (release,) = [line for line in lines if line["target"] == "/release"]
    assert release["thread_wait_us"] == 0


def test_a_view_that_calls_its_own_server_is_named(
    start_server: StartServer, background: concurrent.futures.ThreadPoolExecutor
) -> None:
    server = start_server("few_threads:application", "--threads", "1")
    calling = background.submit(get, server, "calls-itself")
    server.wait_for_log("All 1 threads for synchronous code are busy; 1 calls wait")
    server.wait_for_log("GET /hello of .* comes from this process itself")
    assert "few_threads.py" in server.log
    get(server, "release")
    assert calling.result().text == "called"


def test_plain_handlers_share_the_threads(start_server: StartServer) -> None:
    """A thread was started for each of them, and none of the limits had a say."""
    server = start_server("few_threads:application", "--threads", "3")
    clients = [socketio.SimpleClient() for _ in range(12)]
    try:
        for client in clients:
            client.connect(server.url, namespace="/waiting", transports=["websocket"])
            client.emit("wait")
        eventually(lambda: counts(server)["threads_queued"] == 9)
        assert counts(server)["threads"] == 3
        assert get(server, "release").text == "released"
        for client in clients:
            client.call("wait", timeout=60)
        assert counts(server)["handlers"] == 3
    finally:
        for client in clients:
            client.disconnect()


def test_asgi_threads_is_the_number_too(start_server: StartServer) -> None:
    server = start_server("few_threads:application", env={"ASGI_THREADS": "4"})
    assert "sioserve's handler; 4 threads" in server.log


def test_djangos_own_handler(start_server: StartServer) -> None:
    server = start_server("few_threads:application", "--django-handler", "stock")
    assert "Requests to Django: Django's own handler: --django-handler stock" in server.log
    assert get(server, "hello").text == "hello"


@forks
@pytest.mark.parametrize("status", ["0", "7"])
def test_the_child_of_a_view_on_a_thread_ends(start_server: StartServer, status: str) -> None:
    server = start_server("few_threads:application")
    child = get(server, f"fork/{status}").text
    answers: list[str] = []

    def has_ended() -> bool:
        answers.append(get(server, f"reap/{child}").text)
        return answers[-1] != "runs"

    eventually(has_ended)
    assert answers[-1] == status
    assert get(server, "hello").text == "hello"
