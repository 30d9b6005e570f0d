"""HTTP's limits and timeouts, through the settings behind the command line's options."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from native import respond, serving

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PATIENCE = 30.0


class Client:
    """A raw connection on the test's own event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> str:
        data = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        return data.decode("latin-1").lower()

    async def to_end(self) -> bytes:
        with contextlib.suppress(ConnectionResetError):
            return await asyncio.wait_for(self.reader.read(), PATIENCE)
        return b""


@contextlib.asynccontextmanager
async def connected(running: Any) -> AsyncIterator[Client]:
    host, port = running.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


class Application:
    """Reads the body and answers "ok"; notes how its requests ended."""

    def __init__(self) -> None:
        self.calls = 0
        self.disconnects = 0
        self.cancelled = 0
        self.wait = False
        self.start_first = False
        self.called = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        self.called.set()
        try:
            while (message := await receive()).get("more_body"):
                pass
            if message["type"] == "http.disconnect":
                self.disconnects += 1
                return
            if self.start_first:
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": b"part", "more_body": True})
            if self.wait:
                await asyncio.Event().wait()
            await respond(send)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.ended.set()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


OVER_THE_LIMIT = {
    "request line": (
        {"max_request_line": 100},
        b"GET /" + b"a" * 100 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        414,
        "request line too long",
    ),
    "header bytes": (
        {"max_header_bytes": 1000},
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1000 + b"\r\n\r\n",
        431,
        "header section too large",
    ),
    "header count": (
        {"max_headers": 10},
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 10 + b"\r\n",
        431,
        "too many headers",
    ),
    "announced body": (
        {"max_body": 10},
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n",
        413,
        "body too large",
    ),
    "announced body of a client that waits": (
        {"max_body": 10},
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n",
        413,
        "body too large",
    ),
    "chunked body": (
        {"max_body": 10},
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\n",
        413,
        "body too large",
    ),
    "time for a head": ({"header_timeout_ms": 200}, GET[:-2], 408, "the head took too long"),
    "time for a body": (
        {"body_timeout_ms": 200},
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na",
        408,
        "the body came too slowly",
    ),
}


