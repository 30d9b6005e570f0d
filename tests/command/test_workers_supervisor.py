"""A Supervisor and a Replacer with processes that only say hello, and with no native server."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
from sioserve.options import Options
from sioserve.systemd import Notifier
from sioserve.workers.process import PythonProcess
from sioserve.workers.replacing import ReloadFailed, Replacer
from sioserve.workers.starting import StartFailed
from sioserve.workers.supervisor import Supervisor

# The first process says the text in the file 1, and so on, or the one in the file "other". It ends
# with its channel.
SAYS_HELLO = """
import os, socket, struct, sys
number = 1
while True:
    try:
        os.mkdir(f"started {number}")
        break
    except FileExistsError:
        number += 1
channel = socket.socket(fileno=int(os.environ["_SIOSERVE_CHANNEL"].split(":")[0]))
with open(str(number) if os.path.exists(str(number)) else "other", "rb") as file:
    text = file.read()
channel.sendall(struct.pack("!I", len(text)) + text)
channel.recv(1)
"""
HELLO: dict[str, Any] = {
    "native_socketio": True,
    "namespaces": ["/"],
    "ask_about_handshakes": False,
    "ask_about_origins": False,
    "allowed_hosts": [],
}
BAD = [{}, {**HELLO, "namespaces": [1, 2]}]


class FakePool:
    def __init__(self) -> None:
        self.added: list[str] = []
        self.retired: list[int] = []
        self.add_error: Exception | None = None  # of the second process that is added from now on
        self.namespace_error: Exception | None = None

    def add_process(self, fd: int, name: str, place: int, /) -> int:
        os.close(fd)
        if self.add_error is not None and len(self.added) % 2:
            raise self.add_error
        self.added.append(name)
        return len(self.added)

    def add_namespace(self, name: str, /) -> None:
        if self.namespace_error is not None:
            raise self.namespace_error

    def retire_processes(self, numbers: Iterable[int], why: str, /) -> None:
        self.retired += numbers

    def end_process(self, number: int, /) -> None: ...

    def ask_about_handshakes(self) -> None: ...

    def ask_about_origins(self) -> None: ...


class FakeNotifier(Notifier):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def _send(self, *lines: str) -> None:
        self.told.append(lines[0])


class Server:
    """The parts of an I/O process."""

    def __init__(self, folder: pathlib.Path, program: str = SAYS_HELLO, **options: Any) -> None:
        self._folder = folder
        self.pool = FakePool()
        self.notifier = FakeNotifier()
        chosen = Options(workers=2, reload_grace=30, **options)
        self.supervisor = Supervisor([sys.executable, "-S", "-c", program], chosen)
        self.replacer = Replacer(self.supervisor, self.notifier)
        self.say("other", HELLO)

    def say(self, which: str, settings: object) -> None:
        (self._folder / which).write_text(json.dumps({"settings": settings}))

    async def start(self) -> dict[int, PythonProcess]:
        """Returns the processes when both are ready."""
        await self.supervisor.start_first()
        self.supervisor.serve(self.pool)
        await self.until(lambda: len(self.supervisor.members) == 2)
        return self.kept()

    def kept(self) -> dict[int, PythonProcess]:
        return {n: process for n, process in self.supervisor.kept.items() if process is not None}

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(6000):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise TimeoutError

    async def stop(self) -> None:
        self.replacer.stop()
        self.supervisor.stop()
        await self.supervisor.wait(0)


@pytest.fixture(autouse=True)
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PWD", raising=False)


@pytest.fixture
async def server(tmp_path: pathlib.Path) -> AsyncIterator[Server]:
    made = Server(tmp_path)
    yield made
    await made.stop()


@pytest.mark.parametrize("bad", BAD)
async def test_a_first_process_with_a_bad_hello_ends_the_start(server: Server, bad: object) -> None:
    server.say("1", bad)
    with pytest.raises(StartFailed, match='its hello has no valid "na'):
        await asyncio.wait_for(server.supervisor.start_first(), 60)
    await server.until(lambda: not server.supervisor.running)


@pytest.mark.parametrize("bad", BAD)
async def test_a_process_with_a_bad_hello_is_killed_and_started_again(
    server: Server, bad: object, caplog: pytest.LogCaptureFixture
) -> None:
    for which in "23":
        server.say(which, bad)
    await server.start()
    assert caplog.text.count("has no valid") == 2
    assert caplog.text.count("has ended by SIGKILL; it starts again") == 2
    assert "Traceback" not in caplog.text
    assert server.supervisor.running == set(server.kept().values())


@pytest.mark.parametrize("bad", BAD)
async def test_a_bad_hello_of_a_later_process_changes_nothing_in_a_reload(
    server: Server, bad: object, caplog: pytest.LogCaptureFixture
) -> None:
    old = await server.start()
    server.say("4", bad)  # the second new process
    with pytest.raises(ReloadFailed, match="has no valid"):
        await server.replacer.reload()
    assert server.kept() == old
    assert len(server.pool.added) == 2
    assert server.notifier.told == ["RELOADING=1", "READY=1"]
    assert "Traceback" not in caplog.text
    await server.until(lambda: server.supervisor.running == set(old.values()))
    assert await server.replacer.reload() == 2
    assert not set(server.kept().values()) & set(old.values())


async def test_a_fault_of_the_server_changes_nothing_in_a_reload(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    old = await server.start()
    server.pool.namespace_error = RuntimeError("on purpose")
    with pytest.raises(ReloadFailed, match="RuntimeError: on purpose"):
        await server.replacer.reload()
    assert not server.replacer.is_reloading
    assert server.kept() == old
    assert server.notifier.told == ["RELOADING=1", "READY=1"]
    assert "Traceback" in caplog.text
    await server.until(lambda: server.supervisor.running == set(old.values()))


async def test_a_fault_in_the_middle_of_the_replacement_keeps_the_old_processes(
    server: Server,
) -> None:
    old = await server.start()
    server.pool.add_error = OSError("no descriptors")
    with pytest.raises(ReloadFailed, match="no descriptors"):
        await server.replacer.reload()
    assert server.kept() == old
    # The first new one may have work already: it retires, and is not killed.
    assert server.pool.retired == [3]
    await server.until(lambda: len(server.supervisor.running) == 3)
    (added,) = server.supervisor.running - set(old.values())
    assert server.supervisor.is_retiring(added)
    server.pool.add_error = None
    assert await server.replacer.reload() == 2


async def test_a_fault_of_the_server_changes_nothing_in_recycling(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    old = await server.start()
    server.pool.namespace_error = RuntimeError("on purpose")
    task = server.replacer.recycle(old[1], "it is old")
    assert task is not None
    assert not await task
    assert server.kept() == old
    assert "continues, no other could start: RuntimeError: on purpose" in caplog.text
    assert not server.replacer.is_busy


async def test_a_process_that_does_not_end_is_killed_after_the_hang_timeout(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    """For example one that the pool has given up because it reads nothing."""
    stays = SAYS_HELLO + "import signal\nsignal.pause()\n"
    server = Server(tmp_path, stays, worker_hang_timeout=0.5)
    await server.start()
    number, process = next(iter(server.supervisor.members.items()))
    begin = asyncio.get_running_loop().time()
    server.supervisor.process_left(number)
    await asyncio.wait([process.ended])
    assert asyncio.get_running_loop().time() - begin < 9  # others have ten seconds or more
    assert f"{process.name} does not end and is killed" in caplog.text
    await server.until(lambda: len(server.supervisor.members) == 2)
    await server.stop()
