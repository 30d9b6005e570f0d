"""`receive` and `send` under load and in unusual use."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter
from collections.abc import Generator
from typing import Any

import httpx
import pytest
from native import respond, serving
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

CHUNK = 65_536


async def test_a_streaming_answer_to_head_does_not_wait_for_a_body_that_is_never_sent() -> None:
    ended = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        for _ in range(40):
            await send({"type": "http.response.body", "body": b"x" * CHUNK, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body"})
        ended.set()

    async with serving(application) as running, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.head(running.url)).status_code == 200
        await asyncio.wait_for(ended.wait(), 10)
        assert (await client.head(running.url)).status_code == 200


async def test_a_slow_client_makes_all_of_several_senders_wait() -> None:
    sent = [0, 0, 0]

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def produce(number: int) -> None:
            for _ in range(100):
                await send(
                    {
                        "type": "http.response.body",
                        "body": bytes([number]) * CHUNK,
                        "more_body": True,
                    }
                )
                sent[number] += CHUNK

        await send({"type": "http.response.start", "status": 200})
        await asyncio.gather(*(produce(number) for number in range(3)))
        await send({"type": "http.response.body"})

    async with (
        serving(application) as running,
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", running.url) as response,
    ):
        chunks = response.aiter_raw(CHUNK)
        received = len(await anext(chunks))
        stalled = (-1, 0)
        while stalled[0] != sum(sent):
            stalled = (sum(sent), 0)
            await asyncio.sleep(0.1)
        assert sum(sent) < 20_000_000
        async for chunk in chunks:
            received += len(chunk)
    assert received == 300 * CHUNK


async def test_several_receivers_get_each_message_once() -> None:
    taken: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})

        async def take() -> None:
            while (message := await receive())["type"] == "websocket.receive":
                taken.append(message["text"])

        await asyncio.gather(*(take() for _ in range(5)))

    async with (
        serving(application) as running,
        connect(f"ws://{running.address}/", proxy=None) as websocket,
    ):
        for number in range(100):
            await websocket.send(str(number))
    assert sorted(taken, key=int) == [str(number) for number in range(100)]


async def test_a_websocket_is_closed_cleanly_if_the_application_reads_nothing() -> None:
    flooded = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await flooded.wait()
        await send({"type": "websocket.close", "code": 4000})

    async with serving(application) as running:
        websocket = await connect(f"ws://{running.address}/", proxy=None, close_timeout=30)

        async def flood() -> None:
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await websocket.send(b"x" * CHUNK)

        flooding = asyncio.ensure_future(flood())
        stalled = -1
        transport = websocket.transport
        while (
            transport.get_write_buffer_size() == 0 or stalled != transport.get_write_buffer_size()
        ):
            stalled = transport.get_write_buffer_size()
            await asyncio.sleep(0.05)
        flooded.set()
        # Less than the server's timeout for a client that does not answer a close frame.
        await asyncio.wait_for(websocket.wait_closed(), 3)
        await flooding
        assert websocket.close_code == 4000


class Call:
    """An application's result that is awaitable, but not a coroutine."""

    def __init__(self, *arguments: Any) -> None:
        _, _, self.send = arguments

    def __await__(self) -> Generator[Any, None, None]:
        return respond(self.send, b"awaited").__await__()


async def test_any_awaitable_is_awaited() -> None:
    async with serving(Call) as running:
        assert (await running.get()).text == "awaited"


async def test_a_returned_future_is_awaited() -> None:
    def application(scope: Any, receive: Any, send: Any) -> asyncio.Future[None]:
        return asyncio.ensure_future(respond(send, b"by a task"))

    async with serving(application) as running:
        assert (await running.get()).text == "by a task"


async def test_a_result_that_cannot_be_awaited_gives_500(caplog: pytest.LogCaptureFixture) -> None:
    def application(scope: Any, receive: Any, send: Any) -> int:
        return 7

    async with serving(application) as running:
        assert (await running.get()).status_code == 500
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info
    assert record.exc_info[0] is TypeError


async def test_headers_may_be_any_iterable_of_bytes_like_pairs() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = ([bytearray(b"X-Number"), memoryview(b"%d" % n)] for n in range(3))
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": memoryview(b"-body-")[1:-1]})

    async with serving(application) as running:
        response = await running.get()
    assert response.status_code == 201
    assert response.headers.get_list("x-number") == ["0", "1", "2"]
    assert response.content == b"body"


