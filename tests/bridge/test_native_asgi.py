"""ASGI through the extension module, in the test's own process."""

from __future__ import annotations

import asyncio
import collections.abc
import contextvars
import enum
import gc
import inspect
import logging
import weakref
from typing import Any

import _sioserve
import asgiref.sync
import httpx
import pytest
from native import respond, serving, threads
from support.waiting import eventually

variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)


async def test_receive_and_send_look_like_coroutine_functions() -> None:
    seen = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for name, function in (("receive", receive), ("send", send)):
            seen[name] = (
                inspect.iscoroutinefunction(function),
                asgiref.sync.iscoroutinefunction(function),
            )
        awaitable = receive()
        seen["coroutine"] = isinstance(awaitable, collections.abc.Coroutine)
        await awaitable
        await respond(send)

    async with serving(application) as running:
        await running.get()
    assert seen == {"receive": (True, True), "send": (True, True), "coroutine": True}


async def test_send_takes_one_message_by_position_or_by_name() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        message = {"type": "http.response.body", "body": b"x"}
        for args, keywords in [
            ((), {}),
            ((message, message), {}),
            ((message,), {"message": message}),
            ((), {"other": message}),
        ]:
            with pytest.raises(TypeError):
                send(*args, **keywords)
        await send(message={"type": "http.response.start", "status": 200, "headers": []})
        await send(*[message])

    async with serving(application) as running:
        response = await running.get()
    assert (response.status_code, response.content) == (200, b"x")


async def test_changes_to_a_scope_are_not_in_the_next_one() -> None:
    seen = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["method"], scope["scheme"], scope["server"], scope["http_version"]))
        for key in ("method", "scheme", "server", "http_version"):
            scope[key] = "changed"
        await respond(send)

    async with serving(application) as running:
        await running.get()
        await running.get()
    assert seen[0] == seen[1]
    assert "changed" not in seen[1]


async def test_headers_that_come_again_are_the_same_objects_but_not_secrets() -> None:
    scopes: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope["headers"][:])
        scope["headers"].clear()
        await respond(send)

    first = {"user-agent": "browser 1", "x-of-same-size": "red", "cookie": "a=1"}
    second = {"user-agent": "browser 1", "x-of-same-size": "bad", "cookie": "a=1"}
    async with serving(application) as running:
        for headers in (first, second, first):
            assert (await running.get(headers=headers)).text == "ok"
    found = [{pair[0]: pair for pair in headers} for headers in scopes]
    for headers, pairs in zip((first, second, first), found, strict=True):
        for name, value in headers.items():
            assert pairs[name.encode()] == (name.encode(), value.encode())
    assert found[0][b"user-agent"] is found[1][b"user-agent"] is found[2][b"user-agent"]
    assert found[0][b"cookie"] is not found[2][b"cookie"]


async def test_the_type_of_a_message_may_be_a_member_of_an_enumeration() -> None:
    class Type(str, enum.Enum):
        START = "http.response.start"
        BODY = "http.response.body"

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": Type.START, "status": 200})
        await send({"type": Type.BODY, "body": b"ok"})

    async with serving(application) as running:
        assert (await running.get()).text == "ok"


async def test_send_works_from_a_thread_through_async_to_sync() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        def answer() -> None:
            sync_send = asgiref.sync.async_to_sync(send)
            sync_send({"type": "http.response.start", "status": 200})
            sync_send({"type": "http.response.body", "body": b"from a thread"})

        await asgiref.sync.sync_to_async(answer)()

    async with serving(application) as running:
        assert (await running.get()).text == "from a thread"


async def test_a_cancelled_receive_loses_nothing() -> None:
    cancelled = asyncio.Event()

    async def content() -> Any:
        await cancelled.wait()
        yield b"one"
        yield b"two"

    async def application(scope: Any, receive: Any, send: Any) -> None:
        pending = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not pending.done()
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        cancelled.set()
        body = b""
        more = True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        await respond(send, body)

    async with serving(application) as running:
        assert (await running.post(content())).content == b"onetwo"


async def test_a_receive_that_is_cancelled_between_wake_up_and_run_loses_nothing() -> None:
    waits = asyncio.Event()

    async def content() -> Any:
        await waits.wait()
        yield b"whole"

    async def application(scope: Any, receive: Any, send: Any) -> None:
        pending = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        future = pending._fut_waiter  # type: ignore[attr-defined]
        waits.set()
        while not future.done():
            await asyncio.sleep(0)
        pending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pending
        message = await receive()
        await respond(send, message["body"])

    async with serving(application) as running:
        assert (await running.post(content())).content == b"whole"


