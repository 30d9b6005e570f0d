"""The server around the handler: makes requests, and reads what the application sends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from sio.threads import Threads
from sioserve.django.direct_requests import DirectRequest
from sioserve.django.handler import Handler
from sioserve.django.serving import serve_django
from sioserve.request_threads import end_thread, serve_with_threads

PATIENCE = 20.0  # seconds

# "direct" is sioserve's handler as the server calls it, which needs no task for most requests.
HANDLERS = {"auto": Handler, "direct": Handler, "stock": ASGIHandler}
HANDLER = os.environ.get("HANDLER", "auto")


class Exchange:
    """One request and what is sent for it."""

    def __init__(self, path: str, method: str = "GET", **more: Any) -> None:
        body = more.pop("body", b"")
        self.parts: list[bytes] = body if isinstance(body, list) else [body]
        headers = [(b"host", b"testserver"), *more.pop("headers", [])]
        if any(self.parts):
            headers.append((b"content-length", str(sum(map(len, self.parts))).encode()))
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "headers": headers,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
            "extensions": {"http.response.pathsend": {}},
            **more,
        }
        self.sent: list[dict[str, Any]] = []
        self.received = 0
        self.left = asyncio.Event()
        self.changed = asyncio.Event()
        self.may_send: asyncio.Semaphore | None = None
        self.send_error: BaseException | None = None

    async def receive(self) -> dict[str, Any]:
        if self.parts:
            self.received += 1
            return {
                "type": "http.request",
                "body": self.parts.pop(0),
                "more_body": bool(self.parts),
            }
        await self.left.wait()
        return {"type": "http.disconnect"}

    def sender(self) -> Callable[[dict[str, Any]], Any]:
        """A `send` as the server's: any thread may call it, and need not await it."""
        loop = asyncio.get_running_loop()
        owner = threading.current_thread()

        def send(message: dict[str, Any]) -> Any:
            if threading.current_thread() is owner:
                return loop.create_task(self.send(message))
            if self.send_error is not None:
                raise self.send_error
            return loop.call_soon_threadsafe(lambda: loop.create_task(self.send(message)))

        return send

    async def send(self, message: dict[str, Any]) -> None:
        if self.send_error is not None:
            raise self.send_error
        if self.may_send is not None:
            await self.may_send.acquire()
        self.sent.append(message)
        self.changed.set()

    def leave(self) -> None:
        self.left.set()

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(name.lower(), value) for name, value in self.sent[0]["headers"]]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    def header(self, name: bytes) -> bytes | None:
        return dict(self.headers).get(name)


class World:
    """A handler with a pool of threads."""

    def __init__(self, handler: Any, threads: Threads) -> None:
        self.handler = handler
        self.threads = threads
        self.hops = 0
        self._application = serve_with_threads(self._serve, threads)
        self._direct = serve_django(handler, threads) if HANDLER == "direct" else None
        self.direct_requests = 0
        self._around: Callable[..., Any] | None = None
        self._count_hops()

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        if self._around is not None:
            await self._around(self.handler, scope, receive, send)
        else:
            await self.handler(scope, receive, send)

    def wrap(self, around: Callable[..., Any]) -> None:
        """`around(handler, scope, receive, send)`: an ASGI middleware."""
        self._around = around

    def _count_hops(self) -> None:
        from sioserve.request_threads import RequestThread

        submit, run = RequestThread.submit, self.threads.run
        world = self

        def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
            world.hops += 1
            return submit(self, *args, **kwargs)

        def counted_run(*args: Any, **kwargs: Any) -> Any:
            world.hops += 1
            return run(*args, **kwargs)

        RequestThread.submit = counted  # type: ignore[method-assign]
        self.threads.run = counted_run  # type: ignore[method-assign]
        self._restore = lambda: setattr(RequestThread, "submit", submit)

    async def ask(self, path: str, method: str = "GET", **more: Any) -> Exchange:
        """Make the request and return when it has been served and its thread is free."""
        exchange = await self.ask_only(path, method, **more)
        await self.settle()
        return exchange

    async def ask_only(self, path: str, method: str = "GET", **more: Any) -> Exchange:
        """Make the request and return when it has been served."""
        exchange = Exchange(path, method, **more)
        await self.serve(exchange)
        return exchange

    async def serve(self, exchange: Exchange) -> None:
        if self._direct is not None and self._around is None:
            made = self._direct(exchange.scope, exchange.receive, exchange.sender())
        else:
            made = self._application(exchange.scope, exchange.receive, exchange.send)
        if isinstance(made, DirectRequest):
            self.direct_requests += 1
            made = _end_of(made)
        # Each request has a task, and with it a context, of its own.
        await asyncio.wait_for(asyncio.ensure_future(made), PATIENCE)

    def begin(self, exchange: Exchange) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.serve(exchange))

    async def settle(self) -> None:
        """Return when no thread is at work."""
        async with asyncio.timeout(PATIENCE) if hasattr(asyncio, "timeout") else _no_timeout():
            while any(self.threads.figures()[index] for index in (1, 2, 4)):
                await asyncio.sleep(0.001)

    async def run_on_all_threads(self, function: Callable[[], Any]) -> list[Any]:
        """The function's results on the threads of the pool, which must be idle."""
        await self.settle()
        count = self.threads.figures().idle
        meeting, results = threading.Barrier(count + 1), []

        def run() -> None:
            results.append(function())
            meeting.wait(PATIENCE)

        for _ in range(count):
            self.threads.run(run)
        await asyncio.to_thread(meeting.wait, PATIENCE)
        await self.settle()
        return results


async def _end_of(request: DirectRequest) -> None:
    """As `await` of a task."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    request.begin_without_task(lambda _: loop.call_soon_threadsafe(ended.set))
    try:
        await ended.wait()
    except asyncio.CancelledError:
        request.cancel()
        raise
    if request.cancelled():
        raise asyncio.CancelledError
    if (error := request.exception()) is not None:
        raise error


@contextlib.asynccontextmanager
async def _no_timeout() -> AsyncIterator[None]:
    yield


@contextlib.asynccontextmanager
async def world(handler: Any = None, limit: int = 8, max_queued: int = 100) -> AsyncIterator[World]:
    """A handler, made with the current settings."""
    threads = Threads(limit, max_queued, at_end=end_thread)
    made = World(handler or HANDLERS[HANDLER](), threads)
    try:
        yield made
    finally:
        made._restore()
        threads.close()
        assert await asyncio.to_thread(threads.join, PATIENCE)


@contextlib.contextmanager
def connected(signal: Any, receiver: Callable[..., Any]) -> Any:
    signal.connect(receiver, weak=False)
    try:
        yield
    finally:
        signal.disconnect(receiver)


@contextlib.contextmanager
def noted_signals() -> Any:
    """Notes `started` and `finished` with the threads of synchronous receivers."""
    from notes import note, values

    def started(sender: Any, **named: Any) -> None:
        values["started"] = (sender, sorted(set(named) - {"signal"}))
        note("started")

    def finished(sender: Any, **named: Any) -> None:
        values["finished"] = sender
        note("finished")

    with (
        connected(signals.request_started, started),
        connected(signals.request_finished, finished),
    ):
        yield


def only(items: Iterable[Any]) -> Any:
    (item,) = items
    return item
