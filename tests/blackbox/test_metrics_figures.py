"""What a Python process reports of itself has the right value: each test makes a known one.

The process reports every second. A scrape shows how old the report is, and so when it was made.
"""

from __future__ import annotations

import concurrent.futures
import pathlib
import signal
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import pytest
from support.cluster import APPS as CLUSTER_APPS
from support.metrics import ADDRESS, Scrape, scrape
from support.redis_server import RedisServer
from support.sanitizers import SANITIZER
from support.server import ServerProcess
from support.waiting import eventually
from support.workers import READY

import socketio

Start = Callable[..., ServerProcess]

SLACK = 1.0 if SANITIZER else 0.25  # seconds, for what else the machine does
INTERVAL = 1.0  # seconds between reports


@pytest.fixture
def server(start_server: Start) -> ServerProcess:
    server = start_server("figures:application", "--no-access-log", *ADDRESS)
    eventually(lambda: scrape(server).labels("sioserve_python_report_age_seconds"))
    return server


@pytest.fixture
def background() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as executor:
        yield executor


class Seen(NamedTuple):
    """A scrape, and when the process made the report that it shows."""

    page: Scrape
    age: float
    reported: float  # seconds, as time.monotonic(); at the latest

    def figure(self, name: str) -> float:
        found = self.page.value(f"sioserve_python_{name}", process="1")
        assert found is not None, name
        return found


def look(server: ServerProcess) -> Seen:
    page = scrape(server)
    age = page.value("sioserve_python_report_age_seconds", process="1")
    assert age is not None
    return Seen(page, age, time.monotonic() - age)


def work(server: ServerProcess, path: str) -> list[float]:
    """When it began and ended."""
    answer = httpx.get(f"{server.url}/{path}", timeout=60)
    assert answer.status_code == 200
    times: list[float] = answer.json()
    return times


def samples(before: Seen, after: Seen, name: str, *, longer_than: float) -> float:
    """How many were longer, in the buckets of a histogram."""

    def longer(seen: Seen) -> float:
        bounds = {
            float(labels["le"]): labels["le"]
            for labels in seen.page.labels(f"sioserve_python_{name}_bucket")
        }
        bound = bounds[max(bound for bound in bounds if bound <= longer_than)]
        shorter = seen.page.value(f"sioserve_python_{name}_bucket", process="1", le=bound)
        assert shorter is not None
        return seen.figure(f"{name}_count") - shorter

    return longer(after) - longer(before)


def after_report(server: ServerProcess, moment: float) -> Seen:
    """A scrape with a report that was made some time after the moment."""

    def probe() -> Seen | None:
        seen = look(server)
        return seen if seen.reported > moment + 0.1 else None

    return eventually(probe)


def test_the_wait_for_the_gil(
    server: ServerProcess, background: concurrent.futures.ThreadPoolExecutor
) -> None:
    before = look(server)
    working = background.submit(work, server, "gil?amount=2.5")
    # The next report is late: the GIL is held.
    during = eventually(lambda: seen if (seen := look(server)).age > 1.5 * INTERVAL else None)
    start, end = working.result()
    assert start < during.reported + during.age < end
    # The reporter wanted the GIL one interval after its last report.
    expected = end - (during.reported + INTERVAL)
    assert 1 < expected < 2.5 + SLACK
    after = after_report(server, end)
    wait = after.figure("gil_wait_seconds_sum") - before.figure("gil_wait_seconds_sum")
    assert wait == pytest.approx(expected, abs=SLACK)
    assert samples(before, after, "gil_wait_seconds", longer_than=0.5) == 1
    assert samples(before, after, "gil_wait_seconds", longer_than=5) == 0


