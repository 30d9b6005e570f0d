"""Views of the project."""

from __future__ import annotations

import asyncio
import contextvars
import io
import threading
import time
from typing import Any

from asgiref.local import Local
from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection, transaction
from django.http import FileResponse, Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone, translation
from notes import note, values

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
local = Local()


class Closed(HttpResponse):
    """Notes that it was closed."""

    def close(self) -> None:
        note("closed")
        super().close()


class ClosedStream(StreamingHttpResponse):
    def close(self) -> None:
        note("closed")
        super().close()


def hello(request: Any) -> HttpResponse:
    note("view")
    return Closed("hello")


async def hello_async(request: Any) -> HttpResponse:
    note("view")
    return Closed("hello")


async def awaits_in_thread_async(request: Any) -> HttpResponse:
    def wait() -> None:
        values["leave"]("at async_to_sync()")
        async_to_sync(slow_hello_async)(request)
        note("wait ends")

    await sync_to_async(wait)()
    return Closed("not reached")


async def slow_hello_async(request: Any) -> HttpResponse:
    for _ in range(20):  # turns of the event loop
        await asyncio.sleep(0)
    return await sync_to_async(hello)(request)


def orm(request: Any) -> HttpResponse:
    note("view")
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    values.setdefault("connections", []).append(id(connection.connection))
    return HttpResponse("1")


async def orm_async(request: Any) -> HttpResponse:
    for _ in range(3):
        await sync_to_async(orm)(request)
    return HttpResponse("3")


async def call_async(request: Any) -> HttpResponse:
    await sync_to_async(values["call"])()
    return HttpResponse("called")


def context(request: Any) -> HttpResponse:
    answer = f"{variable.get()} {getattr(local, 'value', 'none')}"
    variable.set("view")
    local.value = "view"
    return HttpResponse(answer)


async def context_async(request: Any) -> HttpResponse:
    return context(request)


def context_stream(request: Any) -> HttpResponse:
    context(request)
    return StreamingHttpResponse(context(None).content for _ in range(1))


def context_async_stream(request: Any) -> HttpResponse:
    async def parts() -> Any:
        yield context(None).content

    context(request)
    return StreamingHttpResponse(parts())


def loop(request: Any) -> HttpResponse:
    async def running() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    values["loop"] = async_to_sync(running)()
    values["thread"] = async_to_sync(sync_to_async(threading.get_ident))() == threading.get_ident()
    return HttpResponse("loop")


def state(request: Any) -> HttpResponse:
    answer = [translation.get_language(), timezone.get_current_timezone_name(), reverse("hello")]
    translation.activate("de")
    timezone.activate("Asia/Tokyo")
    return JsonResponse(answer, safe=False)


async def state_async(request: Any) -> HttpResponse:
    return state(request)


def fails(request: Any) -> HttpResponse:
    note("view")
    raise ValueError("a view has failed")


async def fails_async(request: Any) -> HttpResponse:
    return fails(request)


def stops(request: Any) -> HttpResponse:
    raise StopIteration


async def stops_async(request: Any) -> HttpResponse:
    return await sync_to_async(lambda: HttpResponse("never"))() if False else stops(request)


def raises(request: Any, name: str) -> HttpResponse:
    raise {"404": Http404, "403": PermissionDenied, "400": SuspiciousOperation}[name]("no")


async def raises_async(request: Any, name: str) -> HttpResponse:
    return raises(request, name)


def nothing(request: Any) -> None:
    return None


async def nothing_async(request: Any) -> None:
    return None


def rendered(request: Any) -> HttpResponse:
    return TemplateResponse(request, None, {"name": "x"})


class Rendered(HttpResponse):
    """Django renders what has `render`, after process_template_response."""

    def render(self) -> HttpResponse:
        note("render")
        self.content = b"rendered " + getattr(self, "extra", b"")
        return self


def template(request: Any) -> HttpResponse:
    return Rendered()


async def template_async(request: Any) -> HttpResponse:
    return Rendered()


def atomic(request: Any) -> HttpResponse:
    return HttpResponse(str(connection.in_atomic_block))


def slow(request: Any) -> HttpResponse:
    note("view")
    values["began"].set()
    values["may_end"].wait(20)
    return Closed("slow")


async def slow_async(request: Any) -> HttpResponse:
    note("view")
    values["began"].set()
    try:
        await asyncio.sleep(20)
    except asyncio.CancelledError:
        note("cancelled")
        raise
    return Closed("slow")


def waits(request: Any) -> HttpResponse:
    """Awaits on the server's loop."""
    note("view")
    values["began"].set()

    async def wait() -> None:
        await asyncio.sleep(20)

    try:
        async_to_sync(wait)()
    except asyncio.CancelledError:
        note("cancelled")
        raise
    return Closed("never")


def stream(request: Any) -> HttpResponse:
    note("view")

    def parts() -> Any:
        try:
            for number in range(values.get("parts", 3)):
                note(f"part {number}")
                yield f"{number} "
        finally:
            note("stream closed")

    return ClosedStream(parts())


