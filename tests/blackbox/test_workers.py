"""--workers: several Python processes behind one I/O process."""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from support.sanitizers import SANITIZER
from support.server import ServerProcess, run_to_end
from support.waiting import eventually
from support.workers import COMMON, exists
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

APPLICATION = (
    COMMON
    + """
import ctypes

say("imported")

async def application(scope, receive, send):
    if await serve(scope, receive, send, os.getpid()):
        return
    path = scope["path"]
    headers = []
    if path == "/block":
        time.sleep(600)
    if path == "/segfault":
        ctypes.string_at(0)
    if path == "/abort":
        os.abort()
    if path == "/exit":
        os._exit(7)
    if path == "/wait":
        await asyncio.sleep(60)
    if path == "/fork":
        if os.fork() == 0:
            time.sleep(8)  # it has the descriptors
            os._exit(0)
    if path == "/slow":
        await asyncio.sleep(1)
    if path == "/file":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": os.path.abspath("file.bin")})
        return
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if path == "/begin":
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await asyncio.sleep(60)
    if path == "/large":
        await send({"type": "http.response.body", "body": b"x" * 40_000_000})
        return
    body = b""
    if path == "/echo":
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                break
    await send({"type": "http.response.body", "body": body or str(os.getpid()).encode()})
"""
)

READY = re.compile(r"Python process (\d) \(pid (\d+)\) is ready")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "several.py").write_text(APPLICATION)
    return tmp_path


@pytest.fixture
def server(
    folder: pathlib.Path, start_server: Callable[..., ServerProcess]
) -> Iterator[ServerProcess]:
    started = start_server("several:application", "--workers", "2", cwd=folder)
    wait_for_processes(started, 2)
    return started


def wait_for_processes(server: ServerProcess, count: int) -> list[int]:
    """The pids of the processes that have been ready, when there are so many."""

    def ready() -> list[int]:
        pids = [int(pid) for _, pid in READY.findall(server.log)]
        return pids if len(pids) >= count else []

    return eventually(ready)


def pid_of(server: ServerProcess, path: str = "/") -> int:
    return int(httpx.get(server.url + path).text)


def test_requests_are_spread_over_the_processes(server: ServerProcess) -> None:
    pids = {pid_of(server) for _ in range(4)}
    assert pids == set(wait_for_processes(server, 2))
    assert server.process.pid not in pids


def test_the_io_process_does_not_import_the_application(server: ServerProcess) -> None:
    imported = set(map(int, re.findall(r"imported of (\d+)", server.log)))
    assert imported == set(wait_for_processes(server, 2))
    assert server.process.pid not in imported


def test_one_worker_is_a_process_of_its_own(
    folder: pathlib.Path, start_server: Callable[..., ServerProcess]
) -> None:
    server = start_server("several:application", "--workers", "1", cwd=folder)
    (pid,) = wait_for_processes(server, 1)
    assert pid_of(server) == pid != server.process.pid


def test_without_the_option_there_is_one_process(
    folder: pathlib.Path, start_server: Callable[..., ServerProcess]
) -> None:
    server = start_server("several:application", cwd=folder)
    assert pid_of(server) == server.process.pid


def test_a_request_goes_to_a_process_that_is_free(server: ServerProcess) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            blocked = asyncio.create_task(client.get(server.url + "/slow"))
            await asyncio.to_thread(server.wait_for_log, "request /slow of")
            answers = [int((await client.get(server.url + "/")).text) for _ in range(5)]
            assert not blocked.done()
            assert len(set(answers)) == 1
            assert int((await blocked).text) not in answers

    asyncio.run(main())


def test_bodies_large_responses_and_files_pass(server: ServerProcess, folder: pathlib.Path) -> None:
    content = os.urandom(3_000_000)
    (folder / "file.bin").write_bytes(content)
    assert httpx.post(server.url + "/echo", content=content).content == content
    assert httpx.get(server.url + "/file").content == content
    large = httpx.get(server.url + "/large")
    assert large.headers["content-length"] == "40000000"
    assert large.content == b"x" * 40_000_000


def test_a_websocket_stays_with_its_process(server: ServerProcess) -> None:
    async def main() -> None:
        async with connect(server.websocket_url) as one, connect(server.websocket_url) as two:
            pids = set()
            for websocket in (one, two):
                answers = set()
                for number in range(10):
                    await websocket.send(str(number))
                    pid, _, text = str(await websocket.recv()).partition(" ")
                    assert text == str(number)
                    answers.add(pid)
                assert len(answers) == 1
                pids |= answers
            assert len(pids) == 2

    asyncio.run(main())


