"""What Django's receivers of `request_started` and `request_finished` do is done without them."""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django import db
from django.core import signals
from django.core.cache import caches
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.dispatch import Signal
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_urlconf, set_urlconf
from sioserve.connections import close_old_connections, reset_queries
from sioserve.django import receivers
from sioserve.django.receivers import FINISHED, STARTED, close, send_started
from world import connected


def other(**named: Any) -> None:
    """A project's receiver."""


def in_new_thread(function: Callable[[], Any]) -> Any:
    """With no connections, caches or context of another test."""
    with ThreadPoolExecutor(1) as executor:
        try:
            return executor.submit(function).result()
        finally:
            executor.submit(db.connections.close_all).result()


@pytest.fixture(params=["ours", "Django's"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """With a receiver of the project, Django's are called."""
    with contextlib.ExitStack() as stack:
        if request.param == "Django's":
            for signal in (signals.request_started, signals.request_finished):
                stack.enter_context(connected(signal, other))
        assert (STARTED.jobs() is None) == (request.param == "Django's")
        assert (FINISHED.jobs() is None) == (request.param == "Django's")
        yield


def response(status: int = 200) -> HttpResponse:
    made = HttpResponse(status=status)
    made._handler_class = ASGIHandler
    return made


@pytest.mark.usefixtures("way")
def test_old_connections_are_closed_and_queries_forgotten() -> None:
    def states() -> list[bool]:
        found = []
        for end in (lambda: send_started({}), lambda: close(response())):
            connection.ensure_connection()
            connection.close_at = time.monotonic() + 100
            end()
            found.append(connection.connection is None)
            connection.close_at = time.monotonic() - 1
            end()
            found.append(connection.connection is None)
        connection.queries_log.append({"sql": "SELECT 1", "time": "0"})
        close(response())
        found.append(bool(connection.queries_log))
        send_started({})
        found.append(bool(connection.queries_log))
        return found

    assert in_new_thread(states) == [False, True, False, True, True, False]


@pytest.mark.usefixtures("way")
def test_used_caches_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    def use_and_close() -> None:
        cache = caches["default"]
        monkeypatch.setattr(cache, "close", lambda: closed.append(threading.get_ident()))
        close(response())

    in_new_thread(use_and_close)
    assert len(closed) == 1


@pytest.mark.usefixtures("way")
def test_the_urlconf_of_a_request_ends_with_it() -> None:
    def urlconf() -> str | None:
        set_urlconf("other_urls")
        close(response())
        return get_urlconf()

    assert in_new_thread(urlconf) is None


@pytest.mark.usefixtures("way")
def test_closers_run_in_order_though_one_fails() -> None:
    ran: list[str] = []

    def fail() -> None:
        ran.append("fails")
        raise ValueError("a closer")

    made = response()
    made._resource_closers += [fail, lambda: ran.append("closes")]
    in_new_thread(lambda: close(made))
    assert ran == ["fails", "closes"]
    assert made.closed
    assert made._resource_closers == []


def test_which_jobs_there_are() -> None:
    assert STARTED.jobs() == (reset_queries, close_old_connections)
    finished = FINISHED.jobs()
    assert finished is not None
    assert len(finished) == 3


def test_receivers_come_and_go() -> None:
    for signal, known in ((signals.request_started, STARTED), (signals.request_finished, FINISHED)):
        before = known.jobs()
        with connected(signal, other):
            assert known.jobs() is None
        assert known.jobs() == before
        assert signal.disconnect(db.close_old_connections)  # as Django's test client does
        try:
            jobs = known.jobs()
            assert jobs is not None
            assert before is not None
            assert set(jobs) == set(before) - {close_old_connections}
        finally:
            signal.connect(db.close_old_connections)


def test_receivers_of_other_senders_are_not_asked() -> None:
    signals.request_finished.connect(other, sender=WSGIHandler)
    try:
        assert FINISHED.jobs() is not None
    finally:
        signals.request_finished.disconnect(other, sender=WSGIHandler)
    signals.request_finished.connect(other, sender=ASGIHandler)
    try:
        assert FINISHED.jobs() is None
    finally:
        signals.request_finished.disconnect(other, sender=ASGIHandler)


def test_a_receiver_that_is_gone_does_not_matter() -> None:
    def temporary(**named: Any) -> None:
        pass

    signals.request_started.connect(temporary)
    assert STARTED.jobs() is None
    del temporary
    gc.collect()
    send_started({})  # Django drops it
    assert STARTED.jobs() is not None


@pytest.mark.parametrize("name", ["send", "_live_receivers"])
def test_tools_that_observe_signals_see_them(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    original = getattr(Signal, name)
    seen = []

    def observed(self: Signal, *args: Any, **named: Any) -> Any:
        seen.append(self)
        return original(self, *args, **named)

    monkeypatch.setattr(Signal, name, observed)
    in_new_thread(lambda: send_started({}))
    in_new_thread(lambda: close(response()))
    assert seen == [signals.request_started, signals.request_finished]


def test_a_signal_may_be_observed_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        signals.request_started, "send", lambda **named: seen.append(named), raising=False
    )
    send_started({"path": "/"})
    assert seen == [{"sender": ASGIHandler, "scope": {"path": "/"}}]


def test_a_response_may_have_a_close_of_its_own() -> None:
    class Response(HttpResponse):
        def close(self) -> None:
            calls.append("class")
            super().close()

    calls: list[str] = []
    of_class = Response()
    of_class._handler_class = ASGIHandler
    in_new_thread(lambda: close(of_class))
    of_object = response()
    of_object.close = lambda: calls.append("object")  # type: ignore[method-assign]
    close(of_object)
    assert calls == ["class", "object"]
    assert of_class.closed


def test_a_signal_of_another_sender_is_sent() -> None:
    """A subclass of Django's handler names itself."""
    seen = []

    class Sender(ASGIHandler):
        pass

    def finished(sender: Any, **named: Any) -> None:
        seen.append(sender)

    made = response()
    made._handler_class = Sender
    signals.request_finished.connect(finished, sender=Sender)
    try:
        assert FINISHED.jobs() is not None
        in_new_thread(lambda: close(made))
    finally:
        signals.request_finished.disconnect(finished, sender=Sender)
    assert seen == [Sender]


def test_another_django_is_called_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receivers, "_IS_DJANGOS", False)
    assert STARTED.jobs() is None


@pytest.mark.parametrize(
    ("owner", "name", "known"),
    [
        (Signal, "send", "_IS_DJANGOS"),
        (Signal, "_live_receivers", "_IS_DJANGOS"),
        (HttpResponseBase, "close", "_CLOSE_IS_DJANGOS"),
    ],
)
def test_tools_may_have_come_before(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, known: str
) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def observed(*args: Any, **named: Any) -> Any:
        return original(*args, **named)

    imported = importlib.util.find_spec("sioserve.django.receivers")
    assert imported is not None
    assert imported.loader is not None
    monkeypatch.setattr(owner, name, observed)
    later = importlib.util.module_from_spec(imported)
    imported.loader.exec_module(later)
    assert not getattr(later, known)
    assert getattr(receivers, known)
