"""Results of calls that are complete when they return, but may be awaited too.

`socket.emit(...)` is complete when it returns, so it needs no await and works from any thread. Code
written for coroutine methods works too: `await socket.emit(...)`,
`asyncio.create_task(socket.emit(...))`, `async_to_sync(server.emit)(...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator
from typing import Any, Generic, NoReturn, TypeVar

from asgiref.sync import markcoroutinefunction

_T = TypeVar("_T")


# Exhausted, so it can be shared. A generator for each await would cost twice as much.
_NO_STEPS: Iterator[Any] = iter(())


class Done(Coroutine[Any, Any, None]):
    """A finished coroutine; it may be awaited any number of times or never."""

    __slots__ = ()

    def __await__(self) -> Any:
        return _NO_STEPS

    def send(self, value: Any) -> NoReturn:
        raise StopIteration

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> NoReturn:
        raise typ if val is None else val

    def close(self) -> None:
        pass


DONE = Done()


class Later(Done):
    """A call that is complete; awaiting it waits for its effect elsewhere."""

    __slots__ = ("_wait", "_waiting")

    def __init__(self, wait: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._wait = wait
        self._waiting: Coroutine[Any, Any, None] | None = None

    def __await__(self) -> Generator[Any, Any, None]:
        return self._wait().__await__()

    def send(self, value: Any) -> Any:
        if self._waiting is None:
            self._waiting = self._wait()
        return self._waiting.send(value)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> Any:
        if self._waiting is None:
            return super().throw(typ, val, tb)
        return self._waiting.throw(typ if val is None else val)

    def close(self) -> None:
        if self._waiting is not None:
            self._waiting.close()


def all_done(calls: Iterable[Done]) -> Done:
    """One awaitable for all of them."""
    later = [call for call in calls if call is not DONE]

    async def wait() -> None:
        for call in later:
            await call

    return Later(wait) if later else DONE


class Given(Coroutine[Any, Any, _T], Generic[_T]):
    """A finished coroutine with a result; it may be awaited any number of times or never."""

    __slots__ = ("_value",)

    def __init__(self, value: _T) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, Any, _T]:
        return self._value
        yield

    def send(self, value: Any) -> NoReturn:
        raise StopIteration(self._value)

    def throw(self, typ: Any, val: Any = None, tb: Any = None) -> NoReturn:
        raise typ if val is None else val

    def close(self) -> None:
        pass


# Marks a function that returns DONE, so that async_to_sync() takes it for a coroutine function.
done_when_called = markcoroutinefunction