DEATHS = {
    "kill": "by SIGKILL",
    "segfault": "by SIGSEGV",
    "abort": "by SIGABRT",
    "exit": "with exit code 7",
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_process_that_dies_takes_only_its_own_requests_along(
    server: ServerProcess, death: str
) -> None:
    if death == "segfault" and SANITIZER:
        pytest.skip("the sanitizer reports it")
    first, second = wait_for_processes(server, 2)

    async def let_die(client: httpx.AsyncClient) -> int:
        """Returns the pid."""
        if death == "kill":
            os.kill(first, signal.SIGKILL)
            return first
        request = asyncio.create_task(client.get(f"{server.url}/{death}"))
        found = await asyncio.to_thread(server.wait_for_log, rf"request /{death} of (\d+)")
        assert (await request).status_code == 502
        return int(found[1])

    async def main() -> int:
        async with (
            httpx.AsyncClient(timeout=30) as client,
            connect(server.websocket_url) as one,
            connect(server.websocket_url) as two,
        ):
            websockets = {}
            for websocket in (one, two):
                await websocket.send("hello")
                websockets[int(str(await websocket.recv()).split()[0])] = websocket
            waiting = [asyncio.create_task(client.get(server.url + "/wait")) for _ in range(2)]
            begun = [asyncio.create_task(read_begun(client)) for _ in range(2)]
            for path in ("wait", "begin"):
                for pid in (first, second):
                    await asyncio.to_thread(server.wait_for_log, f"request /{path} of {pid}")
            dead = await let_die(client)
            done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result().status_code for task in done] == [502]
            cut, others = await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result() for task in cut] == ["cut after begun"]
            with pytest.raises(ConnectionClosed) as closed:
                await websockets.pop(dead).recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
            (other,) = websockets.values()
            await other.send("still there")
            assert str(await other.recv()).endswith("still there")
            assert len(rest) == len(others) == 1
            for task in (*rest, *others):
                task.cancel()
            return dead

    async def read_begun(client: httpx.AsyncClient) -> str:
        received = b""
        try:
            async with client.stream("GET", server.url + "/begin") as response:
                async for chunk in response.aiter_bytes():
                    received += chunk
        except httpx.RemoteProtocolError:
            return f"cut after {received.decode()}"
        return "complete"

    dead = asyncio.run(main())
    server.wait_for_log(rf"\(pid {dead}\) has ended {DEATHS[death]}; it starts again")
    third = wait_for_processes(server, 3)[2]
    eventually(lambda: third in {pid_of(server) for _ in range(4)})


def test_a_death_is_noticed_although_a_forked_child_lives(server: ServerProcess) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            pid = int((await client.get(server.url + "/fork")).text)
            waiting = [asyncio.create_task(client.get(server.url + "/wait")) for _ in range(2)]
            await asyncio.to_thread(server.wait_for_log, f"request /wait of {pid}")
            os.kill(pid, signal.SIGKILL)
            done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result().status_code for task in done] == [502]
            for task in rest:
                task.cancel()

    asyncio.run(main())


def test_a_start_error_is_shown_once(folder: pathlib.Path) -> None:
    (folder / "broken.py").write_text("raise ValueError('on purpose')\n")
    ended = run_to_end("broken:application", "--workers", "3", "--port", "0", cwd=folder)
    assert ended.returncode == 3
    assert ended.stderr.count("ValueError: on purpose") == 2  # the traceback, and the sentence
    assert ended.stderr.count('sioserve: Importing "broken" raised') == 1


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_start_error_is_noticed_although_a_forked_child_lives(
    folder: pathlib.Path, loop: str
) -> None:
    (folder / "broken.py").write_text(
        "import os, signal\n"
        "if os.fork() == 0:\n"
        "    os.closerange(0, 3)  # but not the channel to the I/O process\n"
        "    signal.alarm(20)\n"
        "    signal.pause()\n"
        "os._exit(7)\n"
    )
    arguments = ("broken:application", "--workers", "2", "--port", "0", "--loop", loop)
    ended = run_to_end(*arguments, cwd=folder)
    assert ended.returncode == 7


def test_a_port_that_is_in_use_ends_the_start(server: ServerProcess, folder: pathlib.Path) -> None:
    arguments = ("several:application", "--workers", "2", "--port", str(server.port))
    ended = run_to_end(*arguments, cwd=folder)
    assert ended.returncode == 3
    assert "is already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_processes(server: ServerProcess, number: signal.Signals) -> None:
    pids = wait_for_processes(server, 2)
    slow = httpx.AsyncClient(timeout=30)

    async def main() -> None:
        request = asyncio.create_task(slow.get(server.url + "/slow"))
        await asyncio.to_thread(server.wait_for_log, "request /slow of")
        for pid in (*pids, server.process.pid):  # as a terminal or a service manager does
            os.kill(pid, number)
        assert (await request).status_code == 200
        await slow.aclose()

    asyncio.run(main())
    assert server.wait() == 0
    assert server.log.count("lifespan.shutdown") == 2
    assert "Traceback" not in server.log
    assert not any(map(exists, pids))


