"""Views of the Django project that the black-box tests run."""

from __future__ import annotations

import asyncio
import hashlib
import pathlib
import threading
from collections.abc import AsyncIterator, Iterator

from django.core.signals import request_finished
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.views.decorators.csrf import csrf_exempt

SEEN = {"requests_finished": 0, "streams_closed": 0}


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
    return HttpResponse((await request.auser()).username)


def file(request: HttpRequest) -> HttpResponseBase:
    return FileResponse(pathlib.Path(__file__).open("rb"))


async def seen(request: HttpRequest) -> JsonResponse:
    return JsonResponse(SEEN)
