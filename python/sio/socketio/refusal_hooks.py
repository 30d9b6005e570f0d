"""The functions of on_connection_error(), which are called for refused requests.

They are called one after the other, so that many refused requests take no more than one task. Lives
on the event loop's thread, apart from add().
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from ..failures import clear_cancellation, is_closing, start_task, was_ended
from ..handlers import Handler
from ..refused_request import RefusedRequest, make_refused_request

logger = logging.getLogger("sio.socketio.server")

MOST_WAITING = 1000


class RefusalHooks:
    """Functions for refused requests. While they are slow, further requests are only counted."""

    def __init__(self) -> None:
        self._hooks: list[Handler] = []
        self._waiting: deque[RefusedRequest] = deque()
        self._omitted = 0  # since the last one that was added
        self._running = False

    def copy(self) -> RefusalHooks:
        copied = RefusalHooks()
        copied._hooks = list(self._hooks)
        return copied

    def __bool__(self) -> bool:
        return bool(self._hooks)

    def add(self, function: Callable[..., Any]) -> None:
        self._hooks.append(Handler(function))

    def report(
        self,
        scope: Mapping[str, Any],
        code: int | None,
        message: str,
        omitted: int,
        tasks: set[asyncio.Task[None]],
        seconds: float | None,
    ) -> None:
        """A request was refused, and `omitted` before it that are not reported. Each function is
        cancelled after `seconds`.
        """
        self._omitted += omitted
        if len(self._waiting) >= MOST_WAITING:
            self._omitted += 1
            return
        self._waiting.append(make_refused_request(scope, code, message, self._omitted))
        self._omitted = 0
        if not self._running:
            self._running = True
            start_task(functools.partial(self._run, seconds), tasks)

    async def _run(self, seconds: float | None) -> None:
        try:
            while self._waiting:
                refused = self._waiting.popleft()
                for hook in self._hooks:
                    await self._call(hook, refused, seconds)
        finally:
            self._running = False

    @staticmethod
    async def _call(hook: Handler, refused: RefusedRequest, seconds: float | None) -> None:
        try:
            with hook.limit(seconds):
                await hook.call_with(refused)
        except BaseException as error:
            if is_closing(error) or was_ended(error):
                raise
            logger.exception("on_connection_error: %r failed", hook)
        await clear_cancellation()
