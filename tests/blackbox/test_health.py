"""/healthz and /readyz on the port of --metrics."""

from __future__ import annotations

import os
import pathlib
import signal
import threading
from collections.abc import Callable

import httpx
from support.metrics import ADDRESS, metrics_url
from support.raw_http import RawConnection
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.waiting import eventually
from support.workers import pids, start_versioned, write_code

Start = Callable[..., ServerProcess]


def ready(server: ServerProcess) -> tuple[int, str]:
    answer = httpx.get(metrics_url(server, "/readyz"))
    return answer.status_code, answer.text


def test_a_running_server_is_healthy_and_ready(start_server: Start) -> None:
    server = start_server("plain:application", *ADDRESS)
    healthy = httpx.get(metrics_url(server, "/healthz"))
    assert (healthy.status_code, healthy.text) == (200, "ok\n")
    assert healthy.headers["content-type"] == "text/plain; charset=utf-8"
    assert healthy.headers["cache-control"] == "no-store"
    assert ready(server) == (200, "ready\n")


def test_a_server_that_stops_is_healthy_but_not_ready(start_server: Start) -> None:
    server = start_server("plain:application", *ADDRESS)
    with RawConnection(server.port) as busy:
        busy.get("/block?seconds=600")
        eventually(busy.has_been_read)
        url = metrics_url(server)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: ready(server) == (503, "the server is stopping\n"))
        assert httpx.get(metrics_url(server, "/healthz")).status_code == 200
        assert httpx.get(url).status_code == 200
        server.kill()


def test_a_server_without_redis_is_not_ready_if_redis_is_demanded(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    redis = RedisServer(tmp_path).start()
    options = ("--redis", redis.url, "--metrics-require-redis", *ADDRESS)
    server = start_server("plain:application", *options)
    eventually(lambda: ready(server) == (200, "ready\n"))
    redis.kill()
    eventually(lambda: ready(server) == (503, "Redis is not connected\n"))
    redis.start()
    eventually(lambda: ready(server) == (200, "ready\n"))
    redis.stop()


def test_a_server_is_ready_without_redis_if_it_is_not_demanded(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    redis = RedisServer(tmp_path)
    server = start_server("plain:application", "--redis", redis.url, *ADDRESS)
    assert ready(server) == (200, "ready\n")


def test_a_server_without_python_processes_is_not_ready(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    write_code(tmp_path, "first")
    server = start_versioned(start_server, tmp_path, *ADDRESS, workers=1)
    (pid,) = pids(server, 1)
    assert ready(server) == (200, "ready\n")
    # The next one can't start.
    (tmp_path / "versioned.py").write_text("import time\ntime.sleep(600)\n")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: ready(server) == (503, "no Python process is ready\n"))
    server.kill()


def test_nothing_answers_until_the_application_has_started(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    """The sockets listen, so a probe waits, and fails by its timeout."""
    (tmp_path / "slow_start.py").write_text(
        "import pathlib, time\n"
        "async def application(scope, receive, send):\n"
        "    assert scope['type'] == 'lifespan'\n"
        "    await receive()\n"
        "    while not pathlib.Path('go').exists():\n"
        "        time.sleep(0.01)\n"
        "    await send({'type': 'lifespan.startup.complete'})\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.shutdown.complete'})\n"
    )
    server = ServerProcess("slow_start:application", *ADDRESS, cwd=tmp_path)
    starting = threading.Thread(target=server.start)
    starting.start()
    url = eventually(lambda: hasattr(server, "process") and metrics_url(server, "/readyz"))
    try:
        httpx.get(url, timeout=0.2)
    except httpx.ReadTimeout:
        pass
    else:
        raise AssertionError("an answer before the start")
    (tmp_path / "go").touch()
    starting.join()
    assert ready(server) == (200, "ready\n")
    server.stop()