@pytest.mark.parametrize(
    "header", [(b"a", b"1\r\nb: 2"), (b"a\r\nb", b"1"), (b"a:", b"1"), (b"a", b"1\0"), (b"", b"")]
)
async def test_a_header_cannot_contain_another(
    caplog: pytest.LogCaptureFixture, header: tuple[bytes, bytes]
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [header]})
        await send({"type": "http.response.body", "body": b"x"})

    async with serving(application) as running:
        response = await running.get()
    assert response.status_code == 500
    assert "b" not in response.headers


async def test_header_names_with_an_underscore_are_dropped() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])
        await respond(send)

    async with serving(application) as running:
        await running.get(headers={"X_Forwarded_For": "::1", "X-Real": "yes"})
    assert (b"x-real", b"yes") in seen
    assert not [name for name, _ in seen if b"_" in name]


@pytest.mark.parametrize("status", [-1, 0, 199, 600, 2**31, 2**70, True, "200", 200.5, None])
async def test_a_status_out_of_range_gives_500(status: Any) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status})
        await send({"type": "http.response.body"})

    async with serving(application) as running:
        assert (await running.get()).status_code == 500


async def test_a_disconnect_is_noticed_while_send_waits() -> None:
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200})
        for _ in range(10_000):
            await send({"type": "http.response.body", "body": b"x" * CHUNK, "more_body": True})
        outcome.set_result((await receive())["type"])

    async with serving(application) as running:
        host, port = running.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readexactly(CHUNK)
        writer.transport.abort()
        assert await asyncio.wait_for(outcome, 20) == "http.disconnect"


async def test_a_cancelled_send_does_not_lose_its_bytes_or_block_others() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        part = {"type": "http.response.body", "body": b"x" * 8 * CHUNK, "more_body": True}
        cancelled = 0
        for _ in range(20):
            try:
                await asyncio.wait_for(send(part), 0.001)
            except asyncio.TimeoutError:
                cancelled += 1
        await send({"type": "http.response.body", "body": str(cancelled > 0).encode()})

    async with serving(application) as running:
        content = (await running.get()).content
    assert content == b"x" * 160 * CHUNK + content[160 * CHUNK :]
    assert content[160 * CHUNK :] in (b"True", b"False")


async def test_a_nested_event_loop_may_run_within_the_call_of_the_application() -> None:
    loop = asyncio.get_running_loop()
    depth = 0

    def application(scope: Any, receive: Any, send: Any) -> Any:
        nonlocal depth
        depth += 1
        if depth == 1:
            # As nest_asyncio: callbacks of the loop run within one of its callbacks.
            outer = asyncio.current_task()
            assert outer is None
            server._drain()
        return respond(send)

    async with serving(application) as running:
        server = running.server
        answers = await asyncio.gather(*(running.get() for _ in range(8)))
    assert loop.is_running()
    assert [answer.status_code for answer in answers] == [200] * 8


async def test_many_events_leave_the_event_loop_to_other_callbacks() -> None:
    """All requests are queued when the event loop gets to them."""
    count, work = 200, 0.0003  # requests; seconds of each, before its coroutine exists
    loop = asyncio.get_running_loop()
    turns = 0
    turn_of_call: list[int] = []

    def application(scope: Any, receive: Any, send: Any) -> Any:
        end = time.perf_counter() + work
        while time.perf_counter() < end:
            pass
        turn_of_call.append(turns)
        return respond(send)

    def turn() -> None:
        nonlocal turns
        turns += 1
        if len(turn_of_call) < count:
            loop.call_soon(turn)

    async with serving(application) as running:
        host, port = running.address.split(":")
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                client = stack.enter_context(socket.create_connection((host, int(port))))
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            # The loop is blocked. For each answer, the I/O thread has read what came before.
            for _ in range(50):
                running.server.counts()
            turn()
            while len(turn_of_call) < count:
                await asyncio.sleep(0)
    # A drain ends after 2 ms, so it makes seven calls, or fewer if the machine is slow.
    assert max(Counter(turn_of_call).values()) <= 8
