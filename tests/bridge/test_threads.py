"""The pool of threads for synchronous code (sio.threads)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import sio.threads
from sio.threads import Threads, TooManyWaitingError, WorkerThread
from support.waiting import eventually

PATIENCE = 30.0  # seconds


@pytest.fixture
def pools() -> Iterator[Callable[..., Threads]]:
    made: list[Threads] = []

    def make(limit: int, max_queued: int = 100, **options: Callable[[], None]) -> Threads:
        made.append(Threads(limit, max_queued, **options))
        return made[-1]

    yield make
    for pool in made:
        pool.close()
        assert pool.join(PATIENCE)


class Blocker:
    """A job that runs until it is released."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.began = threading.Event()
        self._may_end = threading.Event()

    def __call__(self) -> None:
        self.thread = threading.current_thread()
        self.began.set()
        assert self._may_end.wait(PATIENCE)

    def release(self) -> None:
        self._may_end.set()


def run_one(pool: Threads) -> threading.Thread:
    """The thread that a job has run on, which is idle then."""
    job = Blocker()
    job.release()
    pool.run(job)
    assert job.began.wait(PATIENCE)
    eventually(lambda: pool.figures().busy == 0)
    assert job.thread is not None
    return job.thread


def test_a_thread_is_used_again(pools: Callable[..., Threads]) -> None:
    pool = pools(4)
    assert run_one(pool) is run_one(pool)
    assert pool.figures().idle == 1


def test_jobs_beyond_the_limit_wait_in_order(pools: Callable[..., Threads]) -> None:
    pool = pools(2)
    running = [Blocker(), Blocker()]
    assert [pool.run(job) for job in running] == [True, True]
    order: list[int] = []
    assert not pool.run(lambda: order.append(1))
    assert not pool.run(lambda: order.append(2))
    for job in running:
        assert job.began.wait(PATIENCE)
    figures = pool.figures()
    assert (figures.busy, figures.queued) == (2, 2)
    assert figures.oldest_wait > 0
    running[0].release()
    eventually(lambda: order == [1, 2])
    running[1].release()
    eventually(lambda: pool.figures().busy == 0)
    assert pool.figures().oldest_wait == 0


def test_a_full_queue_refuses_only_what_may_be_refused(pools: Callable[..., Threads]) -> None:
    pool = pools(1, 1)
    running = Blocker()
    pool.run(running)
    pool.run(lambda: None, may_be_refused=True)
    with pytest.raises(TooManyWaitingError):
        pool.run(lambda: None, may_be_refused=True)
    ran = threading.Event()
    pool.run(ran.set)
    running.release()
    assert ran.wait(PATIENCE)


def test_a_waiting_job_can_be_withdrawn(pools: Callable[..., Threads]) -> None:
    pool = pools(1)
    running, ran = Blocker(), threading.Event()
    pool.run(running)
    assert pool.withdraw(running) is False
    waiting = ran.set
    pool.run(waiting)
    assert pool.withdraw(waiting) is True
    running.release()
    run_one(pool)
    assert not ran.is_set()


def test_borrowed_threads_do_not_count(
    pools: Callable[..., Threads], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sio.threads, "SPARE_SECONDS", 0.05)
    pool = pools(1)
    thread = pool.borrow()
    seen: list[threading.Thread] = []
    thread.submit(lambda: seen.append(threading.current_thread()))
    other = run_one(pool)
    assert other is not thread
    figures = pool.figures()
    assert (figures.borrowed, figures.busy) == (1, 0)
    thread.submit_last(lambda: seen.append(threading.current_thread()))
    # One idle thread is enough for a limit of one: the other ends.
    eventually(lambda: [thread.is_alive(), other.is_alive()].count(True) == 1)
    assert seen == [thread, thread]
    assert pool.figures()[2:4] == (0, 1)


def test_a_spare_thread_is_used_again(pools: Callable[..., Threads]) -> None:
    pool = pools(1)
    for _ in range(2):
        borrowed = [pool.borrow() for _ in range(4)]
        for thread in borrowed:
            thread.submit_last(lambda: None)
        eventually(lambda: pool.figures().idle == 4)
    names = {thread.name for thread in borrowed}
    assert names == {f"sioserve-{number}" for number in range(1, 5)}


