"""Views of both projects."""

from __future__ import annotations

import sys

import sio
from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path


def log_in(request: HttpRequest) -> HttpResponse:
    user = authenticate(request, username=request.POST["name"], password="secret")
    login(request, user)
    request.session["visits"] = 3
    return HttpResponse(status=204)


def announce(request: HttpRequest) -> HttpResponse:
    """A sync view that emits."""
    server = sio.get_socketio_server()
    for number in range(int(request.GET["amount"])):
        server.emit("announced", number, room=request.GET["room"], namespace="/lobby")
    return HttpResponse(status=204)


def modules(request: HttpRequest) -> HttpResponse:
    return JsonResponse(sorted(sys.modules), safe=False)


urlpatterns = [
    path("log-in/", log_in),
    path("announce/", announce),
    path("modules/", modules),
    path("from/", include("announcing.views")),
]
