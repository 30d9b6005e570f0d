"""Tells in the log when requests wait for threads in vain, or are refused."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
import time
from collections.abc import Mapping
from typing import Any

from sio.threads import Threads, WorkerThread

from sioserve.unfinished import busy_threads, name

logger = logging.getLogger("sioserve")

LONG_WAIT = 2.0  # seconds that a request waits until the log tells
SILENCE = 60.0  # seconds between two messages
SHOWN = 5  # busy threads in a message


class ThreadWatch:
    """Of one pool, on one event loop. It does nothing while no request waits."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._waiting: dict[int, Mapping[str, Any]] = {}  # scopes
        self._timer: asyncio.TimerHandle | None = None
        self._refusals, self._waits = _Silence(), _Silence()
        self._refused = 0  # since the last message

    def begin_waiting(self, scope: Mapping[str, Any]) -> None:
        """The request waits for a thread."""
        self._waiting[id(scope)] = scope
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LONG_WAIT, self._check)

    def end_waiting(self, scope: Mapping[str, Any]) -> None:
        """It has a thread, or does not want one any more. From any thread."""
        self._waiting.pop(id(scope), None)

    def refuse(self) -> None:
        """A request has been answered with 503."""
        self._refused += 1
        if self._refusals.ends():
            figures = self._threads.figures()
            logger.warning(
                "503 for %d requests: %d already wait for one of %d threads "
                "(--threads, --thread-queue; docs/django.md#the-number-of-threads)",
                self._refused,
                figures.queued,
                figures.limit,
            )
            self._refused = 0

    def _check(self) -> None:
        self._timer = None
        figures = self._threads.figures()
        if not self._waiting:
            return
        self._timer = asyncio.get_running_loop().call_later(LONG_WAIT, self._check)
        if figures.oldest_wait < LONG_WAIT or not self._waits.ends():
            return
        logger.warning(
            "All %d threads for synchronous code are busy; %d calls wait, the first for %.1f s "
            "(docs/django.md#the-number-of-threads). %s",
            figures.limit,
            figures.queued,
            figures.oldest_wait,
            "; ".join(busy_threads(WorkerThread)[:SHOWN]),
        )
        for scope in self._own_requests():
            logger.warning(
                "%s comes from this process itself: a view that calls its own server waits for a "
                "thread, and keeps one (docs/django.md#the-number-of-threads)",
                name(scope),
            )

    def _own_requests(self) -> list[Mapping[str, Any]]:
        addresses = _own_addresses()
        return [
            scope
            for scope in list(self._waiting.values())
            if scope.get("client") and tuple(scope["client"]) in addresses
        ]


class _Silence:
    """The time after a message in which the log does not repeat it."""

    def __init__(self) -> None:
        self._end = float("-inf")

    def ends(self) -> bool:
        """Whether the message may be logged now, which begins the next silence."""
        now = time.monotonic()
        if now < self._end:
            return False
        self._end = now + SILENCE
        return True


def _own_addresses() -> set[tuple[str, int]]:
    """The local address and port of each socket of this process."""
    addresses = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed meanwhile
            if stat.S_ISSOCK(os.fstat(int(descriptor)).st_mode):
                with socket.socket(fileno=os.dup(int(descriptor))) as opened:
                    address = opened.getsockname()
                    if isinstance(address, tuple):
                        addresses.add(address[:2])
    return addresses
