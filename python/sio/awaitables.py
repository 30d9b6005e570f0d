"""Calls whose work is done when they return, and which may be awaited all the same.

`socket.emit(...)` does its work at once, so it needs no await and works from any thread; code
written for coroutine methods goes on working: `await socket.emit(...)`,
`asyncio.create_task(socket.emit(...))`, `async_to_sync(server.emit)(...)`.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, NoReturn

from asgiref.sync import markcoroutinefunction


class Done(Coroutine[Any, Any, None]):
    """A coroutine that has nothing left to do; it may be awaited any number of times or never."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, None]:
        return
        yield

    def send(self, value: Any) -> NoReturn:
        raise StopIteration

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> NoReturn:
        raise typ if val is None else val

    def close(self) -> None:
        pass


DONE = Done()

# Marks a function that returns DONE, so that async_to_sync() takes it for a coroutine function.
done_when_called = markcoroutinefunction
