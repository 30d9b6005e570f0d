"""Answer: a client's acknowledgement that is waited for."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable, Generator
from typing import Any

from .exceptions import AckTimeout


class Answer:
    """Returned by emit_with_ack(): await it once, on any event loop.

    The result is the acknowledgement's argument; None if it has none, a list if it has several.
    Raises AckTimeout when no answer comes in time or the client has gone.
    """

    def __init__(self, timeout: float | None, on_end: Callable[[], None]) -> None:
        self._future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._timeout = timeout
        self._on_end = on_end

    def arrive(self, *args: Any) -> None:
        """The acknowledgement has come."""
        # A timeout may have cancelled it meanwhile, on the thread of another loop.
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            self._future.set_result(None if not args else args[0] if len(args) == 1 else list(args))

    def client_has_gone(self) -> None:
        """No acknowledgement will come."""
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            self._future.set_exception(AckTimeout("the client has gone without an answer"))

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._wait().__await__()

    async def _wait(self) -> Any:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._future), self._timeout)
        except (asyncio.TimeoutError, TimeoutError) as error:
            if isinstance(error, AckTimeout):
                raise
            raise AckTimeout(f"no answer within {self._timeout} s") from None
        finally:
            self._on_end()
