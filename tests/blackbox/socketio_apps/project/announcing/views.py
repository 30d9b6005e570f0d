"""One view for each place from which code can emit; `room` is from the query.

All of them emit "announced" with the view's name.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import sio
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import path

DONE = HttpResponse(status=204)


def announce(room: str, *what: Any) -> None:
    sio.get_socketio_server().emit("announced", *what, room=room, namespace="/lobby")


def sync_view(request: HttpRequest) -> HttpResponse:
    announce(request.GET["room"], "sync-view")
    return DONE


def awaiting_view(request: HttpRequest) -> HttpResponse:
    """As sync code did when emit() was a coroutine function."""
    server = sio.get_socketio_server()
    async_to_sync(server.emit)(
        "announced", "awaiting-view", room=request.GET["room"], namespace="/lobby"
    )
    return DONE


async def async_view(request: HttpRequest) -> HttpResponse:
    server = sio.get_socketio_server()
    await server.emit("announced", "async-view", room=request.GET["room"], namespace="/lobby")
    return DONE


async def task_view(request: HttpRequest) -> HttpResponse:
    """A task that continues after the response, and a thread of the event loop."""
    room = request.GET["room"]

    async def later() -> None:
        await asyncio.to_thread(announce, room, "task-view")

    asyncio.get_running_loop().create_task(later())
    return DONE


def thread_view(request: HttpRequest) -> HttpResponse:
    threading.Thread(target=announce, args=(request.GET["room"], "thread-view")).start()
    return DONE


async def sync_code_view(request: HttpRequest) -> HttpResponse:
    await sync_to_async(announce)(request.GET["room"], "sync-code-view")
    return DONE


def commit_view(request: HttpRequest) -> HttpResponse:
    """Events emitted on commit arrive after those emitted within the transaction."""
    room = request.GET["room"]
    with transaction.atomic():
        transaction.on_commit(lambda: announce(room, "commit-view"))
        announce(room, "within")
    return DONE


def rollback_view(request: HttpRequest) -> HttpResponse:
    """Events emitted on commit are not sent after a rollback."""
    room = request.GET["room"]
    with transaction.atomic():
        transaction.on_commit(lambda: announce(room, "never"))
        transaction.set_rollback(True)
    announce(room, "rollback-view")
    return DONE


@receiver(post_save, sender=User)
def user_saved(sender: Any, instance: User, created: bool, **kwargs: Any) -> None:
    if created and instance.last_name:
        announce(instance.last_name, "signal-view")


def signal_view(request: HttpRequest) -> HttpResponse:
    User.objects.create(username=request.GET["room"], last_name=request.GET["room"])
    return DONE


def command_view(request: HttpRequest) -> HttpResponse:
    call_command("announce", request.GET["room"])
    return DONE


def model_view(request: HttpRequest) -> HttpResponse:
    """Values of a model's fields, as read from the database."""
    user = User.objects.order_by("pk").first()
    assert user is not None
    values = {field.name: getattr(user, field.name) for field in User._meta.fields}
    announce(request.GET["room"], "model-view", values)
    return DONE


def unencodable_view(request: HttpRequest) -> HttpResponse:
    try:
        announce(request.GET["room"], {"users": [User()]})
    except TypeError as error:
        return HttpResponse(str(error), content_type="text/plain")
    return DONE


async def layer_view(request: HttpRequest) -> HttpResponse:
    """As async code for django-sio does it."""
    await send_to_layer(request.GET["room"], "layer-view")
    return DONE


def sync_layer_view(request: HttpRequest) -> HttpResponse:
    """As sync code for django-sio does it."""
    async_to_sync(send_to_layer)(request.GET["room"], "sync-layer-view")
    return DONE


async def send_to_layer(room: str, what: str) -> None:
    from channels.layers import get_channel_layer

    await get_channel_layer().group_send(
        f"sio__lobby_{room}",
        {"type": "sio.broadcast", "header": f'2/lobby,["announced","{what}"]', "attachments": []},
    )


views = [
    sync_view,
    awaiting_view,
    async_view,
    task_view,
    thread_view,
    sync_code_view,
    commit_view,
    rollback_view,
    signal_view,
    command_view,
    model_view,
    unencodable_view,
    layer_view,
    sync_layer_view,
]
urlpatterns = [path(view.__name__.replace("_", "-") + "/", view) for view in views]
