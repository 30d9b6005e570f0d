"""How the server calls a Django project."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.handlers import asgi
from django.urls import get_resolver
from sio.sync_calls import locals_belong_to_tasks
from sio.threads import Threads

from sioserve.django.direct_requests import DirectRequest
from sioserve.django.found_view import find_view, path_info
from sioserve.django.handler import Handler
from sioserve.request_threads import RequestThread, serve_with_threads
from sioserve.thread_watch import ThreadWatch

# As Django has it, if no tool has replaced it before.
ASGI_CALL = asgi.ASGIHandler.__call__
IS_DJANGOS = getattr(getattr(ASGI_CALL, "__code__", None), "co_filename", None) == asgi.__file__


def serve_django(application: Any, threads: Threads) -> Callable[[Any, Any, Any], Any]:
    """The ASGI application, whose requests use these threads.

    It returns a coroutine, or a DirectRequest: for a synchronous view, if nothing is between the
    server and Django.
    """
    serve_in_task = serve_with_threads(application, threads)
    handler = _handler_behind(application)
    if handler is None or locals_belong_to_tasks():
        return serve_in_task
    watch = ThreadWatch(threads)

    def serve(scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] != "http" or not _is_as_made(handler) or not _has_urls():
            return serve_in_task(scope, receive, send)
        prefix = settings.FORCE_SCRIPT_NAME or scope.get("root_path") or ""
        match = find_view(path_info(scope, prefix))
        if match is not None and iscoroutinefunction(match.view.func):
            return serve_in_task(scope, receive, send)
        message = _next_message(receive)
        if message is None:
            return serve_in_task(scope, receive, send)
        if message["type"] != "http.request" or message.get("more_body"):
            return serve_in_task(scope, _with_first(message, receive), send)
        body = BytesIO(message.get("body", b""))
        thread = RequestThread(threads, watch)
        return DirectRequest(handler, scope, body, match, thread, prefix, receive, send)

    return serve


def _handler_behind(application: Any) -> Handler | None:
    """The handler that the application calls for HTTP, if it does nothing else with a request."""
    if type(application) is Handler:
        return application
    routing = sys.modules.get("channels.routing")
    if routing is not None and type(application) is routing.ProtocolTypeRouter:
        return _handler_behind(application.application_mapping.get("http"))
    return None


def _has_urls() -> bool:
    """Whether the URLconf has been imported, which may take long."""
    return "url_patterns" in vars(get_resolver())


def _is_as_made(handler: Handler) -> bool:
    """Whether nothing observes the calls that a DirectRequest leaves out. Some tools replace
    methods of ASGIHandler to see each request.
    """
    return IS_DJANGOS and asgi.ASGIHandler.__call__ is ASGI_CALL and type(handler) is Handler


def _next_message(receive: Any) -> Any:
    """What receive() returns, if it is there; otherwise None."""
    waiting = receive()
    try:
        waiting.send(None)
    except StopIteration as stop:
        return stop.value
    waiting.close()
    return None


def _with_first(message: Any, receive: Any) -> Callable[[], Any]:
    """A `receive` that returns the message first."""
    first = [message]

    async def receive_again() -> Any:
        return first.pop() if first else await receive()

    return receive_again
