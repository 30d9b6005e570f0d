"""A plain ASGI application with one behaviour for each path, for tests of HTTP and WebSocket.

It stores observations that the client cannot make under the request's ?key=..., and returns them at
/seen?key=....
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import asgiref.sync
import plain_websocket
from seen import SEEN, see

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

VISITOR: contextvars.ContextVar[str] = contextvars.ContextVar("visitor", default="nobody")
GATES: dict[str, asyncio.Event] = {}


def parameter(scope: Scope, name: str, default: str = "") -> str:
    return parse_qs(scope["query_string"].decode()).get(name, [default])[0]


async def respond(
    send: Send, body: bytes | str, status: int = 200, headers: list[Any] | None = None
) -> None:
    if isinstance(body, str):
        body = body.encode()
    await send({"type": "http.response.start", "status": status, "headers": headers or []})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, value: Any) -> None:
    await respond(send, json.dumps(value), headers=[(b"content-type", b"application/json")])


async def read_body(receive: Receive) -> list[bytes]:
    """The parts of the body, as received."""
    parts = []
    while True:
        message = await receive()
        assert message["type"] == "http.request", message
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, "hello", headers=[(b"content-type", b"text/plain")])


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    parts = await read_body(receive)
    largest = max(len(part) for part in parts)
    headers = [(b"x-largest-part", b"%d" % largest), (b"x-method", scope["method"].encode())]
    await respond(send, b"".join(parts), headers=headers)


async def count(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, str(sum(map(len, await read_body(receive)))))


async def show_scope(scope: Scope, receive: Receive, send: Send) -> None:
    await respond_json(send, describe(scope))


def describe(value: Any) -> Any:
    """A value of a scope as JSON; bytes are {"bytes": ...}, so that tests can distinguish them."""
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Parts "0,", "1,", ... and a bare last message; with ?gate= it waits before the last one."""
    await send({"type": "http.response.start", "status": 200})
    for number in range(int(parameter(scope, "parts", "3"))):
        await send({"type": "http.response.body", "body": b"%d," % number, "more_body": True})
    if gate := parameter(scope, "gate"):
        await GATES.setdefault(gate, asyncio.Event()).wait()
    await send({"type": "http.response.body"})


async def open_gate(scope: Scope, receive: Receive, send: Send) -> None:
    GATES.setdefault(parameter(scope, "gate"), asyncio.Event()).set()
    await respond(send, "open")


async def with_length(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"Content-Length", b"6")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await send({"type": "http.response.body", "body": b"two"})


async def status(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, parameter(scope, "body"), int(parameter(scope, "code")))


async def download(scope: Scope, receive: Receive, send: Send) -> None:
    """?bytes= in parts of 64 KiB; the number of sent bytes is stored under ?key=."""
    size = int(parameter(scope, "bytes"))
    await send({"type": "http.response.start", "status": 200})
    part = bytes(65536)
    for sent in range(0, size, len(part)):
        see(parameter(scope, "key"), "sent", sent)
        more = {"type": "http.response.body", "body": part[: size - sent], "more_body": True}
        await send(more)
    await send({"type": "http.response.body"})


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """?bytes= in one message."""
    await respond(send, bytes(int(parameter(scope, "bytes"))))


async def hold_upload(scope: Scope, receive: Receive, send: Send) -> None:
    """Receives no body until ?gate= opens, then counts it."""
    see(parameter(scope, "key"), "started", True)
    await GATES.setdefault(parameter(scope, "gate"), asyncio.Event()).wait()
    await count(scope, receive, send)


async def sip(scope: Scope, receive: Receive, send: Send) -> None:
    """Counts a body, with a pause after every 32 parts: always slower than the client."""
    size, parts, more = 0, 0, True
    while more:
        message = await receive()
        assert message["type"] == "http.request", message
        size += len(message["body"])
        more = message["more_body"]
        parts += 1
        if parts % 32 == 0:
            await asyncio.sleep(0.001)
    await respond(send, str(size))


async def block(scope: Scope, receive: Receive, send: Send) -> None:
    """Blocks the event loop for ?seconds=."""
    time.sleep(float(parameter(scope, "seconds")))
    await respond(send, "late")


async def early_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without reading the body."""
    await respond(send, "early", 413)


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError("failed on purpose: " + parameter(scope, "name"))


async def fail_late(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise ValueError("failed on purpose, late")


async def no_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Returns without sending anything."""