async def stream_async(request: Any) -> HttpResponse:
    note("view")

    async def parts() -> Any:
        try:
            for number in range(values.get("parts", 3)):
                note(f"part {number}")
                yield f"{number} "
                await asyncio.sleep(0)
        finally:
            note("stream closed")

    return ClosedStream(parts())


def sync_view_async_stream(request: Any) -> HttpResponse:
    note("view")

    async def parts() -> Any:
        for number in range(3):
            note(f"part {number}")
            yield f"{number} "

    return ClosedStream(parts())


async def async_view_sync_stream(request: Any) -> HttpResponse:
    return stream(request)


def file(request: Any) -> HttpResponse:
    opened = open(values["path"], "rb")  # noqa: SIM115
    values["file"] = opened
    if values.get("unlink"):
        values["path"].unlink()
    return FileResponse(opened)


async def file_async(request: Any) -> HttpResponse:
    return file(request)


def bytes_file(request: Any) -> HttpResponse:
    return FileResponse(io.BytesIO(b"x" * 200_000))


def upload(request: Any) -> HttpResponse:
    uploaded = request.FILES["file"]
    values["upload"] = uploaded
    return JsonResponse({"size": uploaded.size, "type": type(uploaded).__name__})


async def upload_async(request: Any) -> HttpResponse:
    return await sync_to_async(upload)(request)


def body(request: Any) -> HttpResponse:
    return HttpResponse(request.body)


def leaves_transaction(request: Any) -> HttpResponse:
    transaction.atomic().__enter__()
    with connection.cursor() as cursor:
        cursor.execute("insert into auth_group (name) values ('left')")
    return HttpResponse("left open")


async def leaves_transaction_async(request: Any) -> HttpResponse:
    return await sync_to_async(leaves_transaction)(request)


def slow_then_async_stream(request: Any) -> HttpResponse:
    slow(request)
    return sync_view_async_stream(request)


def leaves_transaction_and_streams(request: Any) -> HttpResponse:
    async def parts() -> Any:
        yield "part"
        values["began"].set()
        await asyncio.to_thread(values["may_end"].wait, 20)

    leaves_transaction(request)
    return ClosedStream(parts())


def slow_in_transaction(request: Any) -> HttpResponse:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("insert into auth_group (name) values (%s)", [str(time.time_ns())])
        return slow(request)


def session(request: Any) -> HttpResponse:
    request.session["count"] = request.session.get("count", 0) + 1
    return HttpResponse(str(request.session["count"]))


async def session_async(request: Any) -> HttpResponse:
    return await sync_to_async(session)(request)


def scope(request: Any) -> HttpResponse:
    return JsonResponse([request.scope.get("added"), type(request).__name__], safe=False)


def where(request: Any) -> HttpResponse:
    return HttpResponse(f"{request.path_info} {request.resolver_match.url_name}")


async def where_async(request: Any) -> HttpResponse:
    return where(request)


def broken_500(request: Any) -> HttpResponse:
    note("handler500")
    values.setdefault("connections", []).append(id(connection.connection))
    return HttpResponse("broken", status=500)


handler500 = broken_500

urlpatterns = [
    path("hello", hello, name="hello"),
    path("hello-async", hello_async),
    path("slow-hello-async", slow_hello_async),
    path("awaits-in-thread-async", awaits_in_thread_async),
    path("orm", orm),
    path("orm-async", orm_async),
    path("call-async", call_async),
    path("context", context),
    path("context-async", context_async),
    path("context-stream", context_stream),
    path("context-async-stream", context_async_stream),
    path("loop", loop),
    path("state", state),
    path("state-async", state_async),
    path("fails", fails),
    path("fails-async", fails_async),
    path("stops", stops),
    path("stops-async", stops_async),
    path("raises/<name>", raises),
    path("raises-async/<name>", raises_async),
    path("nothing", nothing),
    path("nothing-async", nothing_async),
    path("template", template),
    path("template-async", template_async),
    path("atomic", atomic),
    path("slow", slow),
    path("slow-async", slow_async),
    path("slow-in-transaction", slow_in_transaction),
    path("waits", waits),
    path("stream", stream),
    path("stream-async", stream_async),
    path("sync-view-async-stream", sync_view_async_stream),
    path("async-view-sync-stream", async_view_sync_stream),
    path("file", file),
    path("file-async", file_async),
    path("bytes-file", bytes_file),
    path("upload", upload),
    path("upload-async", upload_async),
    path("body", body),
    path("leaves-transaction", leaves_transaction),
    path("leaves-transaction-async", leaves_transaction_async),
    path("leaves-transaction-and-streams", leaves_transaction_and_streams),
    path("slow-then-async-stream", slow_then_async_stream),
    path("session", session),
    path("session-async", session_async),
    path("scope", scope),
    path("where", where, name="where"),
    path("where-async", where_async, name="where-async"),
]
