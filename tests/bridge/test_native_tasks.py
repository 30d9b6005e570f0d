"""The asyncio tasks that requests run in."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from native import respond, serving
from sioserve.unfinished import place
from support.eager_tasks import eager_task_factory


async def test_a_task_shows_its_application() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        entered.set()
        await leave.wait()
        await respond(send)

    async with serving(application) as running:
        request = asyncio.ensure_future(running.get())
        await asyncio.wait_for(entered.wait(), 10)
        ((task, _),) = running.server.running_tasks()
        coroutine = task.get_coro()
        assert type(task) is asyncio.Task
        assert task in asyncio.all_tasks()
        assert asyncio.iscoroutine(coroutine)
        assert coroutine.__qualname__.endswith("application")
        assert coroutine.__name__ == coroutine.cr_code.co_name == "application"
        assert not coroutine.cr_running
        assert task.get_stack() == [coroutine.cr_frame]
        assert "await leave.wait()" in place(task)
        assert f"application() running at {__file__}:" in repr(task)
        leave.set()
        assert (await request).text == "ok"
        assert coroutine.cr_frame is None
        with pytest.raises(RuntimeError, match="already awaited"):
            coroutine.send(None)


async def test_a_request_has_ended_with_the_last_step_of_its_task() -> None:
    running_tasks: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await respond(send)
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: running_tasks.append(running.server.running_tasks()))

    async with serving(application) as running:
        assert (await running.get()).text == "ok"
    assert running_tasks == [[]]


async def returns(scope: Any, receive: Any, send: Any) -> None:
    if scope["query_string"]:
        await asyncio.sleep(0)
    await respond(send)


async def raises(scope: Any, receive: Any, send: Any) -> None:
    await returns(scope, receive, send)
    raise ValueError("broken")


async def is_cancelled(scope: Any, receive: Any, send: Any) -> None:
    await returns(scope, receive, send)
    raise asyncio.CancelledError


def eager_for_applications(
    loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
) -> asyncio.Task[Any]:
    """Not for the test's client, whose library does not expect eager tasks."""
    names = {application.__qualname__ for application in (returns, raises, is_cancelled)}
    if coroutine.__qualname__ in names:
        return eager_task_factory(loop, coroutine, **options)
    return asyncio.Task(coroutine, loop=loop, **options)


@pytest.fixture
def set_task_factory() -> Iterator[Callable[[Any], None]]:
    loops: list[asyncio.AbstractEventLoop] = []

    def set_it(factory: Any) -> None:
        loops.append(asyncio.get_running_loop())
        loops[-1].set_task_factory(factory)

    yield set_it
    for loop in loops:
        loop.set_task_factory(None)


@pytest.mark.parametrize("path", ["/", "/?waits"])
@pytest.mark.parametrize("task_factory", [None, eager_for_applications], ids=["plain", "eager"])
@pytest.mark.parametrize(
    ("application", "lines"),
    [(returns, 0), (raises, 1), (is_cancelled, 0)],
    ids=["returns", "raises", "is_cancelled"],
)
async def test_each_end_is_noticed_once(
    application: Any,
    lines: int,
    path: str,
    task_factory: Any,
    set_task_factory: Callable[[Any], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with serving(application) as running:
        set_task_factory(task_factory)
        assert (await running.get(path)).text == "ok"
        for _ in range(3):  # the done-callback of a task that raised
            await asyncio.sleep(0)
        assert running.server.running_tasks() == []
    gc.collect()
    errors = [(record.message, record.exc_info) for record in caplog.records]
    assert [message for message, _ in errors] == ["Exception in ASGI application"] * lines
    assert all(info and info[0] is ValueError for _, info in errors)


async def test_the_task_factory_of_an_application_makes_the_tasks(
    set_task_factory: Callable[[Any], None],
) -> None:
    made: list[asyncio.Task[Any]] = []

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        made.append(asyncio.Task(coroutine, loop=loop, **options))
        return made[-1]

    current: list[asyncio.Task[Any] | None] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        current.append(asyncio.current_task())
        await respond(send)

    async with serving(application) as running:
        set_task_factory(factory)
        assert (await running.get()).text == "ok"
        set_task_factory(None)
        assert (await running.get()).text == "ok"
    assert current[0] in made
    assert current[1] not in made


async def test_a_task_may_be_cancelled_before_its_first_step(
    set_task_factory: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    called: list[bool] = []

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        task = asyncio.Task(coroutine, loop=loop, **options)
        if coroutine.__qualname__.endswith("never_runs"):
            task.cancel()
        return task

    async def never_runs(scope: Any, receive: Any, send: Any) -> None:
        called.append(True)

    async with serving(never_runs) as running:
        set_task_factory(factory)
        assert (await running.get()).status_code == 500
        assert running.server.running_tasks() == []
    assert not called
    assert "Exception" not in caplog.text


async def test_what_is_thrown_into_a_task_reaches_the_application() -> None:
    entered, caught = asyncio.Event(), asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            caught.set()
        await asyncio.sleep(0)
        await respond(send)

    async with serving(application) as running:
        request = asyncio.ensure_future(running.get())
        await asyncio.wait_for(entered.wait(), 10)
        ((task, _),) = running.server.running_tasks()
        task.cancel()
        assert (await request).text == "ok"
        assert caught.is_set()
        assert running.server.running_tasks() == []


async def test_a_task_is_named_after_its_request() -> None:
    names: list[str] = []
    ids: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        names.append(task.get_name())
        ids.append(scope["extensions"]["sioserve.request_id"])
        await respond(send)

    async with serving(application) as running:
        for _ in range(2):
            await running.get()
    assert names == ids
    assert len(set(names)) == 2


async def test_an_event_loop_may_make_its_tasks_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    create_task = loop.create_task
    made: list[str] = []

    def count_tasks(coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(coroutine.__name__)
        return create_task(coroutine, **options)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await respond(send)

    monkeypatch.setattr(loop, "create_task", count_tasks)
    async with serving(application) as running:
        assert (await running.get()).text == "ok"
    assert "application" in made
