"""The WebSocket side of plain.py, with one behaviour for each path."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from seen import SEEN, see

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def parameter(scope: Scope, name: str, default: str = "") -> str:
    return parse_qs(scope["query_string"].decode()).get(name, [default])[0]


async def note_end(scope: Scope, message: dict[str, Any]) -> None:
    key = parameter(scope, "key")
    see(key, "code", message["code"])
    see(key, "reason", message.get("reason"))


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})
    await note_end(scope, message)


async def subprotocol(scope: Scope, receive: Receive, send: Send) -> None:
    """Accepts the last offered subprotocol, with an additional header."""
    headers = [(b"x-accepted", b"yes"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    chosen = scope["subprotocols"][-1]
    await send({"type": "websocket.accept", "subprotocol": chosen, "headers": headers})
    await send({"type": "websocket.send", "text": json.dumps(scope["subprotocols"])})
    await note_end(scope, await receive())


async def show_scope(scope: Scope, receive: Receive, send: Send) -> None:
    from plain import describe

    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps(describe(scope))})
    await note_end(scope, await receive())


async def reject(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.close"})
    await note_end(scope, await receive())


async def deny(scope: Scope, receive: Receive, send: Send) -> None:
    start = {"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-why", b"no")]}
    await send(start)
    part = {"type": "websocket.http.response.body", "body": b"log in ", "more_body": True}
    await send(part)
    await send({"type": "websocket.http.response.body", "body": b"first"})
    await note_end(scope, await receive())


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError("websocket failed on purpose")


async def fail_late(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    await receive()
    raise ValueError("websocket failed on purpose, late")


async def close(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    message = {"type": "websocket.close", "reason": parameter(scope, "reason")}
    if code := parameter(scope, "code"):
        message["code"] = int(code)
    await send(message)
    await note_end(scope, await receive())


async def leave(scope: Scope, receive: Receive, send: Send) -> None:
    """Returns without closing."""
    await send({"type": "websocket.accept"})


async def leave_early(scope: Scope, receive: Receive, send: Send) -> None:
    """Returns without accepting."""


async def push(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends ?count= messages of ?size= bytes, then closes; the number of sent messages is under
    ?key=.
    """
    await send({"type": "websocket.accept"})
    payload = bytes(int(parameter(scope, "size")))
    for number in range(int(parameter(scope, "count"))):
        await send({"type": "websocket.send", "bytes": payload})
        see(parameter(scope, "key"), "sent", number + 1)
    await send({"type": "websocket.close"})


async def cancelled_receive(scope: Scope, receive: Receive, send: Send) -> None:
    """Echoes; cancels each receive() that has to wait."""
    await send({"type": "websocket.accept"})
    cancelled = 0
    while True:
        try:
            message = await asyncio.wait_for(receive(), 0.002)
        except asyncio.TimeoutError:
            cancelled += 1
            see(parameter(scope, "key"), "cancelled", cancelled)
            continue
        if message["type"] != "websocket.receive":
            return
        await send({"type": "websocket.send", "text": message["text"]})


async def send_after_end(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends to a disconnected client; the result is stored under ?key=."""
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass
    try:
        await send({"type": "websocket.send", "text": "to nobody"})
    except OSError:
        see(parameter(scope, "key"), "raised", "OSError")


async def never_accept(scope: Scope, receive: Receive, send: Send) -> None:
    await note_end(scope, await receive())


async def stay(scope: Scope, receive: Receive, send: Send) -> None:
    """Ignores the client's disconnect, until it is cancelled."""
    await send({"type": "websocket.accept"})
    await note_end(scope, await receive())
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        see(parameter(scope, "key"), "cancelled", True)
        raise


async def block(scope: Scope, receive: Receive, send: Send) -> None:
    """Blocks the event loop for ?seconds= after each message, then echoes the message."""
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        time.sleep(float(parameter(scope, "seconds")))
        await send({"type": "websocket.send", "text": message["text"]})
    await note_end(scope, message)


async def hold(scope: Scope, receive: Receive, send: Send) -> None:
    """Receives no message until another client releases ?key=; then counts the bytes."""
    await send({"type": "websocket.accept"})
    while not SEEN.get(parameter(scope, "key"), {}).get("released"):
        await asyncio.sleep(0.01)
    size = 0
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "end":
            break
        size += len(message["bytes"])
    await send({"type": "websocket.send", "text": str(size)})


async def release(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    see(parameter(scope, "key"), "released", True)


async def deny_at_length(scope: Scope, receive: Receive, send: Send) -> None:
    """A denial of ?count= parts of 64 KiB; the number of sent parts is stored under ?key=."""
    await send({"type": "websocket.http.response.start", "status": 403})
    for number in range(int(parameter(scope, "count"))):
        part = {"type": "websocket.http.response.body", "body": bytes(65536), "more_body": True}
        await send(part)
        see(parameter(scope, "key"), "sent", number + 1)
    await send({"type": "websocket.http.response.body"})


async def functions(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    found = [inspect.iscoroutinefunction(function) for function in (receive, send)]
    await send({"type": "websocket.send", "text": json.dumps(found)})


async def steps(scope: Scope, receive: Receive, send: Send) -> None:
    """Executes ?steps= (JSON): "receive", "raise", or a message to send without "websocket.".

    The result of each step is stored under ?key=.
    """
    results: list[str] = []
    see(parameter(scope, "key"), "results", results)
    for step in json.loads(parameter(scope, "steps")):
        if step == "raise":
            raise ValueError("websocket failed on purpose")
        if step == "receive":
            message = await receive()
            values = [str(message[name]) for name in ("text", "code", "reason") if name in message]
            results.append(" ".join([message["type"].removeprefix("websocket."), *values]).strip())
            continue
        message = {**step, "type": "websocket." + step["type"]}
        for name in ("bytes", "body"):
            if isinstance(message.get(name), str):
                message[name] = message[name].encode()
        try:
            await send(message)
            results.append("ok")
        except Exception as error:
            results.append(type(error).__name__)


PATHS = {
    "/steps": steps,
    "/echo": echo,
    "/subprotocol": subprotocol,
    "/scope": show_scope,
    "/reject": reject,
    "/deny": deny,
    "/fail": fail,
    "/fail-late": fail_late,
    "/close": close,
    "/leave": leave,
    "/leave-early": leave_early,
    "/push": push,
    "/cancelled-receive": cancelled_receive,
    "/send-after-end": send_after_end,
    "/never-accept": never_accept,
    "/stay": stay,
    "/block": block,
    "/hold": hold,
    "/release": release,
    "/deny-at-length": deny_at_length,
    "/functions": functions,
}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    assert message["type"] == "websocket.connect", message
    await PATHS[scope["path"]](scope, receive, send)
