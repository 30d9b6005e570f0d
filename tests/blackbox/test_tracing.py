"""W3C Trace Context: in the access log, as the request id, and for OpenTelemetry."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable

import httpx
import pytest
from support.server import ServerProcess
from support.waiting import eventually

Start = Callable[..., ServerProcess]

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"

OVER_ASGI = """
import json
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider())

def current():
    span = trace.get_current_span()
    return {
        "trace": format(span.get_span_context().trace_id, "032x"),
        "parent": format(span.parent.span_id, "016x"),
        "attributes": {key: str(value) for key, value in span.attributes.items()},
    }

async def answer(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(current()).encode()})

application = OpenTelemetryMiddleware(answer)
"""

OVER_DJANGO = (
    OVER_ASGI
    + """
import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import JsonResponse
from django.urls import path
from opentelemetry.instrumentation.django import DjangoInstrumentor

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", INSTALLED_APPS=[], MIDDLEWARE=[]
)
DjangoInstrumentor().instrument()
django.setup()

def plain(request):
    return JsonResponse(current())

async def on_loop(request):
    return JsonResponse(current())

urlpatterns = [path("plain/", plain), path("loop/", on_loop)]
application = get_asgi_application()
"""
)


@pytest.mark.parametrize(
    ("code", "paths"),
    [(OVER_ASGI, ["/"]), (OVER_DJANGO, ["/plain/", "/loop/"])],
    ids=["asgi", "django"],
)
def test_opentelemetry_continues_the_trace(
    start_server: Start, tmp_path: pathlib.Path, code: str, paths: list[str]
) -> None:
    (tmp_path / "traced.py").write_text(code)
    server = start_server("traced:application", cwd=tmp_path)
    for path in paths:
        answer = httpx.get(f"{server.url}{path}", headers={"traceparent": TRACEPARENT}).json()
        assert answer["trace"] == TRACE
        assert answer["parent"] == SPAN
        assert answer["attributes"]["http.method"] == "GET"


def test_the_access_log_has_the_trace(start_server: Start, tmp_path: pathlib.Path) -> None:
    log = tmp_path / "access.log"
    server = start_server("plain:application", "--access-log", str(log), "--access-log-json")
    httpx.get(f"{server.url}/hello", headers={"traceparent": TRACEPARENT})
    httpx.get(f"{server.url}/hello", headers={"traceparent": "nonsense"})
    eventually(lambda: log.read_text().count("\n") == 2)
    first, second = map(json.loads, log.read_text().splitlines())
    assert (first["trace_id"], first["span_id"]) == (TRACE, SPAN)
    assert (second["trace_id"], second["span_id"]) == (None, None)
    assert first["request_id"] != TRACE, "not from a trusted proxy"


def test_a_line_of_ones_own_format_has_the_trace(
    start_server: Start, tmp_path: pathlib.Path
) -> None:
    log = tmp_path / "access.log"
    format_ = "%(trace_id)s %(span_id)s"
    server = start_server(
        "plain:application", "--access-log", str(log), "--access-log-format", format_
    )
    httpx.get(f"{server.url}/hello", headers={"traceparent": TRACEPARENT})
    httpx.get(f"{server.url}/hello")
    assert eventually(lambda: log.read_text().count("\n") == 2 and log.read_text()) == (
        f"{TRACE} {SPAN}\n- -\n"
    )


def test_the_trace_of_a_trusted_proxy_is_the_request_id(start_server: Start) -> None:
    server = start_server("plain:application", "--proxy-headers", "--request-id-header", "X-Id")
    headers = {"traceparent": TRACEPARENT}
    assert httpx.get(f"{server.url}/hello", headers=headers).headers["x-id"] == TRACE
    headers["x-request-id"] = "from-the-proxy"
    assert httpx.get(f"{server.url}/hello", headers=headers).headers["x-id"] == "from-the-proxy"


def test_the_trace_of_any_other_client_is_not(start_server: Start) -> None:
    server = start_server("plain:application", "--request-id-header", "X-Id")
    answer = httpx.get(f"{server.url}/hello", headers={"traceparent": TRACEPARENT})
    assert answer.headers["x-id"] != TRACE
