"""A Keeper starts its process again, with processes that do not exist."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import pytest
from sioserve.workers import keeper as module
from sioserve.workers.keeper import FIRST_DELAY, LONGEST_DELAY, STEADY_AFTER, Keeper
from sioserve.workers.starting import StartFailed


class FakeProcess:
    def __init__(self, number: int) -> None:
        self.name = f"Python process {number}"
        self.age = 1.0
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.signals: list[int] = []

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def describe_end(self) -> str:
        return "as told"


class FakeStarter:
    def __init__(self) -> None:
        self.started: list[FakeProcess] = []
        self.admitted: list[FakeProcess] = []
        self.error: Exception | None = None
        self.ends_by_itself = True  # after the error

    def start_process(self, number: int) -> Any:
        if isinstance(self.error, OSError | ValueError):
            raise self.error
        self.started.append(FakeProcess(number))
        return self.started[-1]

    async def admit_when_ready(self, process: Any) -> None:
        if self.error is not None:
            if self.ends_by_itself:
                process.ended.set_result(3)
            raise self.error
        self.admitted.append(process)


@pytest.fixture
def starter() -> FakeStarter:
    return FakeStarter()


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times that keepers have waited, which take no time here."""
    waited: list[float] = []
    sleep = asyncio.sleep

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(module.asyncio, "sleep", wait)
    return waited


async def until(condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
    raise AssertionError("it has not happened")


async def end_one(starter: FakeStarter, age: float = 1.0) -> None:
    count = len(starter.admitted)
    starter.started[-1].age = age
    starter.started[-1].ended.set_result(1)
    await until(lambda: len(starter.admitted) == count + 1)


async def test_the_delay_grows_while_it_ends_soon(
    starter: FakeStarter, delays: list[float]
) -> None:
    keeper = Keeper(starter, 1)
    await until(lambda: starter.admitted)
    for _ in range(12):
        await end_one(starter)
    expected = [min(FIRST_DELAY * 2**n, LONGEST_DELAY) for n in range(12)]
    assert delays == expected
    await end_one(starter, age=STEADY_AFTER + 1)
    assert delays[-1] == FIRST_DELAY
    keeper.release()


async def test_one_that_can_not_start_is_tried_again(
    starter: FakeStarter, delays: list[float]
) -> None:
    for error in (OSError("no memory"), ValueError("a null"), StartFailed("the code is wrong")):
        starter.error = error
        keeper = Keeper(starter, 1)
        await until(lambda: len(delays) >= 5)
        assert delays[:5] == [FIRST_DELAY * 2**n for n in range(5)]
        starter.error = None
        await until(lambda: starter.admitted)
        keeper.release()
        starter.admitted.clear()
        delays.clear()


async def test_a_fault_of_the_server_does_not_end_the_keeper(
    starter: FakeStarter, delays: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    starter.error = RuntimeError("on purpose")
    starter.ends_by_itself = False
    keeper = Keeper(starter, 1)
    for count in range(1, 4):
        await until(lambda count=count: len(starter.started) == count)  # type: ignore[misc]
        unused = starter.started[-1]
        await until(lambda unused=unused: unused.signals)  # type: ignore[misc]
        assert unused.signals == [signal.SIGKILL]
        unused.ended.set_result(-signal.SIGKILL)
    starter.error = None
    await until(lambda: starter.admitted)
    assert delays == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
    assert "Python process 1 can't be used; it is killed" in caplog.text
    assert "RuntimeError: on purpose" in caplog.text
    keeper.release()


async def test_a_process_that_was_given_up_is_not_started_again(
    starter: FakeStarter, delays: list[float]
) -> None:
    process: Any = FakeProcess(1)
    keeper = Keeper(starter, 1, process)
    assert keeper.process is process
    await until(lambda: True)
    assert keeper.release() is process
    process.ended.set_result(0)
    for _ in range(5):
        await until(lambda: True)
    assert starter.started == delays == []
    assert keeper.process is None


async def test_a_process_that_is_created_while_a_signal_releases_its_keeper_is_killed(
    starter: FakeStarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_process = starter.start_process

    def interrupted(number: int) -> Any:
        assert keeper.release() is None
        return start_process(number)

    monkeypatch.setattr(starter, "start_process", interrupted)
    keeper = Keeper(starter, 2)
    while not starter.started or not starter.started[0].signals:
        await asyncio.sleep(0)
    assert starter.started[0].signals == [signal.SIGKILL]
