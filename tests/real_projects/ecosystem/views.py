"""Views of the project: each notes its number with the package that observes it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import recorded
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template import engines
from django.urls import include, path

PAGE = "<html><body><h1>{{ number }} {{ groups }} {{ request.htmx.target }}</h1></body></html>"


def always(request: Any) -> bool:
    return "recorded" not in request.path


def note(number: int, where: str) -> None:
    if recorded.VARIANT == "sentry":
        import sentry_sdk

        sentry_sdk.set_tag(f"number-{where}", number)
        sentry_sdk.add_breadcrumb(message=f"crumb {where} {number}")
    elif recorded.VARIANT == "structlog":
        import structlog

        structlog.contextvars.bind_contextvars(number=number)
        structlog.get_logger().info(f"note {where}")


@contextlib.contextmanager
def span(name: str, number: int) -> Any:
    if recorded.VARIANT == "sentry":
        import sentry_sdk

        with sentry_sdk.start_span(op="own", name=f"{name} {number}"):
            yield
    elif recorded.VARIANT.startswith("opentelemetry"):
        from opentelemetry import trace

        with trace.get_tracer("project").start_as_current_span(f"{name} {number}"):
            yield
    else:
        yield


def work(number: int, where: str = "sync") -> int:
    with span(f"work {where}", number):
        note(number, where)
        return Group.objects.count()


async def work_async(number: int) -> int:
    with span("work async", number):
        note(number, "async")
        await asyncio.sleep(0)
        count = await Group.objects.acount()
        return count + await sync_to_async(work)(number, "below async")


def template() -> Any:
    return engines["django"].from_string(PAGE)


def sync_view(request: Any, number: int) -> HttpResponse:
    return HttpResponse(template().render({"number": number, "groups": work(number)}, request))


async def async_view(request: Any, number: int) -> HttpResponse:
    groups = await work_async(number)
    return HttpResponse(template().render({"number": number, "groups": groups}, request))


def sync_view_awaits(request: Any, number: int) -> HttpResponse:
    return HttpResponse(str(async_to_sync(work_async)(number)))


def fails(request: Any, number: int) -> HttpResponse:
    work(number)
    raise ValueError(f"number {number}")


async def fails_async(request: Any, number: int) -> HttpResponse:
    await work_async(number)
    raise ValueError(f"number {number}")


def forbidden(request: Any, number: int) -> HttpResponse:
    work(number)
    raise PermissionDenied


async def forbidden_async(request: Any, number: int) -> HttpResponse:
    await work_async(number)
    raise PermissionDenied


def stream(request: Any, number: int) -> HttpResponse:
    return StreamingHttpResponse(f"{work(number, 'stream')} " for _ in range(2))


async def stream_async(request: Any, number: int) -> HttpResponse:
    async def parts() -> Any:
        for _ in range(2):
            yield f"{await work_async(number)} "

    return StreamingHttpResponse(parts())


def records(request: Any) -> HttpResponse:
    return JsonResponse(recorded.recorded(), safe=False)


def page(request: Any, number: int) -> HttpResponse:
    return render(request, "registration/none.html", {"number": number})


urlpatterns = [
    path("sync/<int:number>", sync_view),
    path("async/<int:number>", async_view),
    path("awaits/<int:number>", sync_view_awaits),
    path("fails/<int:number>", fails),
    path("fails-async/<int:number>", fails_async),
    path("forbidden/<int:number>", forbidden),
    path("forbidden-async/<int:number>", forbidden_async),
    path("stream/<int:number>", stream),
    path("stream-async/<int:number>", stream_async),
    path("page/<int:number>", page),
    path("recorded", records),
]
if recorded.VARIANT == "toolbar":
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))
if recorded.VARIANT == "rest":
    urlpatterns.append(path("accounts/", include("allauth.urls")))
