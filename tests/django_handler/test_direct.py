"""Requests without a task: which ones have none, and what they do as if they were tasks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.routing import ProtocolTypeRouter
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from notes import values
from sio.sync_calls import locals_belong_to_tasks
from sio.task_places import place
from sio.threads import Threads
from sioserve.django.direct_requests import DirectRequest
from sioserve.django.handler import Handler
from sioserve.django.serving import serve_django
from sioserve.request_threads import end_thread
from world import PATIENCE, Exchange, connected

pytestmark = pytest.mark.skipif(
    locals_belong_to_tasks(), reason="before asgiref 3.8 each request needs a task"
)


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    values["began"], values["may_end"] = threading.Event(), threading.Event()
    made = Threads(1, 2, at_end=end_thread)
    yield made
    values["may_end"].set()
    made.close()
    assert await asyncio.to_thread(made.join, PATIENCE)


async def answer(made: Any) -> None:
    if isinstance(made, DirectRequest):
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        made.begin_without_task(lambda _: loop.call_soon_threadsafe(ended.set))
        await asyncio.wait_for(ended.wait(), PATIENCE)
    else:
        await asyncio.wait_for(made, PATIENCE)


async def call(application: Any, path: str, threads: Threads) -> tuple[Any, Exchange]:
    """What the application returns for a second request (the first imports the URLconf), served."""
    serve = serve_django(application, threads)
    for _ in range(2):
        exchange = Exchange(path)
        made = serve(exchange.scope, exchange.receive, exchange.sender())
        await answer(made)
    return made, exchange


async def test_a_sync_view_needs_no_task(threads: Threads) -> None:
    made, exchange = await call(Handler(), "/hello", threads)
    assert isinstance(made, DirectRequest)
    assert made._task is None
    assert exchange.body == b"hello"


@pytest.mark.parametrize("path", ["/stream", "/loop"])
async def test_a_stream_and_async_calls_go_on_in_a_task(threads: Threads, path: str) -> None:
    made, exchange = await call(Handler(), path, threads)
    assert isinstance(made, DirectRequest)
    assert made._task is not None
    assert exchange.status == 200


async def test_an_async_view_has_a_task_from_the_start(threads: Threads) -> None:
    made, exchange = await call(Handler(), "/hello-async", threads)
    assert not isinstance(made, DirectRequest)
    assert exchange.body == b"hello"


async def test_a_router_of_channels_is_no_obstacle(threads: Threads) -> None:
    router = ProtocolTypeRouter({"http": Handler()})
    made, _ = await call(router, "/hello", threads)
    assert isinstance(made, DirectRequest)


async def test_middleware_around_django_gets_its_task(threads: Threads) -> None:
    handler = Handler()
    seen = []

    async def around(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await handler(scope, receive, send)

    made, _ = await call(around, "/hello", threads)
    assert not isinstance(made, DirectRequest)
    assert seen == ["/hello", "/hello"]


async def test_who_replaces_the_call_of_the_handler_sees_each_request(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    original = ASGIHandler.__call__

    async def observed(self: Any, scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await original(self, scope, receive, send)

    monkeypatch.setattr(ASGIHandler, "__call__", observed)
    await call(Handler(), "/hello", threads)
    assert seen == ["/hello", "/hello"]


async def begin(
    handler: Any, path: str, threads: Threads, exchange: Exchange | None = None
) -> tuple[DirectRequest, asyncio.Event]:
    exchange = exchange or Exchange(path)
    made = serve_django(handler, threads)(exchange.scope, exchange.receive, exchange.sender())
    assert isinstance(made, DirectRequest)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    made.begin_without_task(lambda _: loop.call_soon_threadsafe(ended.set))
    return made, ended


async def test_it_can_be_waited_for_named_and_cancelled_as_a_task(threads: Threads) -> None:
    handler = Handler()
    await call(handler, "/hello", threads)
    running, running_ended = await begin(handler, "/slow", threads)
    assert await asyncio.to_thread(values["began"].wait, PATIENCE)
    queued, queued_ended = await begin(handler, "/hello", threads)
    assert place(queued) == "waiting for a thread"
    assert "views.py" in place(running)
    done, pending = await asyncio.wait([running, queued], timeout=0.01)
    assert (done, pending) == (set(), {running, queued})
    assert queued.cancel()
    await asyncio.wait_for(queued_ended.wait(), PATIENCE)
    assert queued.cancelled()
    assert threads.figures().queued == 0
    waiting = asyncio.create_task(asyncio.wait([running, queued]))
    values["may_end"].set()
    done, pending = await asyncio.wait_for(waiting, PATIENCE)
    assert done == {running, queued}
    assert running_ended.is_set()
    assert running.exception() is None
    assert not running.cancel()
    late: list[Any] = []
    running.add_done_callback(late.append)
    await asyncio.sleep(0)
    assert late == [running]


async def test_a_cancelled_request_ends_at_once_and_its_thread_goes_on(threads: Threads) -> None:
    handler = Handler()
    await call(handler, "/hello", threads)
    running, ended = await begin(handler, "/slow", threads)
    assert await asyncio.to_thread(values["began"].wait, PATIENCE)
    assert running.cancel()
    await asyncio.wait_for(ended.wait(), PATIENCE)
    assert running.cancelled()
    assert threads.figures().busy == 1
    values["may_end"].set()
    _, exchange = await call(handler, "/hello", threads)
    assert exchange.body == b"hello"


async def test_an_exception_outside_of_djangos_handling_is_the_requests(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = Handler()
    await call(handler, "/hello", threads)

    def fails(scope: Any, body: Any) -> Any:
        raise ValueError("no request")

    monkeypatch.setattr(handler, "create_request", fails)
    request, ended = await begin(handler, "/hello", threads)
    await asyncio.wait_for(ended.wait(), PATIENCE)
    assert isinstance(request.exception(), ValueError)
    assert not request.cancelled()


async def test_what_closes_a_response_may_await(threads: Threads) -> None:
    handler = Handler()
    await call(handler, "/hello", threads)
    awaited = []

    async def receiver(**named: Any) -> None:
        await asyncio.sleep(0.001)
        awaited.append(named["sender"])

    def finished(**named: Any) -> None:
        async_to_sync(receiver)(**named)

    exchange = Exchange("/hello")
    exchange.leave()  # receive() says so at once
    with connected(signals.request_finished, finished):
        request, ended = await begin(handler, "/hello", threads, exchange)
        await asyncio.wait_for(ended.wait(), PATIENCE)
    assert awaited == [ASGIHandler]
    assert request.exception() is None
    assert not request.cancelled()


async def test_closing_that_fails_ends_the_request_and_keeps_the_thread(threads: Threads) -> None:
    handler = Handler()
    await call(handler, "/hello", threads)

    def finished(**named: Any) -> None:
        raise SystemExit(3)

    with connected(signals.request_finished, finished):
        _, ended = await begin(handler, "/hello", threads)
        await asyncio.wait_for(ended.wait(), PATIENCE)
    _, exchange = await call(handler, "/hello", threads)
    assert exchange.body == b"hello"


async def test_a_client_that_leaves_is_no_error_of_the_application(threads: Threads) -> None:
    handler = Handler()
    await call(handler, "/hello", threads)
    exchange = Exchange("/waits")
    request, ended = await begin(handler, "/waits", threads, exchange)
    assert await asyncio.to_thread(values["began"].wait, PATIENCE)
    exchange.leave()
    await asyncio.wait_for(ended.wait(), PATIENCE)
    assert request.cancelled()
