"""How many jobs of a pool run at a time (sio.pace)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from sio.pace import EARLY, FEWEST, LATE, LONG, LONG_WHEN_LATE, Pace
from sio.threads import Threads
from support.waiting import eventually

LIMIT = 8
PATIENCE = 30.0  # seconds


class Worker:
    job_number = 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def most(pace: Pace) -> int:
    """How many jobs run if many wait."""
    running = 0
    while pace.may_begin(running):
        running += 1
    return running


def look(pace: Pace, late: float, workers: list[Worker], *, jobs_wait: bool = True) -> None:
    pace.look(late, workers, jobs_wait=jobs_wait)


def test_jobs_that_compete_become_fewer(clock: list[float]) -> None:
    pace, workers = Pace(LIMIT), [Worker() for _ in range(LIMIT)]
    assert most(pace) == LIMIT
    look(pace, LATE + 0.001, workers)
    assert most(pace) == LIMIT // 2
    for _ in range(5):
        look(pace, LATE + 0.001, workers[: most(pace)])
    assert most(pace) == FEWEST


def test_jobs_become_more_while_others_wait_and_the_gil_is_free(clock: list[float]) -> None:
    pace = Pace(LIMIT)
    look(pace, 1.0, [])
    look(pace, EARLY / 2, [], jobs_wait=False)
    look(pace, (EARLY + LATE) / 2, [])
    assert most(pace) == FEWEST
    look(pace, EARLY / 2, [])
    assert most(pace) == FEWEST + 1
    for _ in range(2 * LIMIT):
        look(pace, EARLY / 2, [])
    assert most(pace) == LIMIT


def test_a_limit_below_the_fewest() -> None:
    pace = Pace(1)
    look(pace, 1.0, [Worker()])
    assert most(pace) == 1


@pytest.mark.parametrize(("late", "long"), [(LATE / 2, LONG), (2 * LATE, LONG_WHEN_LATE)])
def test_a_long_job_does_not_count(clock: list[float], late: float, long: float) -> None:
    pace, workers = Pace(LIMIT), [Worker(), Worker()]
    look(pace, 1.0, workers)
    assert not pace.may_begin(2)
    clock[0] = long * 0.9
    workers[1].job_number += 1
    look(pace, late, workers)
    assert not pace.may_begin(2)
    clock[0] = long * 1.1
    look(pace, late, workers)
    assert pace.may_begin(2)
    assert not pace.may_begin(3)
    pace.job_has_ended(workers[0])
    assert not pace.may_begin(2)


@pytest.fixture
def pool() -> Iterator[Threads]:
    made = Threads(LIMIT, 10_000)
    yield made
    made.close()
    assert made.join(PATIENCE)


def test_few_threads_compute(pool: Threads) -> None:
    ended = threading.Event()

    def compute() -> None:
        if ended.is_set():
            return
        sum(range(10_000))
        pool.run(compute)

    for _ in range(10 * LIMIT):
        pool.run(compute)
    eventually(lambda: pool.figures().busy <= FEWEST + 1)
    assert pool.figures().queued > 0
    ended.set()
    eventually(lambda: pool.figures().busy == 0)


def test_many_threads_wait(pool: Threads) -> None:
    """Also if the jobs have computed before."""
    pool._pace.look(1.0, [], jobs_wait=True)
    meeting = threading.Barrier(LIMIT)
    for _ in range(3 * LIMIT):
        pool.run(lambda: meeting.wait(PATIENCE) and None)
    eventually(lambda: pool.figures().busy == 0 and pool.figures().queued == 0)
    assert not meeting.broken


def test_nothing_looks_while_jobs_do_not_overlap(pool: Threads) -> None:
    may_end = threading.Event()
    for _ in range(3):
        pool.run(lambda: may_end.wait(PATIENCE) and None)
    assert pool._is_watched
    may_end.set()
    eventually(lambda: not pool._is_watched)
    for _ in range(3):
        pool.run(lambda: None)
        assert not pool._is_watched
        eventually(lambda: pool.figures().busy == 0)
