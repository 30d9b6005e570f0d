"""The first step of a task runs at once, without an iteration of the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from typing import Any

import pytest
from native import respond, serving
from websockets.asyncio.client import connect

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    await respond(send)


@pytest.mark.parametrize("debug", [False, True])
async def test_the_first_step_is_not_given_to_the_loop(
    debug: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    own = asyncio.BaseEventLoop.call_soon
    stepped: list[Any] = []  # the tasks of the steps that wait for the loop

    def call_soon(self: Any, callback: Any, *args: Any, **options: Any) -> Any:
        stepped.append(getattr(callback, "__self__", None))
        return own(self, callback, *args, **options)

    steps: list[int] = []
    loop.set_debug(debug)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.current_task()
        steps.append(stepped.count(task))
        await asyncio.sleep(0)
        steps.append(stepped.count(task))
        await respond(send)

    assert isinstance(loop, asyncio.BaseEventLoop)
    monkeypatch.setattr(asyncio.BaseEventLoop, "call_soon", call_soon)
    async with serving(application) as running:
        assert (await running.get()).text == "ok"
    loop.set_debug(False)
    # In debug mode, asyncio reports a step that is slow, with the name of the task.
    assert steps == ([1, 2] if debug else [0, 1])


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the loop's call_soon() is not replaced")
async def test_a_websocket_message_continues_its_task_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = asyncio.BaseEventLoop.call_soon
    woken: list[Any] = []  # the tasks whose wake-ups wait for the loop

    def call_soon(self: Any, callback: Any, *args: Any, **options: Any) -> Any:
        woken.append(getattr(callback, "__self__", None))
        return own(self, callback, *args, **options)

    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.current_task()
        await receive()
        await send({"type": "websocket.accept"})
        variable.set("set")
        before = woken.count(task)
        message = await receive()
        seen.append((message["text"], woken.count(task) - before))
        seen.append((asyncio.current_task() is task, variable.get()))
        await send({"type": "websocket.send", "text": "answer"})

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_soon", call_soon)
    async with (
        serving(application) as running,
        connect(f"ws://{running.address}/", proxy=None) as websocket,
    ):
        await websocket.send("a message")
        assert await websocket.recv() == "answer"
    assert seen == [("a message", 0), (True, "set")]
    assert variable.get() == "unset"


async def test_the_task_is_the_current_one_and_has_a_context_of_its_own() -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(asyncio.current_task())
        seen.append(variable.get())
        variable.set("set")
        await asyncio.sleep(0)
        seen.append(asyncio.current_task())
        seen.append(variable.get())
        await respond(send)

    async with serving(application) as running:
        for _ in range(2):
            assert (await running.get()).text == "ok"
    first, value, later, kept = seen[:4]
    assert isinstance(first, asyncio.Task)
    assert first is later
    assert (value, kept) == ("unset", "set")
    assert seen[5] == "unset"
    assert variable.get() == "unset"


async def test_the_server_knows_a_task_in_its_first_step() -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(running.server.running_tasks())
        seen.append([(asyncio.current_task(), scope)])
        await respond(send)

    async with serving(application) as running:
        assert (await running.get()).text == "ok"
        assert running.server.running_tasks() == []
    assert seen[0] == seen[1]


async def test_asyncio_knows_a_task_from_its_first_step_on() -> None:
    known: list[bool] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.current_task()
        known.append(task in asyncio.all_tasks())
        await asyncio.sleep(0)
        known.append(task in asyncio.all_tasks())
        other = asyncio.ensure_future(asyncio.sleep(0))
        known.append(other in asyncio.all_tasks())
        await other
        await respond(send)

    async with serving(application) as running:
        assert (await running.get()).text == "ok"
    assert known == [True, True, True]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="asyncio's tasks can begin at once")
async def test_asyncio_s_set_of_tasks_is_as_before_after_the_server_s_end() -> None:
    tasks = asyncio.tasks._all_tasks  # type: ignore[attr-defined]
    before = set(vars(tasks))

    async def raises(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("broken")

    for application, status in ((nothing, 200), (raises, 500)):
        async with serving(application) as running:
            assert set(vars(tasks)) == {*before, "add"}
            references = len(tasks.data)
            assert (await running.get()).status_code == status
            assert len(tasks.data) == references
        assert set(vars(tasks)) == before


async def test_the_loop_s_own_methods_are_there_after_the_server_s_end() -> None:
    loop = asyncio.get_running_loop()
    before = set(vars(loop))
    async with serving(nothing) as running:
        assert (await running.get()).text == "ok"
        called: list[int] = []
        loop.call_soon(called.append, 1)
        loop.call_soon(called.append, 2, context=contextvars.copy_context())
        handle = loop.call_soon(called.append, 3)
        handle.cancel()
        await asyncio.sleep(0)
        assert called == [1, 2]
        with pytest.raises(TypeError):
            loop.call_soon()  # type: ignore[call-arg]
    assert set(vars(loop)) == before


async def test_a_call_soon_of_somebody_else_sees_every_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    own = loop.call_soon
    seen: list[Any] = []

    def call_soon(callback: Any, *args: Any, **options: Any) -> Any:
        seen.append(callback)
        return own(callback, *args, **options)

    monkeypatch.setattr(loop, "call_soon", call_soon)
    async with serving(nothing) as running:
        assert (await running.get()).text == "ok"
    assert seen
    assert loop.call_soon is call_soon


async def test_a_task_may_start_a_task() -> None:
    order: list[str] = []

    async def started() -> str:
        order.append("started")
        return "its result"

    async with serving(nothing) as running:
        task = running.server.start_task(started(), "a name")
        order.append("after the call")
        assert await task == "its result"
    assert task.get_name() == "a name"
    # Python 3.12 can run a first step within another task.
    assert order == ["after the call", "started"] or sys.version_info >= (3, 12)


@pytest.mark.parametrize("waits", [False, True])
async def test_a_failure_in_the_first_step_is_one_of_the_task(
    waits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if waits:
            await asyncio.sleep(0)
        raise ValueError("broken")

    async with serving(application) as running:
        assert (await running.get()).status_code == 500
    (record,) = caplog.records
    assert record.message == "Exception in ASGI application"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)


async def test_start_task_refuses_what_is_no_coroutine() -> None:
    async with serving(nothing) as running:
        with pytest.raises(TypeError):
            running.server.start_task(3, "name")
