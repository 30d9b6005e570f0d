"""Queries to the I/O thread: answered after earlier commands, and they never block forever."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import _sioserve
import native


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Never called."""


async def test_a_question_is_answered_after_the_commands_before_it() -> None:
    async with native.serving(application, namespaces=[]) as running:
        for number in range(1, 20):
            running.server.add_namespace(f"/{number}")
            assert running.server.counts()["namespaces"] == number


async def test_any_thread_may_ask_while_the_event_loop_is_blocked() -> None:
    async with native.serving(application) as running:
        answers: list[int] = []

        def ask() -> None:
            for _ in range(200):
                answers.append(running.server.counts()["namespaces"])

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()  # the thread of the event loop
        assert answers == [1] * 800


async def test_counts_are_zero_before_the_start_and_still_answered_after_the_stop() -> None:
    server = _sioserve.Server(application)
    assert set(server.counts().values()) == {0}
    stopped = asyncio.Event()
    server.listen_tcp("127.0.0.1", 0)
    server.start(asyncio.get_running_loop(), stopped.set)
    assert server.counts()["namespaces"] == 1
    server.stop()
    await stopped.wait()
    assert server.counts()["namespaces"] == 1, "the thread is there until the server goes"


async def test_without_an_io_thread_answers_about_rooms_are_empty() -> None:
    server = _sioserve.Server(application)
    server.join(1, "room")
    server.watch_rooms("/")
    assert server.rooms_of(1) == set()
    assert server.membership(1, "room") == (0, False)
    assert server.sockets_in("/", ["room"], []) == []
    assert server.namespace_rooms("/") == {}
    assert server.take_room_changes("/") == []
    assert server.session_status(1) is None
