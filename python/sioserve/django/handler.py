"""Handler: serves the requests to a Django project, instead of Django's ASGIHandler."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.urls import get_resolver
from django.utils.module_loading import import_string

from sioserve.django.async_requests import AsyncRequest, refuse
from sioserve.django.found_view import Match, find_view, keep_match, path_info, take_match
from sioserve.django.loop_safe import is_safe_view_hook
from sioserve.django.made_response import keep_response, response_in_thread
from sioserve.django.middleware import AsyncChain, Junction, runs_on_loop, serve_on_loop
from sioserve.django.sync_requests import SyncRequest
from sioserve.django.urlconf import import_urlconf
from sioserve.request_threads import thread_of_request


class Handler(ASGIHandler):
    """The middleware is constructed once, in its synchronous form, and used for both kinds of
    views. What observers of ASGIHandler patch (`__call__`, `get_response`, `get_response_async`,
    `load_middleware`, `make_view_atomic`) is called as in Django.

    With middleware that is only asynchronous, the object becomes an ASGIHandler.
    """

    # Which one serves, in words for the log; of the last handler made.
    chosen: str | None = None

    def load_middleware(self, is_async: bool = False) -> None:
        if name := _only_async_middleware():
            Handler.chosen = (
                f"Django's own handler: {name} is asynchronous only "
                "(docs/django.md#views-middleware-and-threads)"
            )
            self.__class__ = ASGIHandler  # type: ignore[assignment]
            self.load_middleware(is_async=True)
            return
        Handler.chosen = "sioserve's handler"
        self._junctions: list[Junction] = []  # innermost first
        super().load_middleware(is_async=False)
        synchronous = self._middleware_chain
        asynchronous = AsyncChain(self._junctions, synchronous, self._get_response_async)

        def chain(request: Any) -> Any:
            return asynchronous(request) if runs_on_loop(request) else synchronous(request)

        self._middleware_chain = chain

    def adapt_method_mode(
        self,
        is_async: bool,
        method: Any,
        method_is_async: bool | None = None,
        debug: bool = False,
        name: str | None = None,
    ) -> Any:
        """Django calls this for what a middleware gets as `get_response`, with that name."""
        adapted = super().adapt_method_mode(is_async, method, method_is_async, debug, name)
        if name is not None and name.startswith("middleware "):
            junction = Junction(adapted)
            self._junctions.append(junction)
            return junction.call
        return adapted

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        prefix = settings.FORCE_SCRIPT_NAME or scope.get("root_path") or ""
        match = await self._find_view(path_info(scope, prefix))
        thread = thread_of_request()
        if thread is not None and (match is None or not iscoroutinefunction(match.view.func)):
            await SyncRequest(self, scope, body, match, thread, prefix).serve(receive, send)
            return
        request, refusal = self.create_request(scope, body)
        if request is None:
            body.close()
            await refuse(refusal, scope, send)
            return
        if match is not None:
            keep_match(request, match)
        serve_on_loop(request)
        await AsyncRequest(self, request, prefix).serve(receive, send)

    async def read_body(self, receive: Any) -> Any:
        """A file. A short body needs no temporary file."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        if not message.get("more_body"):
            return BytesIO(message.get("body", b""))
        first = [message]

        async def receive_again() -> Any:
            return first.pop() if first else await receive()

        return await super().read_body(receive_again)

    def resolve_request(self, request: Any) -> Any:
        """The view, looked up once if the middleware has not changed what it depends on."""
        match = take_match(request)
        if match is None:
            return super().resolve_request(request)
        request.resolver_match = match.view
        return match.view

    async def _find_view(self, path: str) -> Match | None:
        """The view whose kind tells where the request runs; None if there is none, which is the
        answer to the request. It may be wrong, as middleware may change the request: then the view
        is called as Django's other handlers do.
        """
        if "url_patterns" not in get_resolver().__dict__:
            await sync_to_async(import_urlconf, thread_sensitive=False)()
        return find_view(path)

    async def _get_response_async(self, request: Any) -> Any:
        """What is inside of all middleware, as BaseHandler has it."""
        callback, args, kwargs = self.resolve_request(request)
        response = await self._process_view(request, callback, args, kwargs)
        if response is None:
            view = self.make_view_atomic(callback)
            if not iscoroutinefunction(view):
                view = response_in_thread(view, request)
            try:
                response = await view(request, *args, **kwargs)
            except Exception as error:
                response = await self._after_exception(error, request)
            keep_response(request, response)
        self.check_response(response, callback)
        if hasattr(response, "render") and callable(response.render):
            response = await self._render(request, response)
        return response

    async def _process_view(self, request: Any, *view: Any) -> Any:
        """The middleware's `process_view`: from the first one that may block, on the thread."""
        for number, method in enumerate(self._view_middleware):
            if not is_safe_view_hook(method, request):
                return await response_in_thread(_first_response, request)(
                    self._view_middleware[number:], request, *view
                )
            if response := method(request, *view):
                return response
        return None

    async def _after_exception(self, error: Exception, request: Any) -> Any:
        if not self._exception_middleware:
            raise error
        process = response_in_thread(self.process_exception_by_middleware, request)
        response = await process(error, request)
        if response is None:
            raise error
        return response

    async def _render(self, request: Any, response: Any) -> Any:
        for method in self._template_response_middleware:
            response = await response_in_thread(method, request)(request, response)
            self.check_response(
                response, method, name=f"{type(method.__self__).__name__}.process_template_response"
            )
        try:
            if iscoroutinefunction(response.render):
                return await response.render()
            return await response_in_thread(response.render, request)()
        except Exception as error:
            return await self._after_exception(error, request)


def _first_response(methods: list[Callable[..., Any]], request: Any, *view: Any) -> Any:
    for method in methods:
        if response := method(request, *view):
            return response
    return None


def _only_async_middleware() -> str | None:
    """The path of the first middleware that cannot be called synchronously."""
    for path in settings.MIDDLEWARE:
        middleware = import_string(path)
        if not getattr(middleware, "sync_capable", True) and getattr(
            middleware, "async_capable", False
        ):
            return str(path)
    return None
