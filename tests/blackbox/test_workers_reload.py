"""Reload: new Python processes with new code take over while the old ones serve."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import os
import pathlib
import re
import signal
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from support.raw_http import RawConnection
from support.server import ServerProcess
from support.waiting import eventually
from support.workers import (
    command,
    exists,
    pids,
    start_versioned,
    status_of,
    version_of,
    write_code,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

StartServer = Callable[..., ServerProcess]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    write_code(tmp_path, "one")
    return tmp_path


@pytest.fixture
def start(folder: pathlib.Path, start_server: StartServer) -> Callable[..., ServerProcess]:
    return functools.partial(start_versioned, start_server, folder, workers=2)


def reload(folder: pathlib.Path, *arguments: str):  # type: ignore[no-untyped-def]
    return command("reload", "--control", str(folder / "control"), *arguments)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1])
@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_a_signal_at_the_very_beginning_does_not_end_the_command(
    folder: pathlib.Path, number: signal.Signals, workers: tuple[str, ...]
) -> None:
    if not workers and number != signal.SIGUSR1:
        pytest.skip("it has its default effect then")

    class Signalled(ServerProcess):
        def wait_for_log(self, *arguments: Any) -> re.Match[str]:
            if not self.signalled:
                self.signalled = True
                # The first instructions of the command, long before Python runs.
                eventually(lambda: is_blocked(self.process.pid, number))
                self.process.send_signal(number)
            return super().wait_for_log(*arguments)

        signalled = False

    server = Signalled("versioned:application", *workers, cwd=folder).start()
    assert version_of(server) == "one"
    if number == signal.SIGHUP:
        server.wait_for_log("Reloaded: 2 new Python processes work")
    elif number == signal.SIGTTIN:
        server.wait_for_log("Python process 3 is added: there are 3 now")
    elif number == signal.SIGTTOU:
        server.wait_for_log("Python process 2 is removed: there are 1 now")
    server.stop()


def is_blocked(pid: int, number: signal.Signals) -> bool:
    """Whether this signal would wait."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    blocked = re.search(r"SigBlk:\s+([0-9a-f]+)", status)
    return blocked is not None and bool(int(blocked[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_sighup_replaces_all_processes(
    start: Callable[..., ServerProcess], folder: pathlib.Path, workers: int
) -> None:
    server = start(workers=workers)
    old = pids(server, workers)
    write_code(folder, "two")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log(f"Reloaded: {workers} new Python process")
    assert {version_of(server) for _ in range(4)} == {"two"}
    eventually(lambda: not any(map(exists, old)))
    for pid in old:
        server.wait_for_log(
            rf"INFO .*\(pid {pid}\), which was replaced, has ended with exit code 0"
        )
    assert server.log.count("lifespan.shutdown of") == workers
    assert "it starts again" not in server.log
    assert len(pids(server, 2 * workers)) == 2 * workers


def test_the_command_returns_when_the_new_processes_work(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start()
    write_code(folder, "two")
    done = reload(folder)
    assert (done.returncode, done.stdout) == (0, "2 new Python processes work\n"), done.stderr
    assert {version_of(server) for _ in range(4)} == {"two"}


WAITS_FOR_GO = "\nsay('import')\nwhile not os.path.exists('go'): time.sleep(0.01)\n"


def test_no_request_fails_in_a_reload(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    """`bench/workers.py reloads` measures how many are answered in a second."""
    server = start()
    ended = threading.Event()
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        """On eight connections, which are kept alive."""
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(RawConnection(server.port)) for _ in range(8)]
            while not ended.is_set():
                for client in clients:
                    client.get("/")
                for client in clients:
                    answer = client.read_response()
                    answers.append((answer.status, answer.body.decode().split()[0]))

    def wait_for_answers(count: int) -> None:
        enough = len(answers) + count
        eventually(lambda: asking.done() or len(answers) >= enough, seconds=60)

    with concurrent.futures.ThreadPoolExecutor() as threads:
        asking = threads.submit(ask)
        try:
            for version in ("two", "three", "four"):
                write_code(folder, version, WAITS_FOR_GO)
                so_far = len(server.log)
                done = threads.submit(reload, folder)
                server.wait_for_log("import of", so_far)
                wait_for_answers(400)
                (folder / "go").touch()
                assert done.result().returncode == 0, done.result().stderr
                (folder / "go").unlink()
            wait_for_answers(40)
        finally:
            ended.set()
        asking.result()
    assert len(answers) > 1000
    assert {status for status, _ in answers} == {200}
    assert {version for _, version in answers[-16:]} == {"four"}


@contextlib.asynccontextmanager
async def work_in_hand(server: ServerProcess) -> AsyncIterator[tuple[Any, Any]]:
    """A request that is not answered yet, and an open WebSocket."""
    async with httpx.AsyncClient(timeout=30) as client, connect(server.websocket_url) as websocket:
        await websocket.send("a")
        assert await websocket.recv() == "one a"
        waiting = asyncio.create_task(client.get(server.url + "/wait"))
        await asyncio.to_thread(server.wait_for_log, "request /wait of")
        yield waiting, websocket


def test_old_requests_and_websockets_finish(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start(workers=1)
    (old,) = pids(server, 1)

    async def main() -> None:
        async with work_in_hand(server) as (waiting, old_ws):
            write_code(folder, "two")
            assert (await asyncio.to_thread(reload, folder)).returncode == 0
            async with connect(server.websocket_url) as new_ws:
                await new_ws.send("b")
                assert await new_ws.recv() == "two b"
            await old_ws.send("c")
            assert await old_ws.recv() == "one c"
            states = [row["state"] for row in status_of(folder / "control")["processes"]]
            assert states == ["ready", "retiring"]
            (folder / "go").touch()
            assert (await waiting).text.startswith("one ")
            assert exists(old)
        await asyncio.to_thread(eventually, lambda: not exists(old))

    asyncio.run(main())


def test_what_is_left_after_the_grace_is_ended(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start("--reload-grace", "0.5", workers=1)
    (old,) = pids(server, 1)

    async def main() -> None:
        async with work_in_hand(server) as (waiting, old_ws):
            assert (await asyncio.to_thread(reload, folder)).returncode == 0
            assert (await waiting).status_code == 502
            with pytest.raises(ConnectionClosed) as closed:
                await old_ws.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012

    asyncio.run(main())
    server.wait_for_log("has not finished its work within 0.5 s")
    eventually(lambda: not exists(old))
    server.wait_for_log(rf"\(pid {old}\), which was replaced, has ended")


BROKEN = {
    "syntax": ("\nthis is no Python\n", "SyntaxError"),
    "exception": ("\nraise ValueError('on purpose')\n", "raised ValueError: on purpose"),
    "lifespan": (
        "\nasync def application(scope, receive, send):\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n",
        "The application failed to start: no database",
    ),
    "exit": ("\nos._exit(7)\n", "exit code 7"),
    "exit text": (
        "\nimport sys\nsys.exit('2 migrations are missing')\n",
        "The application exited while it started: 2 migrations are missing",
    ),
    "consumers": (
        "\nimport django\nfrom django.conf import settings\n"
        "os.makedirs('shop', exist_ok=True)\n"
        "open('shop/__init__.py', 'w').close()\n"
        "print('raise ValueError(1234)', file=open('shop/consumers.py', 'w'), flush=True)\n"
        "settings.configure(INSTALLED_APPS=['shop'])\ndjango.setup()\n",
        "ValueError: 1234",
    ),
    "killed": ("\nos.kill(os.getpid(), 6)\n", "SIGABRT"),
    "name": ("\ndel application\n", 'has no attribute "application"'),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_new_code_that_does_not_start_changes_nothing(
    start: Callable[..., ServerProcess], folder: pathlib.Path, fault: str
) -> None:
    server = start()
    old = pids(server, 2)
    addition, why = BROKEN[fault]
    write_code(folder, "two", addition)
    done = reload(folder)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "the old processes continue" in done.stderr
    assert why in done.stderr
    server.wait_for_log(f"The reload has failed.*{why}")
    assert {version_of(server) for _ in range(4)} == {"one"}
    assert pids(server, 2) == old
    assert all(map(exists, old))
    write_code(folder, "three")
    assert reload(folder).returncode == 0
    assert version_of(server) == "three"


def test_a_fault_of_only_a_later_process_changes_nothing(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start(workers=4)
    old = pids(server, 4)
    write_code(
        folder,
        "two",
        "\ntry:\n    os.mkdir('first')\nexcept FileExistsError:\n    raise ValueError('second')\n",
    )
    done = reload(folder)
    assert done.returncode == 1
    assert "raised ValueError: second" in done.stderr
    server.wait_for_log("lifespan.shutdown of")  # of the new process that was ready
    assert {version_of(server) for _ in range(8)} == {"one"}
    assert pids(server, 4) == old
    eventually(lambda: len(status_of(folder / "control")["processes"]) == 4)
    assert "never retrieved" not in server.log


def test_a_process_that_does_not_become_ready_is_killed(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start("--worker-start-timeout", "2", workers=1)
    write_code(folder, "two", "\ntime.sleep(600)\n")
    done = reload(folder)
    assert done.returncode == 1
    assert "was not ready after 2 s" in done.stderr
    assert version_of(server) == "one"


def test_reloads_during_a_reload_are_one_that_starts_afterwards(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start(workers=1)
    write_code(folder, "two", "\nsay('import')\nwhile not os.path.exists('go'): time.sleep(0.01)\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log("import of")
    write_code(folder, "three")

    async def main() -> None:
        others = [asyncio.create_task(asyncio.to_thread(reload, folder)) for _ in range(3)]
        control = folder / "control"
        assert (await asyncio.to_thread(status_of, control))["state"] == "reloading"
        (folder / "go").touch()
        for done in await asyncio.gather(*others):
            assert done.returncode == 0, done.stderr

    asyncio.run(main())
    assert version_of(server) == "three"
    assert 2 <= server.log.count("Reloaded: ") <= 4


def test_a_process_that_dies_during_a_reload_is_replaced_too(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start()
    first, second = pids(server, 2)
    write_code(folder, "two", "\nsay('import')\nwhile not os.path.exists('go'): time.sleep(0.01)\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log("import of")
    os.kill(first, signal.SIGKILL)
    server.wait_for_log(rf"\(pid {first}\) has ended by SIGKILL; it starts again")
    assert version_of(server) == "one"
    (folder / "go").touch()
    server.wait_for_log("Reloaded: 2")
    eventually(lambda: not exists(second))
    assert {version_of(server) for _ in range(4)} == {"two"}

    def numbers_and_states() -> list[tuple[int, str]]:
        rows = status_of(folder / "control")["processes"]
        return [(row["number"], row["state"]) for row in rows]

    eventually(lambda: numbers_and_states() == [(1, "ready"), (2, "ready")])


def test_a_new_process_that_dies_before_the_others_are_ready_ends_the_reload(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start()
    old = pids(server, 2)
    write_code(
        folder,
        "two",
        "\ntry:\n"
        "    os.mkdir('first')\n"
        "    say('first')\n"
        "except FileExistsError:\n"
        "    say('second')\n"
        "    while not os.path.exists('go'): time.sleep(0.01)\n",
    )
    with concurrent.futures.ThreadPoolExecutor() as threads:
        done = threads.submit(reload, folder)
        first = int(server.wait_for_log(r"first of (\d+)")[1])
        server.wait_for_log("second of")
        os.kill(first, signal.SIGKILL)
        eventually(lambda: not exists(first))
        (folder / "go").touch()
        assert done.result().returncode == 1
        assert f"(pid {first}) has ended by SIGKILL" in done.result().stderr
    assert {version_of(server) for _ in range(4)} == {"one"}
    assert pids(server, 2) == old
    eventually(lambda: len(status_of(folder / "control")["processes"]) == 2)


def test_a_stop_during_a_reload_is_orderly(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start()
    write_code(folder, "two", "\nsay('import')\ntime.sleep(600)\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_log("import of")
    server.stop()
    assert server.log.count("lifespan.shutdown of") == 2
    assert "Traceback" not in server.log


def test_a_stop_lets_old_processes_finish_too(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start(workers=1)

    async def main() -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            waiting = asyncio.create_task(client.get(server.url + "/wait"))
            await asyncio.to_thread(server.wait_for_log, "request /wait of")
            assert (await asyncio.to_thread(reload, folder)).returncode == 0
            server.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(server.wait_for_log, "Stopping; a second")
            (folder / "go").touch()
            assert (await waiting).status_code == 200

    asyncio.run(main())
    assert server.wait() == 0
    assert server.log.count("lifespan.shutdown of") == 2


def test_reloads_leave_no_descriptors_behind(
    start: Callable[..., ServerProcess], folder: pathlib.Path
) -> None:
    server = start()
    write_code(folder, "broken", "\nraise ValueError\n")

    def descriptors() -> int:
        return len(list(pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()))

    assert reload(folder).returncode == 1
    before = eventually(descriptors)
    for _ in range(3):
        write_code(folder, "one")
        assert reload(folder).returncode == 0
        write_code(folder, "broken", "\nraise ValueError\n")
        assert reload(folder).returncode == 1
    eventually(lambda: len(status_of(folder / "control")["processes"]) == 2)
    eventually(lambda: descriptors() <= before)


def test_sighup_during_the_start_reloads_afterwards(
    folder: pathlib.Path, start_server: StartServer
) -> None:
    write_code(folder, "one", "\nsay('import')\nwhile not os.path.exists('go'): time.sleep(0.01)\n")
    server = ServerProcess("versioned:application", "--workers", "1", cwd=folder)
    starting = concurrent.futures.ThreadPoolExecutor(1).submit(server.start)
    eventually(lambda: "import of" in server.log)
    write_code(folder, "two")
    os.kill(server.process.pid, signal.SIGHUP)
    (folder / "go").touch()
    starting.result()
    server.wait_for_log("Reloaded: 1 new Python process works")
    assert version_of(server) == "two"
    server.stop()


@pytest.mark.parametrize("by", ["PWD", "--app-dir"])
def test_a_release_folder_that_a_link_names(
    tmp_path: pathlib.Path, start_server: StartServer, by: str
) -> None:
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        write_code(tmp_path / version, version)
    current = tmp_path / "current"
    current.symlink_to("one")
    server = start_server(
        "versioned:application",
        *("--workers", "1", "--control", str(tmp_path / "control")),
        *(("--app-dir", str(current)) if by == "--app-dir" else ()),
        cwd=current if by == "PWD" else tmp_path,
        env={"PWD": str(current)} if by == "PWD" else {},
    )
    assert version_of(server) == "one"
    current.unlink()
    current.symlink_to("two")
    assert reload(tmp_path).returncode == 0
    assert version_of(server) == "two"


def test_sighup_without_workers_ends_the_server(
    folder: pathlib.Path,
) -> None:
    server = ServerProcess("versioned:application", "--control", "control", cwd=folder).start()
    done = reload(folder)
    assert done.returncode == 1
    assert "a reload needs --workers" in done.stderr
    server.process.send_signal(signal.SIGHUP)
    assert server.wait() == -signal.SIGHUP
