"""Threads that requests to a Django project borrow (sioserve.request_threads)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import django.db
import pytest
import sio.threads
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from sio.threads import Threads
from sioserve.request_threads import end_thread, serve_with_threads
from support.waiting import eventually

Application = Callable[..., Any]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of threads whose connections were checked, before and behind the calls of a
    request, and of those that closed them.
    """
    threads: list[str] = []

    def note(what: str) -> None:
        threads.append(f"{what} {threading.current_thread().name}")

    class OldConnection:
        in_atomic_block = False
        queries_log: ClassVar[list[object]] = []

        def close_if_unusable_or_obsolete(self) -> None:
            note("checked")

    class Connections:
        @staticmethod
        def close_all() -> None:
            note("closed")

        @staticmethod
        def all(initialized_only: bool) -> list[object]:
            return [OldConnection()]

    monkeypatch.setattr(django.db, "connections", Connections)
    return threads


def threads_of_django(limit: int = 8) -> Threads:
    return Threads(limit, 100, at_end=end_thread)


async def close(pool: Threads) -> None:
    pool.close()
    assert await asyncio.to_thread(pool.join, 10)


async def ask(application: Application) -> None:
    await application({"type": "http"}, None, None)


def name_of_thread() -> str:
    return threading.current_thread().name


async def test_a_request_keeps_its_thread_and_the_next_one_gets_it(checked: list[str]) -> None:
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async with ThreadSensitiveContext():  # as Django does
            for _ in range(3):
                seen.append(await sync_to_async(name_of_thread)())

    pool = threads_of_django()
    serve = serve_with_threads(application, pool)
    for count in (1, 2):
        await ask(serve)
        await asyncio.to_thread(eventually, lambda count=count: len(checked) == 2 * count)
    assert len(set(seen)) == 1
    assert checked == [f"checked {seen[0]}"] * 4
    await close(pool)
    assert checked[4:] == [f"closed {seen[0]}"]


async def test_concurrent_requests_have_their_own_threads(
    checked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sio.threads, "SPARE_SECONDS", 0.05)
    meeting = threading.Barrier(3)

    def meet() -> str:
        meeting.wait(30)
        return name_of_thread()

    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await sync_to_async(meet)())

    pool = threads_of_django(2)
    serve = serve_with_threads(application, pool)
    await asyncio.gather(*(ask(serve) for _ in range(3)))
    assert len(set(seen)) == 3
    # One is more than stay idle.
    await asyncio.to_thread(eventually, lambda: len(checked) == 7)
    assert sum(line.startswith("closed") for line in checked) == 1
    await close(pool)
    assert sum(line.startswith("closed") for line in checked) == 3


async def test_a_cancelled_request_keeps_its_thread_until_its_call_returns(
    checked: list[str],
) -> None:
    began, may_end = threading.Event(), threading.Event()

    def block() -> None:
        began.set()
        may_end.wait(30)

    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(block)()

    async def other(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await sync_to_async(name_of_thread)())

    pool = threads_of_django()
    request = asyncio.ensure_future(ask(serve_with_threads(application, pool)))
    assert await asyncio.to_thread(began.wait, 30)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        # asgiref passes the cancellation on when the call has returned, or at once.
        await asyncio.wait_for(asyncio.shield(request), 1)
    assert len(checked) == 1
    await ask(serve_with_threads(other, pool))
    await asyncio.to_thread(eventually, lambda: checked[1:] == [f"checked {seen[0]}"] * 2)
    may_end.set()
    await asyncio.to_thread(eventually, lambda: len(checked) == 4)
    assert len(set(checked)) == 2
    await close(pool)


async def test_a_request_without_synchronous_code_takes_no_thread(checked: list[str]) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)

    before = threading.active_count()
    pool = threads_of_django()
    await ask(serve_with_threads(application, pool))
    assert threading.active_count() == before
    await close(pool)
    assert checked == []


async def test_a_context_of_the_caller_is_kept(checked: list[str]) -> None:
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await sync_to_async(name_of_thread)())

    pool = threads_of_django()
    async with ThreadSensitiveContext():
        expected = await sync_to_async(name_of_thread)()
        await ask(serve_with_threads(application, pool))
    assert seen == [expected]
    assert checked == []


async def test_a_thread_whose_connections_fail_is_kept(
    checked: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        checked.append("failed")
        raise OSError("the database is unreachable")

    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await sync_to_async(name_of_thread)())

    monkeypatch.setattr("sioserve.request_threads.close_old_connections", fail)
    pool = threads_of_django()
    serve = serve_with_threads(application, pool)
    await ask(serve)
    await asyncio.to_thread(eventually, lambda: "can't be closed" in caplog.text)
    await ask(serve)
    await asyncio.to_thread(eventually, lambda: checked == ["failed"] * 4)
    await close(pool)


async def test_errors_of_calls_reach_the_request(checked: list[str]) -> None:
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for error in (ValueError("wrong"), StopIteration(3), GeneratorExit()):

            def fail(error: BaseException = error) -> None:
                raise error

            try:
                await asyncio.wait_for(sync_to_async(fail)(), 30)
            except Exception as raised:
                seen.append(f"{type(raised).__name__} from {type(raised.__cause__).__name__}")

    pool = threads_of_django()
    await ask(serve_with_threads(application, pool))
    assert seen == [
        "ValueError from NoneType",
        "RuntimeError from StopIteration",
        "RuntimeError from GeneratorExit",
    ]
    await close(pool)


async def test_a_cancelled_call_that_waits_for_the_thread_does_not_run(checked: list[str]) -> None:
    began, may_end = threading.Event(), threading.Event()
    ran: list[str] = []

    def block() -> None:
        began.set()
        may_end.wait(30)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        first = asyncio.ensure_future(sync_to_async(block)())
        second = asyncio.ensure_future(sync_to_async(ran.append)("second"))
        assert await asyncio.to_thread(began.wait, 30)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        may_end.set()
        await first
        await sync_to_async(ran.append)("third")

    pool = threads_of_django()
    await ask(serve_with_threads(application, pool))
    assert ran == ["third"]
    await close(pool)