def test_log_files_of_a_process_that_is_starting_are_reopened_too(
    folder: pathlib.Path, start_server: Callable[..., ServerProcess]
) -> None:
    (folder / "logging_app.py").write_text(
        "import logging, os, pathlib, time\n"
        "from several import application, say\n"
        "logging.getLogger().addHandler(logging.FileHandler('app.log'))\n"
        "logging.warning('opened by %d', os.getpid())\n"
        "say('import')\n"
        "while pathlib.Path('wait').exists():\n"
        "    time.sleep(0.01)\n"
    )
    server = start_server("logging_app:application", "--workers", "2", cwd=folder)
    victim = wait_for_processes(server, 2)[1]
    (folder / "wait").touch()
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: server.log.count("import of") == 3)
    (folder / "app.log").rename(folder / "app.old")
    server.process.send_signal(signal.SIGUSR1)
    eventually((folder / "app.log").exists)  # the other process has reopened its file
    (folder / "app.log").unlink()
    (folder / "wait").unlink()
    wait_for_processes(server, 3)
    eventually((folder / "app.log").exists)


def test_no_process_outlives_the_io_process(
    folder: pathlib.Path, start_server: Callable[..., ServerProcess]
) -> None:
    """Neither one that is blocked, nor one that is starting: these do not read their channel."""
    (folder / "starting.py").write_text(
        "import pathlib, time\n"
        "from several import application, say\n"
        "if pathlib.Path('wait').exists():\n"
        "    say('waiting')\n"
        "    time.sleep(600)\n"
    )
    server = start_server("starting:application", "--workers", "2", cwd=folder)
    blocked, victim = wait_for_processes(server, 2)
    (folder / "wait").touch()
    os.kill(victim, signal.SIGKILL)
    starting = int(server.wait_for_log(r"waiting of (\d+)")[1])
    with socket.create_connection((server.host, server.port)) as client:
        client.sendall(b"GET /block HTTP/1.1\r\nHost: test\r\n\r\n")
        server.wait_for_log(f"request /block of {blocked}")
        server.kill()
    eventually(lambda: not exists(blocked) and not exists(starting))


def test_a_process_that_blocks_is_killed_at_the_end_of_a_stop(folder: pathlib.Path) -> None:
    server = ServerProcess(
        "several:application", "--workers", "2", "--timeout-graceful-shutdown", "1", cwd=folder
    ).start()
    wait_for_processes(server, 2)

    async def main() -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            blocked = asyncio.create_task(client.get(server.url + "/block"))
            await asyncio.to_thread(server.wait_for_log, "request /block of")
            server.process.send_signal(signal.SIGTERM)
            begin = time.monotonic()
            await asyncio.to_thread(server.wait)
            assert time.monotonic() - begin < 10
            assert isinstance((await asyncio.gather(blocked, return_exceptions=True))[0], Exception)

    asyncio.run(main())
    assert server.process.returncode == 1
    assert "did not stop in time and was killed" in server.log


def test_an_idle_process_adds_little_memory_to_the_io_process(server: ServerProcess) -> None:
    more = 4
    ready = len(wait_for_processes(server, 2))
    before = server.memory()
    for _ in range(more):
        server.process.send_signal(signal.SIGTTIN)
        ready += 1
        wait_for_processes(server, ready)
    pids = {pid_of(server) for _ in range(3 * ready)}
    assert pids == set(wait_for_processes(server, ready))
    assert server.growth(before) < more * 1_000_000


def test_auto_means_one_for_each_core(folder: pathlib.Path, start_server) -> None:  # type: ignore[no-untyped-def]
    server = start_server("several:application", "--workers", "auto", cwd=folder)
    cores = len(os.sched_getaffinity(0))
    if cores > 1:
        assert len(wait_for_processes(server, cores)) == cores


DESCRIPTORS = """
import json, os, subprocess, sys

LIST = (
    "import json, os; paths = [f'/proc/self/fd/{n}' for n in os.listdir('/proc/self/fd')]; "
    "print(json.dumps([os.readlink(path) for path in paths if os.path.lexists(path)]))"
)

async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    listed = subprocess.run([sys.executable, "-c", LIST], close_fds=False, stdout=subprocess.PIPE)
    own = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
           if os.path.lexists(f"/proc/self/fd/{n}")]
    body = json.dumps({"own": own, "of a child": json.loads(listed.stdout)}).encode()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})
"""


def test_programs_that_the_application_starts_do_not_get_the_channel(
    start_server: Callable[..., ServerProcess], tmp_path: pathlib.Path
) -> None:
    (tmp_path / "descriptors.py").write_text(DESCRIPTORS)
    server = start_server("descriptors:application", "--workers", "1", cwd=tmp_path)
    found = httpx.get(server.url).json()
    sockets = {name for name in found["own"] if name.startswith("socket:")}
    assert sockets, "the channel is one"
    assert not sockets & set(found["of a child"])
