"""How requests end: clients that leave, sends that fail, cancellation, full queues."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import asgiref
import pytest
from django.db import connection, connections
from django.test import override_settings
from notes import noted, notes, threads, values
from sioserve.django.sync_requests import SyncRequest
from sioserve.request_threads import RequestThread
from world import Exchange, World, noted_signals, only, world

BOTH = pytest.mark.parametrize("suffix", ["", "-async"])
CAN_CANCEL = pytest.mark.skipif(
    tuple(map(int, asgiref.__version__.split(".")[:2])) < (3, 8),
    reason="before asgiref 3.8 neither async_to_sync() nor a call in a thread can be cancelled",
)
PATIENCE = 20.0


@pytest.fixture
async def server() -> AsyncIterator[World]:
    values.clear()
    values["began"], values["may_end"] = threading.Event(), threading.Event()
    async with world(limit=2, max_queued=1) as made:
        await made.ask("/state")  # imports the URLconf
        with noted_signals():
            yield made
        values["may_end"].set()


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def until_noted(what: str) -> None:
    async def wait() -> None:
        while what not in noted():
            await asyncio.sleep(0.001)

    await asyncio.wait_for(wait(), PATIENCE)


async def has_begun() -> None:
    assert await asyncio.to_thread(values["began"].wait, PATIENCE)


async def check_the_end(server: World, view: str = "view") -> None:
    """Closers and signals ran once; no thread has a transaction."""
    await server.settle()
    assert noted().count("finished") == 1
    in_transaction = await server.run_on_all_threads(lambda: connection.in_atomic_block)
    assert not any(in_transaction)


@BOTH
async def test_normal(server: World, suffix: str) -> None:
    await server.ask(f"/hello{suffix}")
    assert noted().count("closed") == 1
    await check_the_end(server)
    if not suffix:
        only(threads("started", "view", "closed", "finished"))


@pytest.mark.only_ours("Django does not close the response")
@BOTH
@pytest.mark.parametrize("path", ["/hello", "/stream"])
async def test_send_raises(server: World, suffix: str, path: str) -> None:
    exchange = Exchange(f"{path}{suffix}")
    exchange.send_error = OSError("the client has gone")
    with pytest.raises(OSError, match="has gone"):
        await server.serve(exchange)
    await check_the_end(server)
    assert noted().count("closed") == 1
    assert "part 1" not in noted()


@pytest.mark.only_ours("Django 5.0 and newer do not close the response")
async def test_client_leaves_while_a_sync_view_runs(server: World) -> None:
    exchange = Exchange("/slow-in-transaction")
    request = server.begin(exchange)
    await has_begun()
    exchange.leave()
    values["may_end"].set()
    await request
    await check_the_end(server)
    assert noted().count("closed") == 1
    only(threads("started", "view", "closed", "finished"))


@pytest.mark.only_ours("Django 4.2 does not watch the client")
async def test_client_leaves_while_an_async_view_runs(server: World) -> None:
    exchange = Exchange("/slow-async")
    request = server.begin(exchange)
    await has_begun()
    exchange.leave()
    await request
    assert "cancelled" in noted()
    assert exchange.sent == []
    await check_the_end(server)


@CAN_CANCEL
@pytest.mark.only_ours("Django does not cancel what the view awaits")
async def test_client_leaves_while_a_sync_view_awaits(server: World) -> None:
    exchange = Exchange("/waits")
    request = server.begin(exchange)
    await has_begun()
    exchange.leave()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert "cancelled" in noted()
    await check_the_end(server)


@pytest.mark.only_ours("Django makes a list of a synchronous stream first")
@BOTH
async def test_client_leaves_while_streaming(server: World, suffix: str) -> None:
    values["parts"] = 1_000_000
    exchange = Exchange(f"/stream{suffix}")
    exchange.may_send = asyncio.Semaphore(4)
    request = server.begin(exchange)
    await until_noted("part 2")
    exchange.leave()
    for _ in range(10):
        exchange.may_send.release()
    await request
    await check_the_end(server)
    assert noted().count("closed") == 1
    assert noted().count("stream closed") == 1
    assert "part 20" not in noted()


@pytest.mark.only_ours("Django does not close the response")
async def test_server_cancels_while_a_sync_view_runs(server: World) -> None:
    request = server.begin(Exchange("/slow-in-transaction"))
    await has_begun()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert "finished" not in noted()
    values["may_end"].set()
    await check_the_end(server)
    assert noted().count("closed") == 1
    only(threads("started", "view", "closed", "finished"))


@pytest.mark.only_ours("Django does not send request_finished")
async def test_server_cancels_while_an_async_view_runs(server: World) -> None:
    request = server.begin(Exchange("/slow-async"))
    await has_begun()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert "cancelled" in noted()
    await check_the_end(server)


@pytest.mark.only_ours("Django makes a list of a synchronous stream first")
async def test_client_leaves_while_a_part_is_being_sent(server: World) -> None:
    """The thread ends the stream before the event loop asks for the next part."""
    values["parts"] = 1000
    exchange = Exchange("/stream")
    exchange.may_send = asyncio.Semaphore(1)
    request = server.begin(exchange)
    await until_noted("part 0")
    exchange.leave()
    await until_noted("finished")
    exchange.may_send.release()
    await asyncio.wait_for(request, PATIENCE)
    await check_the_end(server)


@pytest.mark.only_ours("Django does not close the response")
@BOTH
async def test_server_cancels_while_streaming(server: World, suffix: str) -> None:
    values["parts"] = 1_000_000
    exchange = Exchange(f"/stream{suffix}")
    exchange.may_send = asyncio.Semaphore(3)
    request = server.begin(exchange)
    await until_noted("part 2")
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    await check_the_end(server)
    assert noted().count("closed") == 1
    assert noted().count("stream closed") == 1


@BOTH
async def test_a_transaction_left_open_is_rolled_back(
    server: World, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    exchange = await server.ask(f"/leaves-transaction{suffix}")
    assert exchange.body == b"left open"
    await check_the_end(server)
    assert "left a transaction open" in caplog.text

    def groups() -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("select count(*) from auth_group where name = 'left'")
            return int(cursor.fetchone()[0])

    counts = await server.run_on_all_threads(groups)
    assert set(counts) == {0}


async def test_a_transaction_ends_before_an_async_stream_is_sent(server: World) -> None:
    """The thread serves other requests in the meantime."""
    request = server.begin(Exchange("/leaves-transaction-and-streams"))
    await has_begun()
    while server.threads.figures().busy:
        await asyncio.sleep(0.001)
    # The pool uses the thread that worked last first.
    atomic = await asyncio.gather(*(server.ask_only("/atomic") for _ in range(2)))
    assert {exchange.body for exchange in atomic} == {b"False"}
    values["may_end"].set()
    await request
    await server.settle()
    assert noted().count("closed") == 1


@pytest.mark.only_ours("Django does not close the response")
async def test_server_cancels_before_a_sync_view_returns_an_async_stream(server: World) -> None:
    request = server.begin(Exchange("/slow-then-async-stream"))
    await has_begun()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    values["may_end"].set()
    await until_noted("finished")
    await check_the_end(server)
    assert noted().count("closed") == 1
    only(threads("started", "closed", "finished"))


@pytest.mark.only_ours("Django keeps the thread until the stream has ended")
async def test_an_async_stream_of_a_sync_view_ends_while_the_server_stops() -> None:
    """Its thread has ended then."""
    values.clear()
    values["began"], values["may_end"] = threading.Event(), threading.Event()
    with noted_signals():
        async with world() as server:
            request = server.begin(Exchange("/leaves-transaction-and-streams"))
            await has_begun()
            await server.settle()
            server.threads.close()
            assert await asyncio.to_thread(server.threads.join, PATIENCE)
            values["may_end"].set()
            await request
    assert noted() == ["started", "closed", "finished"]


@pytest.mark.only_ours("Django makes a list of a synchronous stream first")
@BOTH
async def test_streams_are_made_as_they_are_sent(server: World, suffix: str) -> None:
    """Django makes a list of a synchronous iterator first."""
    values["parts"] = 10
    exchange = Exchange(f"/stream{suffix}")
    exchange.may_send = asyncio.Semaphore(3)
    request = server.begin(exchange)
    await until_noted("part 2")
    assert "part 5" not in noted()
    for _ in range(20):
        exchange.may_send.release()
    await request
    assert exchange.body == b"0 1 2 3 4 5 6 7 8 9 "
    await check_the_end(server)


@pytest.mark.parametrize("path", ["/sync-view-async-stream", "/async-view-sync-stream"])
async def test_streams_of_the_other_kind(server: World, path: str) -> None:
    exchange = await server.ask(path)
    assert exchange.body == b"0 1 2 "
    await check_the_end(server)
    assert noted().count("closed") == 1
    if path == "/sync-view-async-stream":
        only(threads("started", "view", "closed", "finished"))


@pytest.mark.only_ours("Django has no queue")
async def test_a_full_queue_answers_503(server: World) -> None:
    running = [server.begin(Exchange("/slow")) for _ in range(2)]
    await has_begun()
    waiting = server.begin(Exchange("/hello"))
    while server.threads.figures().queued != 1:
        await asyncio.sleep(0.001)
    refused = Exchange("/hello")
    await server.serve(refused)
    assert refused.status == 503
    assert refused.header(b"retry-after") == b"1"
    # Asynchronous views need no thread.
    asynchronous = Exchange("/hello-async")
    await server.serve(asynchronous)
    assert asynchronous.status == 200
    values["may_end"].set()
    await asyncio.gather(*running, waiting)


@pytest.mark.only_ours("Django has no queue")
async def test_a_request_that_waits_for_a_thread_can_be_cancelled(server: World) -> None:
    running = [server.begin(Exchange("/slow")) for _ in range(2)]
    await has_begun()
    waiting = server.begin(Exchange("/hello"))
    while server.threads.figures().queued != 1:
        await asyncio.sleep(0.001)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    values["may_end"].set()
    await asyncio.gather(*running)
    await server.settle()
    assert noted().count("view") == 2


@CAN_CANCEL
@pytest.mark.only_ours("Django 4.2 does not watch the client")
@override_settings(MIDDLEWARE=["middleware.sync_function"])
async def test_client_leaves_behind_middleware_that_calls() -> None:
    values["began"] = threading.Event()
    async with world() as server:
        await server.ask("/state")
        exchange = Exchange("/slow-async")
        request = server.begin(exchange)
        await has_begun()
        exchange.leave()
        await request
        assert "cancelled" in noted()
        await server.settle()


def leaves_on_thread(exchange: Exchange) -> Callable[[str], None]:
    """To be called on a thread; the argument says when the event loop learns that the client has
    left: now, before async_to_sync() has begun, or when it has its next turn.
    """
    loop, may_go_on = asyncio.get_running_loop(), threading.Event()

    async def leave() -> None:
        exchange.leave()
        for _ in range(20):  # turns of the event loop
            await asyncio.sleep(0)

    def leave_before_the_next_callback() -> None:
        exchange.leave()
        callbacks = len(loop._ready)  # type: ignore[attr-defined]
        deadline = loop.time() + PATIENCE
        may_go_on.set()
        while len(loop._ready) == callbacks and loop.time() < deadline:  # type: ignore[attr-defined]
            time.sleep(0)  # the thread adds one

    def leave_on_thread(when: str) -> None:
        if when == "at async_to_sync()":
            loop.call_soon_threadsafe(leave_before_the_next_callback)
            may_go_on.wait(PATIENCE)
            return
        leaving = asyncio.run_coroutine_threadsafe(leave(), loop)
        if when == "now":
            leaving.result(PATIENCE)

    return leave_on_thread


@CAN_CANCEL
@pytest.mark.only_ours("it ends within the call")
async def test_client_leaves_while_a_view_awaits_in_a_thread(server: World) -> None:
    exchange = Exchange("/awaits-in-thread-async")
    values["leave"] = leaves_on_thread(exchange)
    await server.begin(exchange)
    assert exchange.sent == []
    await check_the_end(server)
    assert noted().index("wait ends") < noted().index("finished")


@CAN_CANCEL
@pytest.mark.only_ours("Django does not close the response")
@pytest.mark.parametrize(
    "middleware",
    [
        "leaves_before_the_view",
        "leaves_when_it_awaits_the_view",
        "leaves_behind_the_view",
        "leaves",
        "LeavesInHook",
        "LeavesInView",
    ],
)
async def test_client_leaves_while_the_response_is_made(middleware: str) -> None:
    """On a thread, which goes on; or the event loop has not taken its response yet."""
    values.clear()
    with override_settings(MIDDLEWARE=[f"middleware.{middleware}"]):
        async with world() as server:
            await server.ask("/state")
            notes.clear()
            with noted_signals():
                exchange = Exchange("/slow-hello-async")
                values["leave"] = leaves_on_thread(exchange)
                await server.begin(exchange)
                assert exchange.sent == []
                assert noted().count("closed") == 1
                await check_the_end(server)


@pytest.mark.skipif(
    sys.version_info < (3, 11),
    reason="contextlib leaves cycles with the frames around asgiref's Local for each missing value",
)
@pytest.mark.only_ours("asgiref has a queue for each call")
async def test_a_sync_request_leaves_no_cycle(server: World, no_collector: None) -> None:
    """Django leaves cycles (request.user), but of few objects."""
    await server.ask("/hello")
    await server.settle()
    left = [one for one in gc.get_objects() if type(one) in (SyncRequest, RequestThread)]
    assert left == []
