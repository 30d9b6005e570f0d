"""The lifespan protocol for an application: modes, state, failures, timeouts."""

from __future__ import annotations

import asyncio
import logging
import sys
import types
from typing import Any

import pytest
from channels.routing import ProtocolTypeRouter
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.handlers.asgi import ASGIHandler
from sioserve.django.handler import Handler
from sioserve.errors import StartupError
from sioserve.lifespan import Lifespan
from sioserve.lifespan_support import refuses_lifespan


async def supporting(scope: Any, receive: Any, send: Any) -> None:
    assert await receive() == {"type": "lifespan.startup"}
    scope["state"]["pool"] = "open"
    await send({"type": "lifespan.startup.complete"})
    assert await receive() == {"type": "lifespan.shutdown"}
    scope["state"]["pool"] = "closed"
    await send({"type": "lifespan.shutdown.complete"})


async def raising(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("Django can only handle ASGI/HTTP connections, not lifespan.")


async def returning(scope: Any, receive: Any, send: Any) -> None:
    pass


@pytest.mark.parametrize("mode", ["auto", "on"])
async def test_startup_and_shutdown_share_the_state(mode: Any) -> None:
    lifespan = Lifespan(supporting, mode)
    await lifespan.startup()
    assert lifespan.state == {"pool": "open"}
    await lifespan.shutdown(10)
    assert lifespan.state == {"pool": "closed"}


async def test_off_never_calls_the_application() -> None:
    async def untouchable(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("called")

    lifespan = Lifespan(untouchable, "off")
    await lifespan.startup()
    await lifespan.shutdown(10)
    assert lifespan.state == {}


@pytest.mark.parametrize("application", [raising, returning])
async def test_auto_continues_without_lifespan_and_logs_one_line(
    application: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lifespan = Lifespan(application)
    await lifespan.startup()
    await lifespan.shutdown(10)
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.exc_info is None
    assert "does not support lifespan" in record.getMessage()


@pytest.mark.parametrize("application", [raising, returning])
async def test_on_refuses_to_start_without_lifespan(application: Any) -> None:
    with pytest.raises(StartupError, match="does not support lifespan"):
        await Lifespan(application, "on").startup()


async def test_an_exception_after_startup_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        raise ValueError("the pool would not close")

    lifespan = Lifespan(failing)
    await lifespan.startup()
    await lifespan.shutdown(10)
    (record,) = caplog.records
    assert record.exc_info
    assert "the pool would not close" in str(record.exc_info[1])


async def test_a_shutdown_that_takes_too_long_is_cancelled_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cancelled = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    lifespan = Lifespan(slow)
    await lifespan.startup()
    await lifespan.shutdown(0.1)
    assert cancelled.is_set()
    assert "Cancelled at shutdown: the application's lifespan" in caplog.text


async def test_a_second_startup_complete_raises_in_the_application() -> None:
    seen: list[str] = []

    async def twice(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        try:
            await send({"type": "lifespan.startup.complete"})
        except RuntimeError as error:
            seen.append(str(error))

    lifespan = Lifespan(twice)
    await lifespan.startup()
    await lifespan.shutdown(10)
    assert seen == ["the ASGI message 'lifespan.startup.complete' came too late"]


def routed(**applications: Any) -> ProtocolTypeRouter:
    return ProtocolTypeRouter({"http": supporting, **applications})


class Answering(ASGIHandler):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await supporting(scope, receive, send)


def without_middleware(handler: type[ASGIHandler]) -> ASGIHandler:
    """An instance whose constructor has not run, because it needs a project's settings."""
    return handler.__new__(handler)


def around(application: Any) -> Any:
    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        await application(scope, receive, send)

    return middleware


@pytest.mark.parametrize(
    ("application", "refuses"),
    [
        (without_middleware(ASGIHandler), True),
        (without_middleware(Handler), True),
        (without_middleware(ASGIStaticFilesHandler), True),
        (routed(), True),
        (routed(lifespan=supporting), False),
        (without_middleware(Answering), False),
        (around(routed()), False),
        (supporting, False),
    ],
)
def test_applications_that_refuse_lifespan_events(application: Any, refuses: bool) -> None:
    assert refuses_lifespan(application) is refuses


def test_sentrys_middleware_around_them_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name and its attribute `app` are those of sentry-sdk 2."""
    module = types.ModuleType("sentry_sdk.integrations.asgi")

    class SentryAsgiMiddleware:
        def __init__(self, app: Any) -> None:
            self.app = app

    vars(module)["SentryAsgiMiddleware"] = SentryAsgiMiddleware
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert refuses_lifespan(SentryAsgiMiddleware(without_middleware(ASGIHandler)))
    assert refuses_lifespan(SentryAsgiMiddleware(SentryAsgiMiddleware(routed())))
    assert not refuses_lifespan(SentryAsgiMiddleware(supporting))
    assert not refuses_lifespan(SentryAsgiMiddleware(around(routed())))


async def test_a_router_of_channels_is_not_asked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lifespan = Lifespan(routed())
    await lifespan.startup()
    await lifespan.shutdown(10)
    assert not caplog.records
    with pytest.raises(StartupError, match="No application configured"):
        await Lifespan(routed(), "on").startup()