@pytest.mark.parametrize("name", OVER_THE_LIMIT)
async def test_above_a_limit_the_server_sends_the_status_logs_one_line_and_closes(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings, request, status, reason = OVER_THE_LIMIT[name]
    async with (
        serving(Application(), **settings) as running,
        connected(running) as client,
        connected(running) as neighbour,
    ):
        client.send(request)
        head = await client.head()
        assert head.startswith(f"http/1.1 {status} ")
        assert "connection: close" in head
        await client.to_end()
        neighbour.send(GET)
        assert "200 ok" in await neighbour.head()
    (line,) = warnings(caplog)
    assert line.endswith(f"with {status}: {reason}")


@pytest.mark.parametrize(
    ("settings", "request_"),
    [
        ({"max_request_line": 100}, b"GET /" + b"a" * 85 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
        ({"max_headers": 10}, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 9 + b"\r\n"),
        (
            {"max_body": 10},
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
        ),
        ({"max_body": 0}, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
    ],
)
async def test_at_the_limit_requests_are_accepted(
    settings: dict[str, int], request_: bytes
) -> None:
    async with serving(Application(), **settings) as running, connected(running) as client:
        client.send(request_)
        assert "200 ok" in await client.head()


async def test_a_request_with_a_too_large_content_length_does_not_reach_the_application() -> None:
    application = Application()
    async with serving(application, max_body=10) as running, connected(running) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
        await client.to_end()
    assert application.calls == 0


async def test_the_application_gets_a_disconnect_for_a_body_that_becomes_too_large() -> None:
    application = Application()
    async with serving(application, max_body=10) as running, connected(running) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"6\r\nabcdef\r\n")
        await asyncio.wait_for(application.called.wait(), PATIENCE)
        client.send(b"6\r\nabcdef\r\n0\r\n\r\n")
        await client.to_end()
        await asyncio.wait_for(application.ended.wait(), PATIENCE)
    assert application.disconnects == 1


@pytest.mark.parametrize("setting", ["first_byte_timeout_ms", "keep_alive_timeout_ms"])
async def test_an_idle_connection_is_closed_without_a_response(
    setting: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Application(), **{setting: 200}) as running, connected(running) as client:
        if setting == "keep_alive_timeout_ms":
            client.send(GET)
            await client.head()
            await client.reader.readexactly(2)
        assert await client.to_end() == b""
    assert warnings(caplog) == []


async def test_the_last_request_of_a_connection() -> None:
    async with (
        serving(Application(), requests_per_connection=2) as running,
        connected(running) as client,
    ):
        client.send(GET * 3)
        assert "connection: close" not in await client.head()
        assert "connection: close" in await client.head()
        assert await client.to_end() == b"okok"[2:]


async def test_an_application_that_takes_too_long_gives_503_and_is_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    application = Application()
    application.wait = True
    async with serving(application, application_timeout_ms=300) as running:
        async with connected(running) as client:
            client.send(GET)
            assert (await client.head()).startswith("http/1.1 503 ")
            await client.to_end()
        await asyncio.wait_for(application.ended.wait(), PATIENCE)
    assert application.cancelled == 1
    (line,) = warnings(caplog)
    assert line.endswith("(GET /) with 503: the application took too long")


async def test_a_response_that_takes_too_long_is_cut() -> None:
    application = Application()
    application.wait = application.start_first = True
    async with serving(application, application_timeout_ms=300) as running:
        async with connected(running) as client:
            client.send(GET)
            assert "200 ok" in await client.head()
            assert await client.to_end() == b"4\r\npart\r\n"
        await asyncio.wait_for(application.ended.wait(), PATIENCE)
    assert application.cancelled == 1


async def test_an_application_within_the_timeout_is_not_cancelled() -> None:
    application = Application()
    async with (
        serving(application, application_timeout_ms=300) as running,
        connected(running) as client,
    ):
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        for byte in b"abcde":  # its timeout starts again with each part of the body
            await asyncio.sleep(0.15)
            client.send(bytes([byte]))
        assert "200 ok" in await client.head()
    assert application.cancelled == 0


async def test_the_connection_of_a_client_that_reads_nothing_is_cut(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        part = {"type": "http.response.body", "body": bytes(1 << 20), "more_body": True}
        gone = asyncio.ensure_future(receive_disconnect(receive))
        while not gone.done():
            await send(part)
        ended.set()

    async with serving(application, send_timeout_ms=300) as running, connected(running) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.send(GET)
        await asyncio.wait_for(ended.wait(), PATIENCE)
    (line,) = warnings(caplog)
    assert line.endswith("(GET /): the client takes nothing of it")


async def receive_disconnect(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def test_a_body_that_the_application_does_not_receive_has_no_timeout(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await go.wait()
        size = 0
        while (message := await receive())["type"] == "http.request":
            size += len(message["body"])
            if not message["more_body"]:
                break
        await respond(send, str(size).encode())

    size = 32 << 20
    async with serving(application, body_timeout_ms=200) as running, connected(running) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        client.send(bytes(size))
        await asyncio.sleep(0.6)  # three times the limit, to be sure that nothing happens
        go.set()
        assert "200 ok" in await client.head()
    assert warnings(caplog) == []


async def test_the_servers_own_headers() -> None:
    settings = {
        "server_header": "",
        "date_header": False,
        "extra_headers": [("X-Frame-Options", "DENY"), ("X-More", "1")],
    }
    async with serving(Application(), **settings) as running, connected(running) as client:
        client.send(GET)
        head = await client.head()
    assert "server:" not in head
    assert "date:" not in head
    assert "x-frame-options: deny\r\nx-more: 1\r\n" in head


async def test_the_name_of_the_server() -> None:
    async with serving(Application(), server_header="mine/1") as running:
        answer = await running.get()
    assert answer.headers["server"] == "mine/1"


@pytest.mark.parametrize(
    "header", [("a b", "c"), ("a", "b\r\nc: d"), ("Content-Length", "3"), ("connection", "close")]
)
async def test_a_header_that_no_response_can_have_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="extra_headers"):
        async with serving(Application(), extra_headers=[header]):
            pass