def test_the_age_of_the_report_grows_while_the_gil_is_held(
    server: ServerProcess, background: concurrent.futures.ThreadPoolExecutor
) -> None:
    working = background.submit(work, server, "gil?amount=2.5")
    first = eventually(lambda: seen if (seen := look(server)).age > 1.2 * INTERVAL else None)
    last = eventually(lambda: seen if (seen := look(server)).age > 1.5 * INTERVAL else None)
    assert last.reported < first.reported + INTERVAL / 2  # no report between them
    _, end = working.result()
    assert after_report(server, end).age < INTERVAL + SLACK


def test_the_delay_of_the_event_loop(
    server: ServerProcess, background: concurrent.futures.ThreadPoolExecutor
) -> None:
    before = look(server)
    working = background.submit(work, server, "loop?amount=2.7")
    reports: list[float] = []
    while not working.done():
        seen = look(server)
        if not reports or seen.reported > reports[-1] + INTERVAL / 2:
            reports.append(seen.reported)
        reports[-1] = min(reports[-1], seen.reported)
    start, end = working.result()
    after = after_report(server, end)
    # The first report in that time asks the loop for a callback; each one tells how long it waits.
    asked, *others = [report for report in reports if start < report < end]
    assert others
    expected = sum(report - asked for report in others) + end - asked
    delay = after.figure("loop_delay_seconds_sum") - before.figure("loop_delay_seconds_sum")
    assert delay == pytest.approx(expected, abs=2 * SLACK)
    assert samples(before, after, "loop_delay_seconds", longer_than=0.5) == len(others) + 1
    assert samples(before, after, "loop_delay_seconds", longer_than=5) == 0
    # The time of the loop is not a wait for the GIL.
    assert samples(before, after, "gil_wait_seconds", longer_than=0.5) == 0


def test_the_cpu_time(server: ServerProcess) -> None:
    before = look(server)
    _, end = work(server, "cpu?amount=1.5")
    after = after_report(server, end)
    spent = after.figure("cpu_seconds_total") - before.figure("cpu_seconds_total")
    # The rest is of the other threads, which answer the scrapes.
    assert 1.5 <= spent < 1.5 + (10 if SANITIZER else 1)


def test_the_time_of_the_garbage_collector(server: ServerProcess) -> None:
    before = look(server)
    began, end = work(server, "collect?amount=50")
    after = after_report(server, end)
    spent = after.figure("gc_seconds_total") - before.figure("gc_seconds_total")
    # The rest are calls in between, and collections of other threads.
    assert 0.5 * (end - began) < spent < end - began + SLACK


def test_the_resident_memory(server: ServerProcess) -> None:
    before = look(server)
    _, end = work(server, "memory?amount=200")
    after = after_report(server, end)
    grown = after.figure("resident_memory_bytes") - before.figure("resident_memory_bytes")
    assert 195e6 < grown < 240e6
    # The system says the same, and so does the figure of the process with the I/O thread, which is
    # this one.
    memory = server.memory()
    assert after.figure("resident_memory_bytes") == pytest.approx(memory, rel=0.05)
    assert scrape(server).value("process_resident_memory_bytes") == pytest.approx(memory, rel=0.05)


def test_the_resident_memory_is_that_of_each_process(start_server: Start) -> None:
    server = start_server("figures:application", "--workers", "2", "--no-access-log", *ADDRESS)
    name = "sioserve_python_resident_memory_bytes"
    eventually(lambda: len(scrape(server).labels(name)) == 2)
    pids = dict(READY.findall(server.log))

    def differences(page: Scrape) -> dict[str, float]:
        """Between the figures and what the system says."""
        found = {}
        for process, pid in pids.items():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            shown = page.value(name, process=process)
            assert shown is not None
            found[process] = shown - int(status.partition("VmRSS:")[2].split()[0]) * 1024
        return found

    def is_right() -> bool:
        return all(abs(by) < 10e6 for by in differences(scrape(server)).values())

    assert pids.keys() == {"1", "2"}
    eventually(is_right)
    before = scrape(server)
    work(server, "memory?amount=200")

    def grown() -> list[float]:
        after = scrape(server)
        return sorted(
            (after.value(name, process=process) or 0) - (before.value(name, process=process) or 0)
            for process in pids
        )

    eventually(lambda: grown()[1] > 190e6)
    assert grown()[0] < 20e6
    eventually(is_right)


