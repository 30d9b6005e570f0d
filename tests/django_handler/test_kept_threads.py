"""What asynchronous requests leave on their threads, which other requests use afterwards."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.utils import DatabaseErrorWrapper
from notes import note, values
from sioserve import request_threads
from world import Exchange, world


def use(wrong: Callable[[], None] | None = None) -> None:
    """On the thread of the request."""
    connection.ensure_connection()
    if wrong is not None:
        wrong()


def grow_old() -> None:
    connection.close_at = time.monotonic() - 1


def break_off() -> None:
    def is_usable() -> bool:
        return False

    connection.is_usable = is_usable
    with pytest.raises(OperationalError), DatabaseErrorWrapper(connection):
        raise connection.Database.OperationalError("the server has gone away")


def leave_transaction() -> None:
    transaction.atomic().__enter__()


def leave_without_autocommit() -> None:
    connection.set_autocommit(False)


def has_connection() -> bool:
    return connection.connection is not None


@pytest.fixture(autouse=True)
def no_values() -> None:
    values.clear()


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the threads that ended a request by a job of its own."""
    threads: list[str] = []
    end = request_threads.end_request

    def noted() -> None:
        threads.append(threading.current_thread().name)
        end()

    monkeypatch.setattr(request_threads, "end_request", noted)
    return threads


async def test_a_thread_with_nothing_to_close_is_free_at_once(ends: list[str]) -> None:
    values["call"] = use
    async with world() as server:
        for _ in range(3):
            await server.ask_only("/call-async")
            assert server.threads.figures()[2:4] == (0, 1)
        assert await server.run_on_all_threads(has_connection) == [True]
    assert ends == []


@pytest.mark.parametrize(
    "wrong", [grow_old, break_off, leave_transaction, leave_without_autocommit]
)
async def test_what_a_request_leaves_is_closed(wrong: Callable[[], None]) -> None:
    values["call"] = lambda: use(wrong)
    async with world() as server:
        await server.ask("/call-async")
        assert await server.run_on_all_threads(has_connection) == [False]


async def test_a_backend_may_have_its_own_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    def close(connection: Any) -> None:
        if connection.connection is not None:
            connection.close()

    backend = type(connections["default"])
    monkeypatch.setattr(backend, "close_if_unusable_or_obsolete", close)
    values["call"] = use
    async with world() as server:
        await server.ask("/call-async")
        assert await server.run_on_all_threads(has_connection) == [False]


@pytest.mark.only_ours("Django's handler runs the view on another thread")
async def test_a_thread_that_still_runs_a_sync_view_is_not_free(ends: list[str]) -> None:
    """Middleware has used the thread, which would have been free without the view."""
    from asgiref.sync import sync_to_async

    async def around(handler: Any, scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(note)("middleware")
        await handler(scope, receive, send)

    values["began"], values["may_end"] = threading.Event(), threading.Event()
    async with world() as server:
        server.wrap(around)
        request = server.begin(Exchange("/slow"))
        assert await asyncio.to_thread(values["began"].wait, 20)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert server.threads.figures().idle == 0
        assert (await server.ask_only("/orm-async")).status == 200
        values["may_end"].set()
        await server.settle()
    assert len(ends) == 1
