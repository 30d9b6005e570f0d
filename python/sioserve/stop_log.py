"""Log lines that say what a stop waits for, if it takes time."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from sio.task_places import location

from sioserve.unfinished import name, outside_library

logger = logging.getLogger("sioserve")

PAUSE = 0.5  # seconds before the first line: most stops need less
INTERVAL = 5.0  # seconds between lines
PATIENCE = 0.5  # seconds for the event loop to answer
NAMED = 3  # of each kind; the others are counted

BEGIN, END = object(), object()

Named = tuple[str, Sequence[str]]  # a kind, in the singular, and the names of its members


class StopLog:
    """Writes these lines from begin() to end(), also while the event loop is blocked.

    Its thread waits from the start on: a signal handler may call begin(), which takes no lock that
    the interrupted code may have, as starting a thread would.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        loop_thread: int,
        waited_for: Callable[[], Iterable[Named]],
    ) -> None:
        """`loop_thread` is the identifier of the event loop's thread, which calls `waited_for`."""
        self._loop = loop
        self._loop_thread = loop_thread
        self._waited_for = waited_for
        self._messages: SimpleQueue[object] = SimpleQueue()  # for the thread
        self._began = 0.0  # on time.monotonic()'s clock
        self._has_ended = False
        self._thread = threading.Thread(target=self._run, name="sioserve stop log", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        self._began = time.monotonic()
        self._messages.put(BEGIN)

    def end(self) -> None:
        """Write no more lines, and return when the thread has ended."""
        self._messages.put(END)
        self._thread.join()

    def _run(self) -> None:
        if self._messages.get() is END:
            return
        pause = PAUSE
        while not self._comes(END, pause):
            pause = INTERVAL
            try:
                kinds = self._ask()
            except RuntimeError:  # the loop is closed
                return
            if kinds and not self._has_ended:
                seconds = time.monotonic() - self._began
                logger.info("The stop has waited %.1f s for %s", seconds, "; ".join(kinds))

    def _comes(self, message: object, within: float) -> bool:
        """Whether it comes within these seconds, and before the end. Others are dropped."""
        deadline = time.monotonic() + within
        while not self._has_ended:
            try:
                got = self._messages.get(timeout=max(deadline - time.monotonic(), 0))
            except Empty:
                return False
            self._has_ended = got is END
            if got is message:
                return True
        return message is END

    def _ask(self) -> list[str]:
        """What is waited for. Raises RuntimeError if the event loop is closed."""
        kinds: list[str] = []
        answered = object()

        def answer() -> None:
            try:
                kinds.extend(described(kind, names) for kind, names in self._waited_for() if names)
            finally:
                self._messages.put(answered)

        self._loop.call_soon_threadsafe(answer)
        if self._comes(answered, PATIENCE) or self._has_ended:
            return kinds
        frame = sys._current_frames().get(self._loop_thread)
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
