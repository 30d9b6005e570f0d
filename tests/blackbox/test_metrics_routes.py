"""The metrics of requests have the route of the application."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import httpx
from support.metrics import ADDRESS, Scrape, scrape
from support.server import ServerProcess
from support.waiting import eventually

Start = Callable[..., ServerProcess]

DJANGO = """
import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", INSTALLED_APPS=[])
django.setup()

def plain(request, **arguments):
    return HttpResponse("plain")

async def on_loop(request, **arguments):
    return HttpResponse("loop")

def stream(request):
    return StreamingHttpResponse(iter(["a", "b"]))

def fails(request):
    raise ValueError("on purpose")

urlpatterns = [
    path("", plain),
    path("articles/", include([path("<int:year>/", plain), path("<slug:name>/", on_loop)])),
    re_path(r"^old/(?P<id>\\d+)$", plain),
    path("stream/", stream),
    path("fails/", fails),
]
application = get_asgi_application()
"""

FASTAPI = """
from fastapi import FastAPI

application = FastAPI()

@application.get("/items/{number}")
async def item(number: int):
    return number
"""


def requests(page: Scrape) -> dict[tuple[str, str], float | None]:
    """By route and status."""
    name = "sioserve_http_requests_total"
    return {
        (labels["route"], labels["status"]): page.value(name, **labels)
        for labels in page.labels(name)
    }


def start(
    start_server: Start, folder: pathlib.Path, code: str, *arguments: str
) -> tuple[ServerProcess, httpx.Client]:
    (folder / "project_with_routes.py").write_text(code)
    server = start_server("project_with_routes:application", *ADDRESS, *arguments, cwd=folder)
    return server, httpx.Client(base_url=server.url, timeout=60)


def test_routes_of_a_django_project(start_server: Start, tmp_path: pathlib.Path) -> None:
    server, client = start(start_server, tmp_path, DJANGO)
    for path in ("/", "/articles/1999/", "/articles/2001/", "/articles/a-name/", "/old/7"):
        assert client.get(path).status_code == 200
    assert client.get("/stream/").text == "ab"
    assert client.get("/fails/").status_code == 500
    assert client.get("/nothing/").status_code == 404
    expected = {
        ("/", "200"): 1,
        ("/articles/<int:year>/", "200"): 2,
        ("/articles/<slug:name>/", "200"): 1,
        ("/^old/(?P<id>\\d+)$", "200"): 1,
        ("/stream/", "200"): 1,
        ("/fails/", "500"): 1,
        ("", "404"): 1,
    }
    eventually(lambda: requests(scrape(server)) == expected)


def test_routes_reach_the_io_process(start_server: Start, tmp_path: pathlib.Path) -> None:
    server, client = start(start_server, tmp_path, DJANGO, "--workers", "1")
    client.get("/articles/1999/")
    eventually(lambda: requests(scrape(server)) == {("/articles/<int:year>/", "200"): 1})


def test_djangos_own_handler_tells_no_route(start_server: Start, tmp_path: pathlib.Path) -> None:
    server, client = start(start_server, tmp_path, DJANGO, "--django-handler", "stock")
    client.get("/articles/1999/")
    eventually(lambda: requests(scrape(server)) == {("", "200"): 1})


def test_routes_of_fastapi(start_server: Start, tmp_path: pathlib.Path) -> None:
    server, client = start(start_server, tmp_path, FASTAPI)
    client.get("/items/7")
    client.get("/items/8")
    client.get("/nothing")
    expected = {("/items/{number}", "200"): 2, ("", "404"): 1}
    eventually(lambda: requests(scrape(server)) == expected)


def test_the_route_in_a_scope_may_be_anything(start_server: Start, tmp_path: pathlib.Path) -> None:
    code = """
async def application(scope, receive, send):
    assert scope["type"] == "http"
    scope["route"] = {"/object": object(), "/text": "text", "/none": None}[scope["path"]]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"ok"})
"""
    server, client = start(start_server, tmp_path, code)
    for path in ("/object", "/text", "/none"):
        assert client.get(path).text == "ok"
    eventually(lambda: requests(scrape(server)) == {("", "200"): 3})
