"""When the I/O process kills or replaces a Python process, with processes that do not exist."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest
from sioserve.options import Options
from sioserve.workers import recycling
from sioserve.workers.recycling import RecyclingLimits
from sioserve.workers.watch import PAUSE, Watch

IDLE = {
    "requests": 0,
    "requests_total": 0,
    "connections_total": 0,
    "websockets": 0,
    "sessions": 0,
    "delay_ms": 0,
}


class FakeProcess:
    def __init__(self, number: int) -> None:
        self.number = number
        self.pid = 2**22 + number  # higher than any
        self.name = f"Python process {number}"
        self.age = 0.0
        self.hung = False
        self.signals: list[int] = []

    def send_signal(self, number: int) -> None:
        self.signals.append(number)


class FakeServer:
    """The pool, the supervisor and the replacer."""

    def __init__(self, count: int) -> None:
        self.kept: dict[int, Any] = {n: FakeProcess(n) for n in range(1, count + 1)}
        self.members = {n + 100: process for n, process in self.kept.items()}
        self.running = set(self.kept.values())
        self.rows = {n: {"number": n, "silent_ms": 0, **IDLE} for n in self.members}
        self.is_busy = False
        self.recycled: list[tuple[Any, str]] = []
        self.now = 1000.0

    def process_status(self) -> list[dict[str, Any]]:
        return list(self.rows.values())

    def recycle(self, process: Any, why: str) -> asyncio.Task[bool]:
        self.recycled.append((process, why))
        self.is_busy = True
        return asyncio.get_running_loop().create_task(self._succeed())

    async def _succeed(self) -> bool:
        return False

    def watch(self, **options: Any) -> Watch:
        return Watch(self, self, self, Options(workers=2, **options), lambda: self.now)  # type: ignore[arg-type]

    def look(self, watch: Watch, after: float = 1.0) -> None:
        self.now += after
        watch.look()


@pytest.fixture
def server() -> FakeServer:
    return FakeServer(2)


def test_a_process_that_is_silent_for_too_long_is_killed_once(server: FakeServer) -> None:
    watch = server.watch(worker_hang_timeout=5)
    server.rows[101]["silent_ms"] = 4_999
    server.look(watch)
    assert server.kept[1].signals == []
    server.rows[101]["silent_ms"] = 5_000
    server.look(watch)
    server.look(watch)
    assert server.kept[1].signals == [signal.SIGKILL]
    assert server.kept[1].hung
    assert server.kept[2].signals == []


def test_without_a_timeout_no_process_is_killed(server: FakeServer) -> None:
    server.rows[101]["silent_ms"] = 5_000_000
    server.look(server.watch(worker_hang_timeout=0))
    assert server.kept[1].signals == []


def test_after_a_pause_of_this_process_the_others_have_time_to_answer(server: FakeServer) -> None:
    watch = server.watch(worker_hang_timeout=5)
    server.rows[101]["silent_ms"] = 60_000
    server.look(watch, after=60)
    assert server.kept[1].signals == []
    server.look(watch)
    assert server.kept[1].signals == [signal.SIGKILL]


def test_a_retiring_process_that_hangs_is_killed_but_never_recycled(server: FakeServer) -> None:
    retiring = server.kept.pop(1)
    retiring.age = 100.0
    server.rows[101]["silent_ms"] = 60_000
    server.look(server.watch(worker_hang_timeout=5, worker_max_age=50))
    assert retiring.signals == [signal.SIGKILL]
    assert server.recycled == []


async def test_one_process_is_recycled_at_a_time(server: FakeServer) -> None:
    watch = server.watch(worker_max_age=50)
    for process in server.kept.values():
        process.age = 60.0
    server.look(watch)
    server.look(watch)
    ((process, why),) = server.recycled
    assert process is server.kept[1]
    assert "--worker-max-age" in why


async def test_the_oldest_is_recycled_first(server: FakeServer) -> None:
    server.kept[1].age, server.kept[2].age = 60.0, 70.0
    server.look(server.watch(worker_max_age=50))
    assert [process for process, _ in server.recycled] == [server.kept[2]]


async def test_a_replacement_that_fails_is_tried_again_later(server: FakeServer) -> None:
    watch = server.watch(worker_max_age=50)
    server.kept[1].age = 60.0
    server.look(watch)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    server.is_busy = False
    server.look(watch)
    assert len(server.recycled) == 1
    server.look(watch, after=PAUSE)
    assert len(server.recycled) == 2


async def test_a_process_that_has_been_killed_is_not_recycled(server: FakeServer) -> None:
    server.kept[1].age = 60.0
    server.rows[101]["silent_ms"] = 60_000
    server.look(server.watch(worker_max_age=50, worker_hang_timeout=5))
    assert server.recycled == []


def test_each_process_has_its_own_jitter() -> None:
    options = Options(workers=2, limit_max_requests=100, limit_max_requests_jitter=50)
    limits = RecyclingLimits(options)

    def limit_of(process: Any) -> int:
        return next(
            n for n in range(200) if limits.exceeded(process, {**IDLE, "requests_total": n})
        )

    processes = [FakeProcess(n) for n in range(20)]
    first = [limit_of(process) for process in processes]
    assert min(first) >= 100
    assert max(first) <= 150
    assert len(set(first)) > 1
    assert first == [limit_of(process) for process in processes]


def test_memory_is_looked_at_only_from_some_age_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycling, "rss_of", lambda pid: 1000)
    limits = RecyclingLimits(Options(workers=2, worker_max_rss=999))
    process: Any = FakeProcess(1)
    assert limits.exceeded(process, IDLE) is None
    process.age = recycling.YOUNG
    assert "--worker-max-rss" in (limits.exceeded(process, IDLE) or "")
    roomy = RecyclingLimits(Options(workers=2, worker_max_rss=1000))
    assert roomy.exceeded(process, IDLE) is None
