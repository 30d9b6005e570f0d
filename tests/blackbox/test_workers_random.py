"""Python processes that are replaced, added, removed and killed at random, while clients ask."""

from __future__ import annotations

import asyncio
import os
import pathlib
import random
import signal
from collections.abc import Callable

import httpx
from support.server import ServerProcess
from support.waiting import eventually
from support.workers import command, pids, status_of, write_code

STEPS = 25


def test_random_changes_of_the_processes(
    tmp_path: pathlib.Path, start_server: Callable[..., ServerProcess]
) -> None:
    seed = random.randrange(1_000_000)
    print("seed:", seed)
    chance = random.Random(seed)
    write_code(tmp_path, "v0")
    server = start_server(
        "versioned:application", "--workers", "2", "--control", "control", cwd=tmp_path
    )
    pids(server, 2)
    control = tmp_path / "control"
    count = 2
    version = 0

    def rows() -> list[dict[str, object]]:
        found: list[dict[str, object]] = status_of(control)["processes"]
        return found

    def resize(number: signal.Signals, words: str) -> None:
        begin = len(server.log)
        server.process.send_signal(number)
        server.wait_for_log(words, begin)

    def change() -> None:
        nonlocal count, version
        step = chance.choice(["reload", "reload", "broken", "signal", "add", "remove", "kill"])
        if step == "reload":
            version += 1
            write_code(tmp_path, f"v{version}")
            assert command("reload", "--control", str(control)).returncode == 0
        elif step == "broken":
            write_code(tmp_path, "broken", "\nraise ValueError\n")
            assert command("reload", "--control", str(control)).returncode == 1
            write_code(tmp_path, f"v{version}")
        elif step == "signal":
            server.process.send_signal(signal.SIGHUP)
        elif step == "add" and count < 4:
            count += 1
            resize(signal.SIGTTIN, "is added: there are")
        elif step == "remove" and count > 1:
            count -= 1
            resize(signal.SIGTTOU, "is removed: there are")
        elif step == "kill":
            working = [row["pid"] for row in rows() if row["state"] == "ready"]
            if len(working) > 1:
                os.kill(chance.choice(working), signal.SIGKILL)  # type: ignore[arg-type]

    async def main() -> None:
        ended = asyncio.Event()
        statuses: set[int] = set()

        async def ask() -> None:
            async with httpx.AsyncClient(timeout=60) as client:
                while not ended.is_set():
                    statuses.add((await client.get(server.url)).status_code)

        clients = [asyncio.create_task(ask()) for _ in range(4)]
        for _ in range(STEPS):
            await asyncio.to_thread(change)
        ended.set()
        await asyncio.gather(*clients)
        killed = "SIGKILL" in server.log
        assert statuses <= ({200, 502, 503} if killed else {200})

    asyncio.run(main())

    def settled() -> bool:
        found = rows()
        return len(found) == count and all(row["state"] == "ready" for row in found)

    eventually(settled)
    # The last change may have been a SIGHUP whose reload has just ended.
    assert command("reload", "--control", str(control)).returncode == 0
    eventually(settled)
    answers = {httpx.get(server.url).text.split()[0] for _ in range(2 * count)}
    assert answers == {f"v{version}"}
    own = {row["pid"] for row in rows()}
    eventually(lambda: children_of(server.process.pid) == own)
    assert "Exception " not in server.log


def children_of(pid: int) -> set[int]:
    found = set()
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == pid:
            found.add(int(path.parent.name))
    return found
