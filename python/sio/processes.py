"""Requests between the Python processes of one server (--workers).

    tell()  one way, to all others
    ask()   to all others; each answers once

The I/O process passes the messages on. They are JSON, with bytes anywhere in them. A request
arrives behind the effects of what this process has emitted before.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import itertools
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from . import exact_json
from .exceptions import AckTimeout
from .failures import start_task

if TYPE_CHECKING:
    from _sioserve import Server

# Gets the name of a request and its content, on the event loop; its result is the answer.
Handle = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Processes:
    """The other processes. All methods may be called from any thread, except receive() and left().

    `default` converts values that are not JSON; it raises TypeError.
    """

    def __init__(self, default: Callable[[Any], Any]) -> None:
        self._default = default
        self._core: Server | None = None
        self._handle: Handle | None = None
        self._pending: dict[int, _Request] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def bind(self, core: Server, handle: Handle) -> None:
        """Use this native server; `handle` answers the requests of others."""
        self._core, self._handle = core, handle

    def others(self) -> list[int]:
        """The numbers of the other processes that are ready."""
        return [] if self._core is None else self._core.other_processes()

    def tell(self, what: str, content: dict[str, Any]) -> None:
        """Raises TypeError or ValueError for a value that can't be encoded."""
        self._send({"what": what, "content": content})

    def ask(
        self, what: str, content: dict[str, Any], timeout: float | None
    ) -> Awaitable[list[Any]]:
        """The answers of all other processes. A process that dies gives none.

        Raises AckTimeout, with the answers that have arrived, after `timeout` seconds.
        """
        number = next(self._numbers)
        request = _Request()
        with self._lock:
            self._pending[number] = request
        try:
            # Now left() finds the request, on the event loop, when one of them dies meanwhile.
            request.expect(self.others())
            self._send({"what": what, "content": content, "ask": number})
        except BaseException:
            self._pending.pop(number, None)
            raise
        return self._collect(number, request, timeout)

    def receive(self, process: int, payload: str) -> None:
        """Another process has sent this."""
        message = exact_json.loads(payload)
        if "answer" in message:
            self._answered(process, message["answer"], message["result"])
        else:
            start_task(functools.partial(self._serve, process, message), self._tasks)

    def left(self, process: int) -> None:
        """A process has died: it answers no more."""
        with self._lock:
            waiting = list(self._pending.values())
        for request in waiting:
            request.give_up(process)

    async def _serve(self, process: int, message: dict[str, Any]) -> None:
        result: Any = None
        try:
            assert self._handle is not None
            result = await self._handle(message["what"], message["content"])
        finally:
            if "ask" in message:
                self._give(process, message["ask"], result)

    def _give(self, process: int, number: int, result: Any) -> None:
        try:
            self._send({"answer": number, "result": result}, process)
        except Exception:  # it can't be encoded; the other process must not wait for it
            self._send({"answer": number, "result": None}, process)
            raise

    def _answered(self, process: int, number: int, result: Any) -> None:
        request = self._pending.get(number)
        if request is not None:
            request.arrive(process, result)

    async def _collect(self, number: int, request: _Request, timeout: float | None) -> list[Any]:
        try:
            done = asyncio.wrap_future(request.done)
            await asyncio.wait((done,), timeout=timeout)
            late = request.missing()
            if late:
                raise AckTimeout(
                    f"{late} Python processes did not answer within {timeout} s", request.results
                )
            return request.results
        finally:
            self._pending.pop(number, None)

    def _send(self, message: dict[str, Any], to: int = 0) -> None:
        if self._core is not None:
            self._core.tell_processes(exact_json.dumps(message, self._default), to)


class _Request:
    """A request that waits for the answers of some processes."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.done: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._asked: set[int] | None = None  # once expect() was called
        self._finished: set[int] = set()  # have answered, or died
        self._lock = threading.Lock()

    def expect(self, asked: Iterable[int]) -> None:
        with self._lock:
            self._asked = set(asked)
            self._note_end()

    def missing(self) -> int:
        return 0 if self._asked is None else len(self._asked - self._finished)

    def arrive(self, process: int, result: Any) -> None:
        with self._lock:
            if self._asked is not None and process in self._asked - self._finished:
                self.results.append(result)
            self._finished.add(process)
            self._note_end()

    def give_up(self, process: int) -> None:
        with self._lock:
            self._finished.add(process)
            self._note_end()

    def _note_end(self) -> None:
        if self._asked is not None and self._asked <= self._finished and not self.done.done():
            self.done.set_result(None)