@pytest.mark.skipif(SANITIZER, reason="sanitizers keep freed memory")
def test_the_resident_memory_shrinks(server: ServerProcess) -> None:
    _, end = work(server, "memory?amount=200")
    before = after_report(server, end)
    _, end = work(server, "forget")
    after = after_report(server, end)
    shrunk = before.figure("resident_memory_bytes") - after.figure("resident_memory_bytes")
    assert 150e6 < shrunk < 210e6


def test_the_threads_and_their_queue(
    start_server: Start, background: concurrent.futures.ThreadPoolExecutor
) -> None:
    options = ("--threads", "2", "--thread-queue", "3", "--no-access-log", *ADDRESS)
    server = start_server("few_threads:application", *options)

    def get(path: str) -> httpx.Response:
        return httpx.get(f"{server.url}/{path}", timeout=60)

    def counts(name: str) -> float:
        found: float = get("counts").json()[name]
        return found

    held = [background.submit(get, "hold") for _ in range(2)]
    eventually(lambda: counts("threads_busy") == 2)
    sent = time.monotonic()
    queued = [background.submit(get, "hello")]
    eventually(lambda: counts("threads_queued") == 1)
    arrived = time.monotonic()
    queued += [background.submit(get, "hello") for _ in range(2)]
    eventually(lambda: counts("threads_queued") == 3)
    assert [get("hello").status_code for _ in range(2)] == [503, 503]
    full = after_report(server, arrived + 1)
    assert get("release").status_code == 200
    names = ("limit", "busy", "queued", "refused_total")
    assert [full.figure(f"threads_{name}") for name in names] == [2, 2, 3, 2]
    wait = full.figure("threads_oldest_wait_seconds")
    assert full.reported - arrived - SLACK < wait < full.reported - sent + SLACK
    assert {answer.result().status_code for answer in held + queued} == {200}
    free = after_report(server, time.monotonic())
    assert [free.figure(f"threads_{name}") for name in names] == [2, 0, 0, 2]
    assert free.figure("threads_oldest_wait_seconds") == 0


def test_the_time_that_redis_takes(start_server: Start, tmp_path: pathlib.Path) -> None:
    redis = RedisServer(tmp_path).start()
    server = start_server(
        "member:application", "--redis", redis.url, *ADDRESS, cwd=CLUSTER_APPS, env={}
    )
    client = socketio.SimpleClient()

    def lag() -> float:
        found = scrape(server).value("sioserve_redis_lag_seconds")
        assert found is not None
        return found

    def emit() -> list[float]:
        """Between these two moments."""
        before = time.monotonic()
        client.call("do", ({"what": "emit"}, "news", 1))
        return [before, time.monotonic()]

    try:
        eventually(lambda: scrape(server).value("sioserve_redis_connected") == 1)
        client.connect(server.url, transports=["websocket"])
        emit()
        eventually(lambda: 0 < lag() < 0.2)
        redis.process.send_signal(signal.SIGSTOP)
        sent = emit()
        # It grows while the answer is awaited,
        waiting = eventually(lambda: found if (found := lag()) > 1.2 else None)
        now = time.monotonic()
        assert now - sent[1] - SLACK < waiting < now - sent[0]
        redis.process.send_signal(signal.SIGCONT)
        resumed = time.monotonic()
        # stays at what it was when the answer had come,
        eventually(lambda: scrape(server).value("sioserve_redis_received_messages_total") == 2)
        final = lag()
        assert resumed - sent[1] - SLACK <= final < resumed - sent[0] + SLACK
        # and is small again with the next message.
        emit()
        eventually(lambda: 0 < lag() < 0.2)
    finally:
        redis.process.send_signal(signal.SIGCONT)
        client.disconnect()
        server.stop()
        redis.stop()