async def visitor(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the visitor in the context, then sets it."""
    before = VISITOR.get()
    VISITOR.set(parameter(scope, "name"))
    await respond(send, before)


async def one_task(scope: Scope, receive: Receive, send: Send) -> None:
    """Whether everything in a request runs in one task and one context."""
    before = asyncio.current_task()
    VISITOR.set("this one")
    await read_body(receive)
    await send({"type": "http.response.start", "status": 200})
    same = before is asyncio.current_task() and VISITOR.get() == "this one"
    await send({"type": "http.response.body", "body": str(same).encode()})


async def one_thread(scope: Scope, receive: Receive, send: Send) -> None:
    """The threads in which the synchronous parts of a request run, as Django runs them."""
    threads = []
    async with asgiref.sync.ThreadSensitiveContext():
        for _ in range(3):
            threads.append(await asgiref.sync.sync_to_async(threading.get_ident)())
            await receive_or_wait(receive)
    await respond_json(send, threads)


async def receive_or_wait(receive: Receive) -> None:
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(receive(), 0.01)


async def receive_after_end(scope: Scope, receive: Receive, send: Send) -> None:
    key = parameter(scope, "key")
    await read_body(receive)
    pending = asyncio.ensure_future(receive())
    done, _ = await asyncio.wait({pending}, timeout=0.2)
    see(key, "blocked", not done)
    await respond(send, "answer")
    see(key, "after", (await pending)["type"])
    see(key, "again", (await receive())["type"])


async def disconnect_only(scope: Scope, receive: Receive, send: Send) -> None:
    """Waits for the client's disconnect."""
    key = parameter(scope, "key")
    await read_body(receive)
    see(key, "waiting", True)
    see(key, "after", (await receive())["type"])
    await respond(send, "to nobody")
    see(key, "sent", "without an error")


async def cancelled_receive(scope: Scope, receive: Receive, send: Send) -> None:
    """Cancels each receive() that has to wait, and calls it again, until the body has ended."""
    key = parameter(scope, "key")
    body, cancelled, more = b"", 0, True
    while more:
        try:
            message = await asyncio.wait_for(receive(), 0.005)
        except asyncio.TimeoutError:
            cancelled += 1
            see(key, "cancelled", cancelled)
            continue
        body += message["body"]
        see(key, "received", len(body))
        more = message["more_body"]
    await respond(send, body)


async def cancelled_at_end(scope: Scope, receive: Receive, send: Send) -> None:
    """Cancels a waiting receive() as Django does at the end of a response."""
    key = parameter(scope, "key")
    await read_body(receive)
    listener = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    await respond(send, "answer")
    listener.cancel()
    try:
        see(key, "ended", (await listener)["type"])
    except asyncio.CancelledError:
        see(key, "ended", "cancelled")


async def stream_for_ever(scope: Scope, receive: Receive, send: Send) -> None:
    """Streams until receive() returns the client's disconnect."""
    key = parameter(scope, "key")
    await read_body(receive)
    gone = asyncio.ensure_future(receive())
    await send({"type": "http.response.start", "status": 200})
    while not gone.done():
        await send({"type": "http.response.body", "body": b"tick\n", "more_body": True})
        see(key, "streaming", True)
        await asyncio.wait({gone}, timeout=0.01)
    see(key, "after", gone.result()["type"])
    await send({"type": "http.response.body", "body": b"to nobody", "more_body": True})
    see(key, "sent", "without an error")


async def stay(scope: Scope, receive: Receive, send: Send) -> None:
    """Ignores the client's disconnect, until it is cancelled."""
    key = parameter(scope, "key")
    see(key, "started", True)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        see(key, "cancelled", True)
        raise


async def work_after_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Continues after its response until ?gate= opens."""
    key = parameter(scope, "key")
    await respond(send, "answer")
    try:
        await GATES.setdefault(parameter(scope, "gate"), asyncio.Event()).wait()
        see(key, "worked", True)
    except asyncio.CancelledError:
        see(key, "worked", False)
        raise


async def coroutine_functions(scope: Scope, receive: Receive, send: Send) -> None:
    async_functions = [
        inspect.iscoroutinefunction(function) and asgiref.sync.iscoroutinefunction(function)
        for function in (receive, send)
    ]
    await respond_json(send, async_functions)


async def send_from_thread(scope: Scope, receive: Receive, send: Send) -> None:
    def work() -> None:
        sync_send = asgiref.sync.async_to_sync(send)
        sync_send({"type": "http.response.start", "status": 200})
        sync_send({"type": "http.response.body", "body": b"from a thread"})

    await asgiref.sync.sync_to_async(work)()


async def cookies(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2; Path=/"), (b"X-Mixed-Case", b"Yes")]
    await respond(send, "cookies", headers=headers)


async def bad_header(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, "split", headers=[(b"x-evil", b"a\r\nset-cookie: stolen=1")])


async def process(scope: Scope, receive: Receive, send: Send) -> None:
    about = {
        "executable": sys.executable,
        "prefix": sys.prefix,
        "path": sys.path[0],
        "cwd": os.getcwd(),
        "pid": os.getpid(),
        "threads": len(os.listdir("/proc/self/task")),
    }
    await respond_json(send, about)


async def tasks(scope: Scope, receive: Receive, send: Send) -> None:
    """The number of other tasks."""
    await respond(send, str(len(asyncio.all_tasks()) - 1))


async def show_seen(scope: Scope, receive: Receive, send: Send) -> None:
    await respond_json(send, SEEN.get(parameter(scope, "key"), {}))


PATHS = {
    "/hello": hello,
    "/echo": echo,
    "/count": count,
    "/stream": stream,
    "/open": open_gate,
    "/length": with_length,
    "/status": status,
    "/download": download,
    "/large": large,
    "/hold": hold_upload,
    "/sip": sip,
    "/block": block,
    "/early": early_answer,
    "/fail": fail,
    "/fail-late": fail_late,
    "/no-answer": no_answer,
    "/visitor": visitor,
    "/one-task": one_task,
    "/one-thread": one_thread,
    "/receive-after-end": receive_after_end,
    "/disconnect-only": disconnect_only,
    "/cancelled-receive": cancelled_receive,
    "/cancelled-at-end": cancelled_at_end,
    "/stream-for-ever": stream_for_ever,
    "/stay": stay,
    "/st\nay": stay,
    "/work-after-answer": work_after_answer,
    "/coroutine-functions": coroutine_functions,
    "/send-from-thread": send_from_thread,
    "/cookies": cookies,
    "/bad-header": bad_header,
    "/process": process,
    "/tasks": tasks,
    "/seen": show_seen,
}


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    assert (await receive())["type"] == "lifespan.startup"
    scope["state"]["started_by"] = "lifespan"
    print("lifespan: start-up", flush=True)
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    print("lifespan: shutdown", flush=True)
    await send({"type": "lifespan.shutdown.complete"})


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(scope, receive, send)
    elif scope["type"] == "websocket":
        await plain_websocket.application(scope, receive, send)
    else:
        await PATHS.get(scope["path"], show_scope)(scope, receive, send)