def test_a_borrowed_thread_without_calls_is_no_spare_one(
    pools: Callable[..., Threads], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[WorkerThread] = []

    class Watched(Threads):
        def _keeps(self, thread: WorkerThread) -> bool:
            looked.append(thread)
            return super()._keeps(thread)

    monkeypatch.setattr(sio.threads, "SPARE_SECONDS", 0.01)
    pool = Watched(1, 1)
    borrowed = pool.borrow()
    eventually(lambda: looked.count(borrowed) > 2)
    job = Blocker()
    job.release()
    borrowed.submit_last(job)
    assert job.began.wait(PATIENCE)
    assert job.thread is borrowed
    pool.close()
    assert pool.join(PATIENCE)


def test_jobs_on_a_borrowed_thread_count(pools: Callable[..., Threads]) -> None:
    pool = pools(1)
    thread, first, second, third = pool.borrow(), Blocker(), Blocker(), Blocker()
    assert pool.run(first, on=thread)
    assert not pool.run(second)
    assert not pool.run(third, on=thread)
    assert first.began.wait(PATIENCE)
    assert pool.figures()[1:3] == (1, 1)
    first.release()
    assert second.began.wait(PATIENCE)
    assert second.thread is not thread
    assert not third.began.is_set()
    second.release()
    assert third.began.wait(PATIENCE)
    assert first.thread is third.thread is thread
    third.release()
    thread.submit_last(lambda: None)
    eventually(lambda: pool.figures()[1:3] == (0, 0))


def test_a_borrowed_thread_takes_waiting_jobs_afterwards(pools: Callable[..., Threads]) -> None:
    pool = pools(1)
    running, waiting = Blocker(), Blocker()
    pool.run(running)
    pool.run(waiting)
    thread = pool.borrow()
    running.release()
    assert waiting.began.wait(PATIENCE)
    thread.submit_last(lambda: None)
    waiting.release()
    eventually(lambda: pool.figures().busy == 0)
    assert pool.figures().borrowed == 0


def test_a_job_that_fails_is_logged_and_the_thread_goes_on(
    pools: Callable[..., Threads], caplog: pytest.LogCaptureFixture
) -> None:
    pool = pools(1)
    first = run_one(pool)
    for error in (ValueError("wrong"), SystemExit(3)):

        def fail(error: BaseException = error) -> None:
            raise error

        pool.run(fail)
        assert run_one(pool) is first
    assert caplog.text.count("has failed") == 2


def test_a_job_is_not_lost_if_no_thread_can_be_started(
    pools: Callable[..., Threads], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool = pools(1)
    thread, first, second, third = pool.borrow(), Blocker(), Blocker(), Blocker()
    pool.run(first, on=thread)
    pool.run(second)
    monkeypatch.setattr(WorkerThread, "start", fail)
    first.release()
    eventually(lambda: pool.figures().busy == 0)
    assert pool.figures().queued == 1
    assert not pool.run(third)  # behind the one before
    thread.submit_last(lambda: None)
    assert second.began.wait(PATIENCE)
    assert not third.began.is_set()
    second.release()
    third.release()
    eventually(lambda: pool.figures()[1:3] == (0, 0))
    assert third.began.is_set()
    assert second.thread is third.thread is thread


def test_threads_end_with_their_last_job(pools: Callable[..., Threads]) -> None:
    ended: list[threading.Thread] = []
    pool = pools(2, at_end=lambda: ended.append(threading.current_thread()))
    idle, running, ran = run_one(pool), Blocker(), threading.Event()
    second = Blocker()
    pool.run(second)
    pool.run(running)
    pool.run(ran.set)
    pool.close()
    assert not pool.join(0)
    second.release()
    running.release()
    assert pool.join(PATIENCE)
    assert ran.is_set()
    assert idle in ended
    assert len(ended) == 2


def worker_of(job: Blocker) -> WorkerThread:
    assert job.began.wait(PATIENCE)
    assert isinstance(job.thread, WorkerThread)
    return job.thread


def test_a_job_for_an_idle_thread_counts(pools: Callable[..., Threads]) -> None:
    pool = pools(2)
    thread = run_one(pool)
    assert isinstance(thread, WorkerThread)
    job = Blocker()
    pool.run_on(thread, job)
    assert worker_of(job) is thread
    assert (pool.figures().borrowed, pool.figures().idle) == (1, 0)
    job.release()
    eventually(lambda: pool.figures().idle == 1)
    assert pool.figures().borrowed == 0


def test_a_job_for_a_busy_thread_precedes_the_queue(pools: Callable[..., Threads]) -> None:
    pool = pools(1)
    running = Blocker()
    pool.run(running)
    order: list[str] = []
    pool.run(lambda: order.append("queue"))
    pool.run_on(worker_of(running), lambda: order.append("behind"))
    running.release()
    eventually(lambda: len(order) == 2)
    assert order == ["behind", "queue"]


def test_a_job_for_a_thread_that_has_ended_runs_on_another_one(
    pools: Callable[..., Threads],
) -> None:
    pool = pools(1)
    thread = run_one(pool)
    assert isinstance(thread, WorkerThread)
    pool.close()
    thread.join(PATIENCE)
    job = Blocker()
    pool.run_on(thread, job)
    assert worker_of(job) is not thread
    job.release()
