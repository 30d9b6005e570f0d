"""ASGI applications of the rows about HTTP and WebSockets (bench/suite), beside hello_app.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LARGE = 10 * 1024  # bytes


def start_of(length: int) -> dict[str, Any]:
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/plain"), (b"content-length", b"%d" % length)],
    }


def body_of(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body}


LARGE_START, LARGE_BODY = start_of(LARGE), body_of(b"x" * LARGE)


def only(scope: dict[str, Any], kind: str) -> None:
    """Raises ValueError for other scopes, so that no server asks for lifespan events."""
    if scope["type"] != kind:
        raise ValueError(f"no {scope['type']} here")


async def large(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    only(scope, "http")
    await send(LARGE_START)
    await send(LARGE_BODY)


async def echo_body(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    only(scope, "http")
    parts = []
    more = True
    while more:
        event = await receive()
        parts.append(event.get("body", b""))
        more = event.get("more_body", False)
    body = b"".join(parts)
    await send(start_of(len(body)))
    await send(body_of(body))


async def echo_messages(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    only(scope, "websocket")
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


members: set[Send] = set()


async def broadcast(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Sends each message to every client, as an application without a channel layer does."""
    only(scope, "websocket")
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    try:
        while (message := await receive())["type"] == "websocket.receive":
            event = {"type": "websocket.send", "text": message["text"]}
            for member in list(members):
                await member(event)
    finally:
        members.discard(send)
