"""Middleware of every kind."""

from __future__ import annotations

from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse
from django.utils.decorators import sync_and_async_middleware, sync_only_middleware
from django.utils.deprecation import MiddlewareMixin
from notes import note, values
from views import Closed


class Hooks(MiddlewareMixin):
    """All hooks; constructed once."""

    name = "hooks"

    def __init__(self, get_response: Any) -> None:
        note(f"{self.name} constructed")
        super().__init__(get_response)

    def process_request(self, request: Any) -> None:
        note(f"{self.name} request")

    def process_view(self, request: Any, callback: Any, args: Any, kwargs: Any) -> None:
        note(f"{self.name} view")

    def process_template_response(self, request: Any, response: Any) -> Any:
        note(f"{self.name} template")
        response.extra = b"by middleware"
        return response

    def process_response(self, request: Any, response: Any) -> Any:
        note(f"{self.name} response")
        return response


class OtherHooks(Hooks):
    name = "other"


class Answers(MiddlewareMixin):
    """Answers instead of the view; its own process_response() sees the answer."""

    def process_request(self, request: Any) -> HttpResponse:
        return HttpResponse("answer of middleware")

    def process_response(self, request: Any, response: Any) -> Any:
        note("answers response")
        return response


class FailsInRequest(MiddlewareMixin):
    def process_request(self, request: Any) -> None:
        raise ValueError("in process_request")

    def process_response(self, request: Any, response: Any) -> Any:
        note("not reached")
        return response


class FailsInResponse(MiddlewareMixin):
    def process_response(self, request: Any, response: Any) -> Any:
        raise ValueError("in process_response")


class HandlesException(MiddlewareMixin):
    def process_exception(self, request: Any, exception: Exception) -> HttpResponse:
        note("exception")
        return HttpResponse(f"handled {exception}")


class AnswersView(MiddlewareMixin):
    def process_view(self, request: Any, callback: Any, args: Any, kwargs: Any) -> HttpResponse:
        return HttpResponse("answer of process_view")


class NotUsed:
    def __init__(self, get_response: Any) -> None:
        raise MiddlewareNotUsed("not in this project")


@sync_only_middleware
def sync_function(get_response: Any) -> Any:
    note("function constructed")

    def middleware(request: Any) -> Any:
        note("function request")
        response = get_response(request)
        note("function response")
        response.headers["X-Function"] = "yes"
        return response

    return middleware


def _leave(when: str) -> None:
    """The client leaves, while a thread works."""
    if leave := values.get("leave"):
        leave(when)


def _leaving(when: str, *, before_the_view: bool = False) -> Any:
    @sync_only_middleware
    def factory(get_response: Any) -> Any:
        def middleware(request: Any) -> Any:
            if before_the_view:
                _leave(when)
                return get_response(request)
            response = get_response(request)
            _leave(when)
            return response

        return middleware

    return factory


leaves_before_the_view = _leaving("now", before_the_view=True)
leaves_when_it_awaits_the_view = _leaving("at async_to_sync()", before_the_view=True)
leaves_behind_the_view = _leaving("now")
leaves = _leaving("at the next await")


class LeavesInHook(MiddlewareMixin):
    def process_response(self, request: Any, response: Any) -> Any:
        _leave("at the next await")
        return response


class LeavesInView(MiddlewareMixin):
    def process_view(self, request: Any, *view: Any) -> HttpResponse:
        _leave("at the next await")
        return Closed("from process_view")


@sync_and_async_middleware
def both(get_response: Any) -> Any:
    note("both constructed")
    if iscoroutinefunction(get_response):

        async def middleware(request: Any) -> Any:
            note("both request")
            response = await get_response(request)
            note("both response")
            return response

    else:

        def middleware(request: Any) -> Any:
            note("both request")
            response = get_response(request)
            note("both response")
            return response

    return middleware


class OnlyAsync:
    sync_capable = False
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        note("async constructed")
        self._get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> Any:
        return await self._get_response(request)


class OtherPath(MiddlewareMixin):
    """Changes what the view is found by."""

    def process_request(self, request: Any) -> None:
        request.path_info = values["path_info"]


class OtherUrlconf(MiddlewareMixin):
    def process_request(self, request: Any) -> None:
        request.urlconf = "other_urls"


class CountsSubclass(MiddlewareMixin):
    """Middleware with a `__call__` of its own around that of MiddlewareMixin."""

    def __call__(self, request: Any) -> Any:
        note("call begins")
        response = super().__call__(request)
        note("call ends")
        return response

    def process_request(self, request: Any) -> None:
        note("call request")


def wrapped_as_by_sentry(middleware: Any) -> Any:
    """Sentry's integration wraps each class of MIDDLEWARE when it is imported by its path."""

    class Wrapper:
        sync_capable = getattr(middleware, "sync_capable", True)
        async_capable = getattr(middleware, "async_capable", False)

        def __init__(self, get_response: Any) -> None:
            self._inner = middleware(get_response)
            self.get_response = get_response

        def __getattr__(self, name: str) -> Any:
            if not name.startswith("process_"):
                raise AttributeError
            hook = getattr(self._inner, name)

            def observed(*args: Any) -> Any:
                note(f"observed {name}")
                return hook(*args)

            observed.__self__ = hook.__self__  # type: ignore[attr-defined]
            return observed

        def __call__(self, request: Any) -> Any:
            return self._inner(request)

    for name in ("__name__", "__module__", "__qualname__"):
        setattr(Wrapper, name, getattr(middleware, name))
    return Wrapper
