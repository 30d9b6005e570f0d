"""The chat's pages."""

from __future__ import annotations

import asyncio
import threading

from django.http import HttpRequest, HttpResponse, JsonResponse

from chat.models import Message


def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the chat, version one")


def messages(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"messages": list(Message.objects.values_list("text", flat=True))})


async def messages_async(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"messages": [message.text async for message in Message.objects.all()]})


def archived(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"count": Message.objects.using("archive").count()})


def fail(request: HttpRequest) -> HttpResponse:
    raise ValueError("failed on purpose")


async def slow(request: HttpRequest) -> HttpResponse:
    """Never answers."""
    await asyncio.Event().wait()
    return HttpResponse()


def stuck(request: HttpRequest) -> HttpResponse:
    """Never returns from its thread."""
    threading.Event().wait()
    return HttpResponse()


async def blocked(request: HttpRequest) -> HttpResponse:
    """Blocks the event loop."""
    threading.Event().wait()
    return HttpResponse()


def prefix(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.build_absolute_uri("/here"))
