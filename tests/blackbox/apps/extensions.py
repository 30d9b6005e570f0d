"""An ASGI application that uses the HTTP extensions: sending a path, trailers, early hints."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def body(send: Send, content: bytes, **more: Any) -> None:
    await send({"type": "http.response.body", "body": content, **more})


async def start(send: Send, *headers: tuple[bytes, bytes], **more: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers, **more})


async def extensions(query: dict[str, str], scope: Scope, send: Send) -> None:
    await start(send)
    await body(send, json.dumps(sorted(scope["extensions"])).encode())


async def path(query: dict[str, str], scope: Scope, send: Send) -> None:
    headers = [(b"content-length", query["length"].encode())] if "length" in query else []
    await start(send, (b"content-type", b"text/plain"), *headers)
    await send({"type": "http.response.pathsend", "path": query["path"]})
    if "remove" in query:
        os.unlink(query["path"])


async def path_or_apology(query: dict[str, str], scope: Scope, send: Send) -> None:
    await start(send)
    try:
        await send({"type": "http.response.pathsend", "path": query["path"]})
    except OSError as error:
        await body(send, f"{type(error).__name__} {error.filename}".encode())


async def path_after_body(query: dict[str, str], scope: Scope, send: Send) -> None:
    await start(send)
    await body(send, b"first, ", more_body=True)
    try:
        await send({"type": "http.response.pathsend", "path": "/etc/hostname"})
    except RuntimeError as error:
        await body(send, str(error).encode())


async def trailers(query: dict[str, str], scope: Scope, send: Send) -> None:
    headers = [(b"content-length", b"5")] if "length" in query else []
    await start(send, (b"trailer", b"x-sum, x-more"), *headers, trailers=True)
    await body(send, b"bo", more_body=True)
    await body(send, b"dy!", more_body=False)
    await send(
        {"type": "http.response.trailers", "headers": [(b"x-sum", b"5")], "more_trailers": True}
    )
    await send({"type": "http.response.trailers", "headers": [(b"x-more", b"yes")]})


async def trailers_without_headers(query: dict[str, str], scope: Scope, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "trailers": True})
    await body(send, b"body!")
    await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"5")]})


async def no_trailers(query: dict[str, str], scope: Scope, send: Send) -> None:
    await start(send, trailers=True)
    await body(send, b"body")


async def bad_trailer(query: dict[str, str], scope: Scope, send: Send) -> None:
    await start(send, trailers=True)
    await body(send, b"body")
    try:
        name, value = query["name"].encode(), query.get("value", "x").encode()
        await send({"type": "http.response.trailers", "headers": [(name, value)]})
    except ValueError as error:
        headers = [(b"x-error", str(error).encode())]
        await send({"type": "http.response.trailers", "headers": headers})


async def unannounced_trailers(query: dict[str, str], scope: Scope, send: Send) -> None:
    await start(send)
    try:
        await send({"type": "http.response.trailers", "headers": []})
    except RuntimeError as error:
        await body(send, str(error).encode())


async def hints(query: dict[str, str], scope: Scope, send: Send) -> None:
    await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload; as=style"]})
    await start(send)
    await send({"type": "http.response.early_hint", "links": [b"</b.js>", b"</c.js>"]})
    await body(send, b"bo", more_body=True)
    await send({"type": "http.response.early_hint", "links": [b"</too-late.js>"]})
    await body(send, b"dy")


async def bad_hint(query: dict[str, str], scope: Scope, send: Send) -> None:
    await start(send)
    try:
        await send({"type": "http.response.early_hint", "links": [b"</a>\r\nset-cookie: a=b"]})
    except ValueError as error:
        await body(send, str(error).encode())


VIEWS = [
    extensions, path, path_or_apology, path_after_body, trailers, trailers_without_headers,
    no_trailers, bad_trailer,
    unannounced_trailers, hints, bad_hint,
]  # fmt: skip


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http", scope["type"]
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    name = scope["path"].strip("/")
    (view,) = [view for view in VIEWS if view.__name__ == name]
    await view(query, scope, send)
