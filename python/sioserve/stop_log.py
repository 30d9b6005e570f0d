"""Log lines that say what a stop waits for, if it takes time."""

from __future__ import annotations

import _thread
import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sio.task_places import location

from sioserve.unfinished import name, outside_library

logger = logging.getLogger("sioserve")

PAUSE = 0.5  # seconds before the first line: most stops need less
INTERVAL = 5.0  # seconds between lines
PATIENCE = 0.5  # seconds for the event loop to answer
NAMED = 3  # of each kind; the others are counted

Named = tuple[str, Sequence[str]]  # a kind, in the singular, and the names of its members


class StopLog:
    """Writes these lines from its beginning until its end, also while the event loop is blocked.

    `waited_for` is called on the event loop, which runs in `thread` (its identifier). A signal
    handler may call begin(): it takes no lock that the interrupted code may have.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        thread: int,
        waited_for: Callable[[], Iterable[Named]],
    ) -> None:
        self._loop = loop
        self._thread = thread
        self._waited_for = waited_for
        self._over = threading.Event()
        self._began = 0.0  # on time.monotonic()'s clock

    def begin(self) -> None:
        """In the thread of the event loop, or in another one."""
        self._began = time.monotonic()
        _thread.start_new_thread(self._run, ())

    def end(self) -> None:
        """No more lines."""
        self._over.set()

    def _run(self) -> None:
        pause = PAUSE
        while not self._over.wait(pause):
            pause = INTERVAL
            try:
                kinds = self._ask()
            except RuntimeError:  # the loop is closed
                return
            if kinds and not self._over.is_set():
                seconds = time.monotonic() - self._began
                logger.info("The stop has waited %.1f s for %s", seconds, "; ".join(kinds))

    def _ask(self) -> list[str]:
        """What is waited for. Raises RuntimeError if the event loop is closed."""
        kinds: list[str] = []
        answered = threading.Event()

        def answer() -> None:
            try:
                kinds.extend(described(kind, names) for kind, names in self._waited_for() if names)
            finally:
                answered.set()

        self._loop.call_soon_threadsafe(answer)
        if answered.wait(PATIENCE):
            return kinds
        frame = sys._current_frames().get(self._thread)
        where = "" if frame is None else f", in {location(outside_library(frame))}"
        return [f"the event loop, which is blocked{where}"]


def described(kind: str, names: Sequence[str]) -> str:
    """For example "2 requests: GET /a, GET /b"."""
    plural = "" if len(names) == 1 else "s"
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} {kind}{plural}: {', '.join(names[:NAMED])}{more}"


def requests_and_websockets(scopes: Iterable[Mapping[str, Any]]) -> Iterable[Named]:
    """What these scopes belong to."""
    names: dict[str, list[str]] = {"http": [], "websocket": []}
    for scope in scopes:
        names[scope["type"]].append(name(scope))
    return [("request", names["http"]), ("WebSocket", names["websocket"])]
