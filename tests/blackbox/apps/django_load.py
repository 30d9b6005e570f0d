"""A Django project whose views find out what earlier requests have left behind."""

from __future__ import annotations

import asyncio
import collections
import hashlib
import os
import pathlib
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.local import Local
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.core import signals
from django.core.asgi import get_asgi_application
from django.db import connection, transaction
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path
from sio.threads import threads_of

FOLDER = pathlib.Path(os.environ["LOAD_FOLDER"])
FILE = FOLDER / "file"
PART = 8192
PARTS = 20

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "db.sqlite3",
            "CONN_MAX_AGE": 60,
            "OPTIONS": {"timeout": 60},
        }
    },
    SECRET_KEY="x",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", f"{__name__}.counts"],
)

counters: collections.Counter[str] = collections.Counter()
lock = threading.Lock()
local = Local()


def count(what: str) -> None:
    with lock:
        counters[what] += 1


def counts(get_response: Any) -> Any:
    """Middleware: each response that is made must be closed."""

    def middleware(request: Any) -> Any:
        response = get_response(request)
        count("made")
        response._resource_closers.append(lambda: count("closed"))
        return response

    return middleware


signals.request_started.connect(lambda **named: count("started"), weak=False)
signals.request_finished.connect(lambda **named: count("finished"), weak=False)


def use_database(number: int) -> str:
    """The number, if nothing of another request is to be seen."""
    if connection.in_atomic_block or hasattr(local, "number"):
        count("left behind")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("insert into numbers values (%s)", [number])
        cursor.execute("delete from numbers where number = %s", [number])
    return str(number)


def sync_view(request: Any, number: int) -> HttpResponse:
    answer = use_database(number)
    local.number = number
    return HttpResponse(answer)


async def async_view(request: Any, number: int) -> HttpResponse:
    answer = await sync_to_async(use_database)(number)
    await asyncio.sleep(0)
    return HttpResponse(answer)


def awaits(request: Any, number: int) -> HttpResponse:
    return async_to_sync(async_view)(request, number)


def parts(number: int) -> Iterator[bytes]:
    for _ in range(PARTS):
        yield str(number).encode().ljust(PART)


async def async_parts(number: int) -> AsyncIterator[bytes]:
    for part in parts(number):
        await asyncio.sleep(0)
        yield part


def stream(request: Any, number: int) -> HttpResponse:
    use_database(number)
    return StreamingHttpResponse(parts(number))


async def stream_async(request: Any, number: int) -> HttpResponse:
    return StreamingHttpResponse(async_parts(number))


def stream_mixed(request: Any, number: int) -> HttpResponse:
    use_database(number)
    return StreamingHttpResponse(async_parts(number))


def upload(request: Any, number: int) -> HttpResponse:
    content = request.FILES["file"].read()
    return HttpResponse(hashlib.sha256(content).hexdigest())


def file(request: Any, number: int) -> HttpResponse:
    return FileResponse(FILE.open("rb"))


async def state(request: Any) -> HttpResponse:
    threads = threads_of(asyncio.get_running_loop())
    assert threads is not None
    return JsonResponse(
        {
            **counters,
            **threads.figures()._asdict(),
            "tasks": len(asyncio.all_tasks()),
            "alive": threading.active_count(),
            "descriptors": len(list(pathlib.Path("/proc/self/fd").iterdir())),
        }
    )


urlpatterns = [
    path("sync/<int:number>", sync_view),
    path("async/<int:number>", async_view),
    path("awaits/<int:number>", awaits),
    path("stream/<int:number>", stream),
    path("stream-async/<int:number>", stream_async),
    path("stream-mixed/<int:number>", stream_mixed),
    path("upload/<int:number>", upload),
    path("file/<int:number>", file),
    path("state", state),
]
sys.modules.setdefault("django_load", sys.modules[__name__])
FILE.write_bytes(b"file " * 100_000)
application = get_asgi_application()
with connection.cursor() as made:
    made.execute("create table if not exists numbers (number integer)")
    made.execute("pragma journal_mode=wal")
connection.close()
