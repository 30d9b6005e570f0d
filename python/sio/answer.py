"""Answer: awaiting the acknowledgement of one client, or of many."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any

from .exceptions import AckTimeout
from .names import check_timeout


class Answer:
    """Returned by emit_with_ack(): await it on any event loop.

    The result is the acknowledgement's argument; None if it has none, a list if it has several.
    Raises AckTimeout after the timeout, or as soon as it is clear that no answer will come.
    `on_wait` is called before waiting begins, and may raise; `on_end` when the answer is final.
    """

    def __init__(
        self,
        timeout: float | None,
        on_end: Callable[[], None],
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._timeout = check_timeout(timeout)
        self._on_wait = on_wait
        self._future.add_done_callback(lambda _: on_end())

    def arrive(self, *args: Any) -> None:
        """The acknowledgement has come."""
        # A timeout may have cancelled it meanwhile, on the thread of another loop.
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            self._future.set_result(None if not args else args[0] if len(args) == 1 else list(args))

    def fail(self, why: str) -> None:
        """No acknowledgement will come: AckTimeout says why."""
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            self._future.set_exception(AckTimeout(why))

    async def settled(self) -> None:
        """Return when the answer is final."""
        if not self._future.done():
            await asyncio.wait((asyncio.wrap_future(self._future),))

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._wait().__await__()

    async def _wait(self) -> Any:
        try:
            self._on_wait()
            if not self._future.done():
                waiting = asyncio.wrap_future(self._future)
                await asyncio.wait((waiting,), timeout=self._timeout)
                self.fail(f"no answer within {self._timeout} s")  # no effect if it has come
                waiting.cancel()  # the coroutine is no longer needed
        finally:
            self._future.cancel()  # without effect if it is done
        if self._future.cancelled():
            raise AckTimeout("the answer is no longer awaited")
        return self._future.result()


async def collect(answers: Sequence[Awaitable[Any]]) -> list[Any]:
    """All answers; raises AckTimeout, with the answers that arrived, if some are missing."""
    results = await asyncio.gather(*answers, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    responses = [result for result in results if not isinstance(result, BaseException)]
    for failure in failures:
        if not isinstance(failure, AckTimeout):
            raise failure
    if failures:
        raise AckTimeout(f"{len(failures)} of {len(results)} clients did not answer", responses)
    return responses


async def collect_lists(lists: Sequence[Awaitable[list[Any]]]) -> list[Any]:
    """The answers of several groups in one list; AckTimeout as collect() raises it."""
    responses: list[Any] = []
    late: AckTimeout | None = None
    for result in await asyncio.gather(*lists, return_exceptions=True):
        if isinstance(result, AckTimeout):
            late = late or result
            responses += result.responses
        elif isinstance(result, BaseException):
            raise result
        else:
            responses += result
    if late is not None:
        raise AckTimeout(str(late), responses)
    return responses
