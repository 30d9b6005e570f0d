"""What the application has loaded at the start does not slow its requests down."""

from __future__ import annotations

import pathlib
import textwrap

import httpx
import pytest
from support.server import ServerProcess

PROJECT = """
    from django.conf import settings
    from django.core.asgi import get_asgi_application

    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="urls", SECRET_KEY="key")
    application = get_asgi_application()
"""
URLCONF = """
    import gc

    from django.http import HttpResponse
    from django.urls import path

    print("the URLconf is imported", flush=True)

    class Marked(list):
        pass

    marked = Marked()

    def is_frozen(request):
        visited = any(one is marked for one in gc.get_objects())
        return HttpResponse(str(not visited))

    urlpatterns = [path("is-frozen", is_frozen)]
"""


@pytest.fixture
def project(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "project.py").write_text(textwrap.dedent(PROJECT))
    (tmp_path / "urls.py").write_text(textwrap.dedent(URLCONF))
    return tmp_path


@pytest.mark.parametrize("arguments", [(), ("--django-handler", "stock"), ("--workers", "2")])
def test_the_garbage_collector_does_not_visit_the_urlconf(
    project: pathlib.Path, arguments: tuple[str, ...]
) -> None:
    server = ServerProcess("project:application", *arguments, cwd=project).start()
    try:
        assert httpx.get(f"{server.url}/is-frozen").text == "True"
    finally:
        server.stop()


def test_the_urlconf_is_imported_before_requests(project: pathlib.Path) -> None:
    server = ServerProcess("project:application", cwd=project).start()
    try:
        server.wait_for_log("the URLconf is imported")
    finally:
        server.stop()


def test_a_broken_urlconf_is_shown_by_requests(project: pathlib.Path) -> None:
    with (project / "urls.py").open("a") as file:
        file.write("\nraise RuntimeError('no views today')\n")
    server = ServerProcess("project:application", cwd=project).start()
    try:
        assert httpx.get(f"{server.url}/is-frozen").status_code == 500
        server.wait_for_log("no views today")
    finally:
        server.stop()
