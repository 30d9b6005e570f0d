"""One view."""

import django
from django.http import HttpRequest, HttpResponse
from django.urls import path


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"hello from Django {django.get_version()}")


urlpatterns = [path("", hello)]
