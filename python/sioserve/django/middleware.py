"""One set of middleware objects for two kinds of requests.

Django constructs middleware for synchronous or for asynchronous requests. Here it is constructed
once, synchronously, and the request says how it is served. A synchronous one goes through the chain
as Django has built it. An asynchronous one goes through an AsyncChain of the same objects:

* Middleware that has only hooks (`process_request`, `process_response`: MiddlewareMixin's own
  `__call__`) is a step. Steps beside each other make a Run. What cannot block is called on the
  event loop; from the first hook that may block, the rest of the run goes to the thread at once.
* Other middleware calls `get_response` itself. It is called on the thread of the request, and waits
  there for the inner part, which runs on the event loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import async_to_sync
from django.core.handlers import exception
from django.utils.deprecation import MiddlewareMixin

from sioserve.django.loop_safe import safe_hooks
from sioserve.django.made_response import keep_response, response_in_thread, work_in_thread

AsyncHandler = Callable[[Any], Awaitable[Any]]


def serve_on_loop(request: Any) -> None:
    """Mark the request: its view is called on the event loop."""
    request._sioserve_on_loop = True


def runs_on_loop(request: Any) -> bool:
    return "_sioserve_on_loop" in request.__dict__


class Junction:
    """A middleware object has its `call` as `get_response`."""

    def __init__(self, following: Callable[[Any], Any]) -> None:
        self.following = following
        self.asynchronous: AsyncHandler | None = None

        # A function, because Python calls functions faster than methods and objects.
        def call(request: Any) -> Any:
            if "_sioserve_on_loop" in request.__dict__ and self.asynchronous is not None:
                return async_to_sync(self.asynchronous)(request)
            return following(request)

        self.call = call


class AsyncChain:
    """The middleware around a view, for asynchronous requests."""

    def __init__(
        self, junctions: list[Junction], outermost: Callable[[Any], Any], view: AsyncHandler
    ) -> None:
        """`junctions`: innermost first; `outermost`: what Django has made of the chain."""
        handler: AsyncHandler = _View(view)
        for middleware, junction in _levels(junctions, outermost):
            junction.asynchronous = handler
            if not _is_step(middleware):
                handler = _Caller(middleware)
            elif isinstance(handler, _Run):
                handler.add_outside(middleware)
            else:
                handler = _Run(middleware, handler)
        self._handler = handler

    def __call__(self, request: Any) -> Awaitable[Any]:
        return self._handler(request)


def _levels(
    junctions: list[Junction], outermost: Callable[[Any], Any]
) -> list[tuple[Any, Junction]]:
    """The middleware objects with their junctions, innermost first.

    Django wraps each object in convert_exception_to_response(), which names it as `__wrapped__`.
    Where a middleware was not used (MiddlewareNotUsed), the next junction follows the same handler.
    """
    handlers = [junction.following for junction in junctions] + [outermost]
    return [
        (getattr(handler, "__wrapped__", handler), junction)
        for junction, handler in zip(junctions, handlers[1:], strict=True)
        if handler is not junction.following
    ]


def _is_step(middleware: Any) -> bool:
    if _is_wrapped_by_sentry(middleware):
        middleware = middleware._inner  # its hooks are called through Sentry's object
    return (
        isinstance(middleware, MiddlewareMixin)
        and type(middleware).__call__ is MiddlewareMixin.__call__
        and type(middleware).__acall__ is MiddlewareMixin.__acall__  # type: ignore[attr-defined]
    )


def _is_wrapped_by_sentry(middleware: Any) -> bool:
    """Sentry's object measures the hooks, and has the name of the middleware's class."""
    inner = type(getattr(middleware, "_inner", None))
    own = type(middleware)
    return own is not inner and (own.__module__, own.__qualname__) == (
        inner.__module__,
        inner.__qualname__,
    )


class _View:
    """The innermost part; its exceptions become responses, as around each middleware."""

    def __init__(self, get_response: AsyncHandler) -> None:
        self._get_response = get_response

    async def __call__(self, request: Any) -> Any:
        try:
            response = await self._get_response(request)
        except Exception as error:
            return await response_in_thread(_response_for, request)(request, error)
        keep_response(request, response)
        return response


class _Caller:
    """A middleware object that calls `get_response` itself."""

    def __init__(self, middleware: Callable[[Any], Any]) -> None:
        self._middleware = middleware

    async def __call__(self, request: Any) -> Any:
        return await response_in_thread(self._call, request)(request)

    def _call(self, request: Any) -> Any:
        try:
            return self._middleware(request)
        except Exception as error:
            return _response_for(request, error)


class _Run:
    """Middleware objects that have only hooks, beside each other."""

    def __init__(self, middleware: Any, following: AsyncHandler) -> None:
        self._steps = [middleware]  # outermost first
        self._safe = [safe_hooks(middleware)]
        self._following = following

    def add_outside(self, middleware: Any) -> None:
        self._steps.insert(0, middleware)
        self._safe.insert(0, safe_hooks(middleware))

    async def __call__(self, request: Any) -> Any:
        response, depth = await self._process_request(request)
        if response is None:
            response, depth = await self._following(request), len(self._steps)
        return await self._process_response(request, response, depth)

    async def _process_request(self, request: Any) -> tuple[Any, int]:
        """A response and the number of steps that will process it; None to go on."""
        for number, step in enumerate(self._steps):
            if not self._safe[number].process_request:
                return await work_in_thread(self._go_in, request)(request, number)
            try:
                response = _process_request(step, request)
            except Exception as error:
                return await response_in_thread(_response_for, request)(request, error), number
            if response:
                keep_response(request, response)
                return response, number + 1  # the step's own process_response() sees it too
        return None, 0

    def _go_in(self, request: Any, start: int) -> tuple[Any, int]:
        """On the thread: the rest of _process_request()."""
        for number in range(start, len(self._steps)):
            try:
                response = _process_request(self._steps[number], request)
            except Exception as error:
                response = _response_for(request, error)
                keep_response(request, response)
                return response, number
            if response:
                keep_response(request, response)
                return response, number + 1
        return None, 0

    async def _process_response(self, request: Any, response: Any, depth: int) -> Any:
        for number in reversed(range(depth)):
            step = self._steps[number]
            if not self._safe[number].process_response(request, response):
                go_out = response_in_thread(self._go_out, request)
                return await go_out(request, response, number + 1)
            try:
                response = _process_response(step, request, response)
            except Exception as error:
                response = await response_in_thread(_response_for, request)(request, error)
            keep_response(request, response)
        return response

    def _go_out(self, request: Any, response: Any, depth: int) -> Any:
        """On the thread: the rest of _process_response()."""
        for step in reversed(self._steps[:depth]):
            try:
                response = _process_response(step, request, response)
            except Exception as error:
                response = _response_for(request, error)
        return response


def _response_for(request: Any, error: Exception) -> Any:
    # Looked up each time: Sentry replaces it.
    return exception.response_for_exception(request, error)


def _process_request(step: Any, request: Any) -> Any:
    return step.process_request(request) if hasattr(step, "process_request") else None


def _process_response(step: Any, request: Any, response: Any) -> Any:
    if hasattr(step, "process_response"):
        return step.process_response(request, response)
    return response
