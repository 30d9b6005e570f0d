"""A Django project whose synchronous views and handlers wait until /release."""

from __future__ import annotations

import os
import sys
import threading
import urllib.request
from typing import Any

import sio
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

settings.configure(
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[], USE_TZ=True
)

released = threading.Event()
handlers: set[str] = set()  # threads of handlers


def hold(request: Any) -> HttpResponse:
    released.wait(60)
    return HttpResponse("held")


def hello(request: Any) -> HttpResponse:
    return HttpResponse("hello")


def calls_itself(request: Any) -> HttpResponse:
    host = request.get_host()

    def call() -> None:
        with urllib.request.urlopen(f"http://{host}/hello", timeout=60) as answer:
            assert answer.read() == b"hello"
            released.set()

    threading.Thread(target=call, daemon=True).start()
    released.wait(60)
    return HttpResponse("called")


def fork(request: Any, status: str) -> HttpResponse:
    child = os.fork()
    if child == 0 and status != "0":
        sys.exit(int(status))
    return HttpResponse(str(child))


def status_of(child: int) -> str:
    pid, status = os.waitpid(child, os.WNOHANG)
    return str(os.waitstatus_to_exitcode(status)) if pid else "runs"


async def reap(request: Any, child: int) -> HttpResponse:
    return HttpResponse(status_of(child))


async def release(request: Any) -> HttpResponse:
    released.set()
    return HttpResponse("released")


async def counts(request: Any) -> HttpResponse:
    names = {thread.name for thread in threading.enumerate()}
    own = sum(name.startswith("sioserve-") for name in names)
    found = sio.get_socketio_server().counts()
    return JsonResponse({**found, "threads": own, "handlers": len(handlers)})


urlpatterns = [
    path("hold", hold),
    path("hello", hello),
    path("calls-itself", calls_itself),
    path("fork/<status>", fork),
    path("reap/<int:child>", reap),
    path("release", release),
    path("counts", counts),
]

application = get_asgi_application()


@sio.register
class Waiting(sio.SocketIOConsumer):
    """Plain `def` handlers."""

    namespace = "/waiting"

    def event_wait(self, socket: Any) -> str:
        handlers.add(threading.current_thread().name)
        released.wait(60)
        return "waited"
