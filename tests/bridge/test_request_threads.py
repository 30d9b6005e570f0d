"""Threads that requests to a Django project borrow (sioserve.request_threads)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import django.db
import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from sioserve.request_threads import RequestThreads
from support.waiting import eventually

Application = Callable[..., Any]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of threads whose connections were checked, and of those that closed them."""
    threads: list[str] = []

    def note(what: str) -> None:
        threads.append(f"{what} {threading.current_thread().name}")

    class Connections:
        @staticmethod
        def close_all() -> None:
            note("closed")

    monkeypatch.setattr(django.db, "close_old_connections", lambda: note("checked"))
    monkeypatch.setattr(django.db, "connections", Connections)
    return threads


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

    pool = RequestThreads()
    serve = pool.serve(application)
    for count in (1, 2):
        await ask(serve)
        await asyncio.to_thread(eventually, lambda count=count: len(checked) == count)
    assert len(set(seen)) == 1
    assert checked == [f"checked {seen[0]}"] * 2
    await pool.close(10)
    assert checked[2:] == [f"closed {seen[0]}"]


async def test_requests_at_the_same_time_have_threads_of_their_own(checked: list[str]) -> None:
    meeting = threading.Barrier(3)

    def meet() -> str:
        meeting.wait(30)
        return name_of_thread()

    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await sync_to_async(meet)())

    pool = RequestThreads(max_idle=2)
    serve = pool.serve(application)
    await asyncio.gather(*(ask(serve) for _ in range(3)))
    assert len(set(seen)) == 3
    # One is more than may be idle.
    await asyncio.to_thread(eventually, lambda: len(checked) == 4)
    assert sum(line.startswith("closed") for line in checked) == 1
    await pool.close(10)
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

    pool = RequestThreads()
    request = asyncio.ensure_future(ask(pool.serve(application)))
    assert await asyncio.to_thread(began.wait, 30)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        # asgiref passes the cancellation on when the call has returned, or at once.
        await asyncio.wait_for(asyncio.shield(request), 1)
    assert checked == []
    await ask(pool.serve(other))
    await asyncio.to_thread(eventually, lambda: checked == [f"checked {seen[0]}"])
    may_end.set()
    await asyncio.to_thread(eventually, lambda: len(set(checked)) == 2)
    await pool.close(10)


async def test_a_request_without_synchronous_code_takes_no_thread(checked: list[str]) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0)

    before = threading.active_count()
    pool = RequestThreads()
    await ask(pool.serve(application))
    assert threading.active_count() == before
    await pool.close(10)
    assert checked == []


async def test_a_context_of_the_caller_is_kept(checked: list[str]) -> None:
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await sync_to_async(name_of_thread)())

    pool = RequestThreads()
    async with ThreadSensitiveContext():
        expected = await sync_to_async(name_of_thread)()
        await ask(pool.serve(application))
    assert seen == [expected]
    assert checked == []


async def test_requests_may_end_with_the_interpreter(
    checked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executors then take no more calls: as when `runserver` ends by Ctrl-C."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(name_of_thread)()
        if scope.get("last"):
            monkeypatch.setattr("concurrent.futures.thread._shutdown", True)

    pool = RequestThreads()
    serve = pool.serve(application)
    await ask(serve)
    await asyncio.to_thread(eventually, lambda: len(checked) == 1)
    await serve({"type": "http", "last": True}, None, None)
    await pool.close(10)
    assert len(checked) == 1


async def test_a_thread_whose_connections_fail_is_kept(
    checked: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        checked.append("failed")
        raise OSError("the database is unreachable")

    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await sync_to_async(name_of_thread)())

    monkeypatch.setattr(django.db, "close_old_connections", fail)
    pool = RequestThreads()
    serve = pool.serve(application)
    await ask(serve)
    await asyncio.to_thread(eventually, lambda: "can't be closed" in caplog.text)
    await ask(serve)
    await asyncio.to_thread(eventually, lambda: checked == ["failed"] * 2)
    await pool.close(10)
