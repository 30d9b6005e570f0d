"""Which applications are taken for WSGI ones at the start, and which never are."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import Any

import pytest
from sioserve.wsgi import WSGI_CLASSES, is_wsgi


def simple_wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


async def simple_asgi(scope: Any, receive: Any, send: Any) -> None:
    pass


def decorated(application: Any) -> Any:
    @functools.wraps(application)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return application(*args, **kwargs)

    return inner


def decorated_without_wraps(application: Any) -> Any:
    return lambda *args: application(*args)


class Wsgi:
    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []

    def method(self, environ: Any, start_response: Any) -> list[bytes]:
        return []

    @decorated
    def decorated_method(self, environ: Any, start_response: Any) -> list[bytes]:
        return []


class DecoratedCall:
    @decorated
    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []


class Asgi:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        pass


class DecoratedAsgi:
    @decorated
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        pass


class Asgi2:
    def __init__(self, scope: Any) -> None:
        self.scope = scope

    async def __call__(self, receive: Any, send: Any) -> None:
        pass


class Variadic:
    def __call__(self, *args: Any) -> Any:
        return simple_asgi(*args)


def with_an_option(environ: Any, start_response: Any, option: Any = None) -> list[bytes]:
    return []


def with_more(environ: Any, start_response: Any, *more: Any) -> list[bytes]:
    return []


@pytest.mark.parametrize(
    "application",
    [
        simple_wsgi,
        with_an_option,
        with_more,
        decorated(simple_wsgi),
        decorated(decorated(simple_wsgi)),
        Wsgi(),
        Wsgi().method,
        Wsgi().decorated_method,
        DecoratedCall(),
        decorated(Wsgi()),
        functools.partial(with_more),
    ],
)
def test_wsgi(application: Any) -> None:
    assert is_wsgi(application)


def converted(wsgi: Any) -> Any:
    """An ASGI application that says what it was made from."""

    @functools.wraps(wsgi)
    async def inner(*args: Any) -> None:
        pass

    return inner


def converted_with_arguments(wsgi: Any) -> Any:
    @functools.wraps(wsgi)
    def inner(scope: Any, receive: Any, send: Any) -> Any:
        return simple_asgi(scope, receive, send)

    return inner


def marked(application: Any) -> Any:
    application._asgi_single_callable = True
    return application


def in_a_circle() -> Any:
    inner = decorated_without_wraps(simple_asgi)
    inner.__wrapped__ = inner
    return inner


@pytest.mark.parametrize(
    "application",
    [
        simple_asgi,
        decorated(simple_asgi),
        decorated_without_wraps(simple_asgi),
        decorated_without_wraps(simple_wsgi),  # not known, so it is not refused
        converted(simple_wsgi),
        converted_with_arguments(simple_wsgi),
        marked(decorated(simple_wsgi)),
        functools.partial(simple_asgi),
        Asgi(),
        DecoratedAsgi(),
        decorated(Asgi()),
        Asgi2,
        decorated(Asgi2),
        Variadic(),
        in_a_circle(),
        print,
        dict,
    ],
)
def test_not_wsgi(application: Any) -> None:
    assert not is_wsgi(application)


@pytest.mark.parametrize(("module", "name"), WSGI_CLASSES)
def test_the_classes_of_wsgi_frameworks(
    module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    framework = types.ModuleType(module)
    base = type(name, (), {})
    setattr(framework, name, base)
    monkeypatch.setitem(sys.modules, module, framework)

    class Project(base):  # type: ignore[misc, valid-type]
        def __call__(self, *args: Any) -> Any:
            return []

    class Both(base):  # type: ignore[misc, valid-type]
        async def __call__(self, *args: Any) -> None:
            pass

    class WithoutSignature(Project):
        __signature__ = "none"

    assert is_wsgi(Project())
    assert is_wsgi(WithoutSignature())
    assert is_wsgi(decorated(Project()))
    assert not is_wsgi(Both())


def test_the_applications_of_the_installed_frameworks() -> None:
    handlers = pytest.importorskip("django.core.handlers.wsgi")
    fastapi = pytest.importorskip("fastapi")
    starlette = pytest.importorskip("starlette.applications")
    adapter = pytest.importorskip("asgiref.wsgi").WsgiToAsgi
    assert inspect.isclass(handlers.WSGIHandler)
    assert is_wsgi(handlers.WSGIHandler.__new__(handlers.WSGIHandler))
    for application in (fastapi.FastAPI(), starlette.Starlette(), adapter(simple_wsgi)):
        assert not is_wsgi(application)
        assert not is_wsgi(decorated(application))
