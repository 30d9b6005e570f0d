"""The measured views."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path


def hello(request: Any) -> HttpResponse:
    return HttpResponse("hello")


async def hello_async(request: Any) -> HttpResponse:
    return HttpResponse("hello")


def orm(request: Any) -> HttpResponse:
    return HttpResponse(User.objects.get(pk=1).username)


async def orm_async(request: Any) -> HttpResponse:
    user = await User.objects.aget(pk=1)
    return HttpResponse(user.username)


def template(request: Any) -> HttpResponse:
    rows = [{"number": number, "square": number * number} for number in range(20)]
    return render(request, "page.html", {"rows": rows})


@login_required
def private(request: Any) -> HttpResponse:
    return HttpResponse(request.user.username)


urlpatterns = [
    path("hello", hello),
    path("hello-async", hello_async),
    path("orm", orm),
    path("orm-async", orm_async),
    path("template", template),
    path("private", private),
]
