"""Views of the Django project that the black-box tests run."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import os
import pathlib
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.core.signals import request_finished
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.views import View
from django.views.decorators.csrf import csrf_exempt

SEEN = {"requests_finished": 0, "streams_closed": 0, "responses_closed": 0, "cancelled": 0}
NOTE: contextvars.ContextVar[str] = contextvars.ContextVar("note", default="clean")


def count_finished(**_: object) -> None:
    SEEN["requests_finished"] += 1


request_finished.connect(count_finished)


def sync_view(request: HttpRequest) -> HttpResponse:
    on_main = threading.current_thread() is threading.main_thread()
    return HttpResponse(f"sync, main thread: {on_main}")


async def async_view(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse(f"async, loop: {asyncio.get_running_loop().is_running()}")


def stream_sync(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        for number in range(5):
            yield f"{number},"

    return StreamingHttpResponse(parts())


async def stream_async(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        for number in range(5):
            await asyncio.sleep(0)
            yield f"{number},"

    return StreamingHttpResponse(parts())


async def stream_for_ever(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(0.01)
        finally:
            SEEN["streams_closed"] += 1

    return StreamingHttpResponse(parts(), content_type="text/event-stream")


class OnlyGet(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("got")


@csrf_exempt
def form(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"method": request.method, "fields": dict(request.POST.lists())})


@csrf_exempt
def upload(request: HttpRequest) -> JsonResponse:
    uploaded = request.FILES["file"]
    digest = hashlib.sha256()
    for chunk in uploaded.chunks():
        digest.update(chunk)
    answer = {"name": uploaded.name, "size": uploaded.size, "sha256": digest.hexdigest()}
    return JsonResponse(answer)


def fail_sync(request: HttpRequest) -> HttpResponse:
    raise ValueError("sync view failed on purpose")


async def fail_async(request: HttpRequest) -> HttpResponse:
    raise ValueError("async view failed on purpose")


def session(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


async def whoami(request: HttpRequest) -> HttpResponse:
    # Django 4.2 has no request.auser().
    return HttpResponse(await sync_to_async(lambda: request.user.username)())


def file(request: HttpRequest) -> HttpResponseBase:
    return FileResponse(pathlib.Path(__file__).open("rb"))


async def seen(request: HttpRequest) -> JsonResponse:
    return JsonResponse(SEEN)


class CountedResponse(HttpResponse):
    """Counts its close(), which Django calls at the end of the request."""

    def close(self) -> None:
        SEEN["responses_closed"] += 1
        super().close()


def counted(request: HttpRequest) -> HttpResponse:
    return CountedResponse("counted")


async def wait_for_ever(request: HttpRequest) -> HttpResponse:
    SEEN["waiting"] = SEEN.get("waiting", 0) + 1
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        SEEN["cancelled"] += 1
        raise
    return HttpResponse("never")


async def context(request: HttpRequest) -> HttpResponse:
    """The context that an earlier request has left; it must be empty."""
    before = NOTE.get()
    NOTE.set("left behind")
    return HttpResponse(before)


async def threads(request: HttpRequest) -> JsonResponse:
    """The threads of the "thread-sensitive" calls within one request."""
    idents = [await sync_to_async(threading.get_ident)() for _ in range(5)]
    return JsonResponse({"threads": idents})


_opened = 0  # database connections of this process so far


@receiver(connection_created)
def _count_connection(**_: Any) -> None:
    global _opened
    _opened += 1


def thread_and_connections(request: HttpRequest) -> JsonResponse:
    User.objects.exists()
    return JsonResponse({"thread": threading.current_thread().name, "opened": _opened})


def connections_open(request: HttpRequest) -> JsonResponse:
    """The number of open database files of this process, including this request's own."""
    User.objects.exists()
    database = str(settings.DATABASES["default"]["NAME"])
    paths = [os.path.realpath(path) for path in pathlib.Path("/proc/self/fd").iterdir()]
    return JsonResponse({"count": sum(path.startswith(database) for path in paths)})


def cookies_sent(request: HttpRequest) -> JsonResponse:
    return JsonResponse(request.COOKIES)


def cookies(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("cookies")
    for name in ("one", "two", "three"):
        response.set_cookie(name, f"value of {name}")
    return response


@csrf_exempt
def where_the_upload_is(request: HttpRequest) -> JsonResponse:
    uploaded = request.FILES["file"]
    return JsonResponse({"spooled": hasattr(uploaded, "temporary_file_path")})


def compressible(request: HttpRequest) -> HttpResponse:
    if "streamed" in request.GET:
        return StreamingHttpResponse(b"0123456789" for _ in range(1000))
    return HttpResponse("0123456789" * 1000)