async def test_receive_after_the_body_waits_until_the_response_is_complete() -> None:
    order = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["more_body"] is False
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        order.append(("done before the response", waiting.done()))
        await respond(send)
        order.append(("done when send returns", waiting.done()))
        order.append((await waiting)["type"])

    async with serving(application) as running:
        await running.get()
        async with asyncio.timeout(10):
            while len(order) < 3:
                await asyncio.sleep(0)
    assert order == [
        ("done before the response", False),
        ("done when send returns", False),
        "http.disconnect",
    ]


async def test_each_request_has_a_clean_context() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        before = variable.get()
        variable.set(7)
        await respond(send, str(before).encode())

    async with serving(application) as running, httpx.AsyncClient(trust_env=False) as client:
        bodies = [(await client.get(running.url)).text for _ in range(3)]
    assert bodies == ["0", "0", "0"]


async def test_one_task_and_one_context_for_a_whole_request() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.current_task()
        variable.set(3)
        await receive()
        await send({"type": "http.response.start", "status": 200})
        same = asyncio.current_task() is task and variable.get() == 3
        await send({"type": "http.response.body", "body": str(same).encode()})

    async with serving(application) as running:
        assert (await running.get()).text == "True"


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([{"type": "http.response.body"}], "before http.response.start"),
        ([{"type": "http.response.start", "status": 99}], "status from 200 to 599"),
        ([{"type": "http.response.start"}], "status from 200 to 599"),
        ([{"type": "websocket.send", "text": ""}], "unexpected ASGI message"),
        ([{}], "must have a 'type'"),
        (["http.response.start"], "must be a dict"),
        ([{"type": "http.response.start", "status": 200}] * 2, "sent twice"),
        (
            [{"type": "http.response.start", "status": 200, "headers": [("a", "b")]}],
            "bytes-like",
        ),
    ],
)
async def test_an_invalid_message_raises_and_gives_500(
    caplog: pytest.LogCaptureFixture, messages: list[Any], error: str
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async with serving(application) as running:
        assert (await running.get()).status_code == 500
    (record,) = [record for record in caplog.records if record.name == "sioserve"]
    assert record.levelno == logging.ERROR
    assert error in str(record.exc_info)


async def test_an_application_that_returns_without_a_response_gives_500_and_a_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        return

    async with serving(application) as running:
        assert (await running.get()).status_code == 500
    assert "returned without sending a response" in caplog.text


async def test_an_application_that_is_not_a_coroutine_function_gives_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def application(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("at the call")

    async with serving(application) as running:
        assert (await running.get()).status_code == 500
        assert (await running.get()).status_code == 500
    assert "at the call" in caplog.text


async def test_a_request_leaves_nothing_behind() -> None:
    class Marker:
        pass

    markers: list[weakref.ref[Marker]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        marker = Marker()
        scope["marker"] = marker
        markers.append(weakref.ref(marker))
        await receive()
        if scope["path"] == "/raise":
            raise ValueError("with a traceback that refers to this frame")
        await respond(send)

    async with serving(application) as running:
        for path in ("/", "/raise", "/"):
            await running.get(path)
    # The log record in pytest's handler refers to the traceback.
    logging.getLogger("sioserve").handlers.clear()
    gc.collect()
    alive = [marker() for marker in markers]
    assert alive[0] is None
    assert alive[2] is None


async def test_two_servers_share_a_process_and_a_loop() -> None:
    async def first(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"first")

    async def second(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"second")

    async with serving(first) as one, serving(second) as two:
        assert (await one.get()).text == "first"
        assert (await two.get()).text == "second"


async def test_a_port_in_use_raises_with_the_address() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await respond(send)

    async with serving(application) as running:
        other = _sioserve.Server(application)
        with pytest.raises(OSError, match=running.address):
            other.listen_tcp("127.0.0.1", int(running.address.rpartition(":")[2]))


async def test_a_running_server_that_is_freed_ends_its_thread() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await respond(send)

    # A separate loop: closing it drops its reference to the server.
    loop = asyncio.new_event_loop()
    server = _sioserve.Server(application)
    server.listen_tcp("127.0.0.1", 0)
    before = threads()
    server.start(loop, lambda: None)
    started = threads() - before
    assert len(started) == 1
    loop.close()
    del server, loop
    gc.collect()
    eventually(lambda: not started & threads())
