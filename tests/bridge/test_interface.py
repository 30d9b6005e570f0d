"""How the ASGI version of an application is detected."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.compatibility import double_to_single_callable
from sioserve.interface import single_callable

CALL = ("scope", "receive", "send")


async def coroutine_function(scope: Any, receive: Any, send: Any) -> Any:
    return scope, receive, send


def plain_function(scope: Any, receive: Any, send: Any) -> Any:
    return coroutine_function(scope, receive, send)


def with_defaults(scope: Any, receive: Any, send: Any, extra: int = 0) -> Any:
    return coroutine_function(scope, receive, send)


class PlainCall:
    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        return coroutine_function(scope, receive, send)

    def method(self, scope: Any, receive: Any, send: Any) -> Any:
        return coroutine_function(scope, receive, send)


class Awaitable:
    """An application whose instances are awaited."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.arguments = scope, receive, send

    def __await__(self) -> Any:
        return coroutine_function(*self.arguments).__await__()


class SecondVersion:
    def __init__(self, scope: Any) -> None:
        self.scope = scope

    async def __call__(self, receive: Any, send: Any) -> Any:
        return self.scope, receive, send


def second_version(scope: Any) -> Any:
    return SecondVersion(scope)


@functools.wraps(plain_function)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    return plain_function(*args, **kwargs)


def any_arguments(*args: Any, **kwargs: Any) -> Any:
    return plain_function(*args, **kwargs)


class SecondVersionOfAnyArguments(SecondVersion):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)


def partial_of_three(settings: Any, scope: Any, receive: Any, send: Any) -> Any:
    return coroutine_function(scope, receive, send)


APPLICATIONS: dict[str, Callable[..., Any]] = {
    "a coroutine function": coroutine_function,
    "a plain function": plain_function,
    "a function with a default": with_defaults,
    "an object with a plain __call__": PlainCall(),
    "a method": PlainCall().method,
    "a class of awaitables": Awaitable,
    "a wrapped function": wrapped,
    "a function of any arguments": any_arguments,
    "a class of ASGI 2 with any arguments": SecondVersionOfAnyArguments,
    "a lambda": lambda scope, receive, send: coroutine_function(scope, receive, send),
    "a partial function": functools.partial(partial_of_three, None),
    "a class of ASGI 2": SecondVersion,
    "a function of ASGI 2": second_version,
    "ASGI 2, wrapped": double_to_single_callable(SecondVersion),
}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_every_form_of_application_becomes_one_call_with_three_arguments(name: str) -> None:
    application = single_callable(APPLICATIONS[name])

    async def run() -> Any:
        return await application(*CALL)

    assert asyncio.run(run()) == CALL
