"""Responses of Django as messages of ASGI."""

from __future__ import annotations

import io
import os
import stat
from contextlib import aclosing
from typing import Any

from django.core.files.base import File
from django.http import FileResponse

from sioserve.django.threads import in_thread

CHUNK_SIZE = 1 << 16  # bytes of one message, as in Django's handler


def start_message(response: Any, thread_wait: int = 0, match: Any = None) -> dict[str, Any]:
    """`http.response.start`. Raises UnicodeEncodeError for headers that are no Latin-1.

    `thread_wait`: how many microseconds the request has waited for a thread; for the access log.
    `match`: Django's ResolverMatch or None; the server reads its `route` for the metrics, if there
    are any.
    """
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    for cookie in response.cookies.values():
        headers.append((b"Set-Cookie", cookie.output(header="").encode("ascii").strip()))
    return {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": headers,
        "sioserve.thread_wait": thread_wait,
        "sioserve.match": match,
    }


def body_message(body: bytes, more_body: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more_body}


def chunks(content: bytes) -> list[bytes]:
    """At least one."""
    if len(content) <= CHUNK_SIZE:
        return [content]
    return [content[start : start + CHUNK_SIZE] for start in range(0, len(content), CHUNK_SIZE)]


def whole_messages(response: Any, thread_wait: int = 0, match: Any = None) -> list[dict[str, Any]]:
    """All messages of a response that is no stream. The other arguments: see start_message()."""
    *parts, last = chunks(response.content)
    return [
        start_message(response, thread_wait, match),
        *(body_message(part, more_body=True) for part in parts),
        body_message(last, more_body=False),
    ]


def as_bytes(part: Any) -> bytes:
    """A part of a stream. Django has encoded text before; memoryviews stay."""
    return part if isinstance(part, bytes) else bytes(part)


async def send_stream(
    response: Any, scope: Any, send: Any, thread_wait: int = 0, match: Any = None
) -> None:
    """The whole response, whose parts are made as they are sent. On the event loop.

    `thread_wait` and `match`: see start_message().
    """
    await send(start_message(response, thread_wait, match))
    if path := path_of_file(response, scope):
        await send({"type": "http.response.pathsend", "path": path})
        return
    await (_send_async_parts if response.is_async else _send_sync_parts)(response, send)
    await send(body_message(b"", more_body=False))


async def _send_async_parts(response: Any, send: Any) -> None:
    """Of a stream whose iterator is asynchronous. The iterator is closed when this ends; aiter() of
    a response closes only itself.
    """
    try:
        async with aclosing(aiter(response)) as parts:
            async for part in parts:
                for chunk in chunks(as_bytes(part)):
                    await send(body_message(chunk, more_body=True))
    finally:
        if close := getattr(response._iterator, "aclose", None):
            await close()


async def _send_sync_parts(response: Any, send: Any) -> None:
    """Of a stream whose iterator is synchronous; it runs on the thread of the request."""
    if isinstance(response, FileResponse):
        response.block_size = CHUNK_SIZE
    parts = iter(response)
    next_part = in_thread(lambda: next(parts, None))
    while (part := await next_part()) is not None:
        for chunk in chunks(as_bytes(part)):
            await send(body_message(chunk, more_body=True))


def path_of_file(response: Any, scope: Any) -> str | None:
    """A path for `http.response.pathsend` if the response is a whole file and the server supports
    it. The path names the open descriptor, so the file may have been renamed or removed.
    """
    if not isinstance(response, FileResponse) or "http.response.pathsend" not in scope.get(
        "extensions", {}
    ):
        return None
    file = response.file_to_stream
    if type(file) in _files_of_django():
        file = file.file
    if type(file) not in (io.BufferedReader, io.FileIO):
        return None  # what reads the file may change its content
    try:
        if file.tell() != 0 or not _is_regular(file.fileno()):
            return None
        return f"/proc/self/fd/{file.fileno()}"
    except (OSError, ValueError):  # ValueError: the file is closed
        return None


def _files_of_django() -> tuple[type, ...]:
    from django.db.models.fields.files import FieldFile

    return (File, FieldFile)


def _is_regular(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)
