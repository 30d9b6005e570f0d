"""DirectRequest: a synchronous request that a thread answers without a task of the event loop.

Between the server and the thread, a SyncRequest has a task, which sends the answer. The event loop
has to wake up for it, and competes with the threads for the GIL. Most answers need no task: one
part, which the thread sends itself. Then nothing of the request runs on the event loop after
it has begun.

    on the thread --sends its answer--> done
                `--a stream, a large body, async_to_sync()--> in a task --> done

The server refers to the request as to a task, so it has the methods of asyncio.Future that are used
for one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from sio.sync_calls import Outcome
from sio.task_places import location

from sioserve.django.client import ClientWatch, WatchedTasks
from sioserve.django.found_view import Match
from sioserve.django.sync_requests import REFUSAL, Made, Messages, SyncRequest
from sioserve.request_threads import RequestThread
from sioserve.unfinished import outside_library


class DirectRequest(SyncRequest):
    """One request. The server calls begin_without_task() once, and the other public methods as
    those of a task. They belong to the event loop's thread.
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_ended",
        "_error",
        "_is_cancelled",
        "_is_done",
        "_lock",
        "_needs_task",
        "_process",
        "_receive",
        "_send",
        "_sensitive_context",
        "_task",
        "_task_context",
        "_watch",
    )

    # asyncio.isfuture(): the object can be given to asyncio.wait().
    _asyncio_future_blocking = False

    def __init__(
        self,
        handler: Any,
        scope: Any,
        body: Any,
        match: Match,
        thread: RequestThread,
        prefix: str,
        receive: Any,
        send: Any,
    ) -> None:
        """`send` may be called on any thread, and need not be awaited for one short message.

        See SyncRequest for the rest.
        """
        context = ThreadSensitiveContext()
        SyncToAsync.context_to_thread_executor[context] = thread
        token = SyncToAsync.thread_sensitive_context.set(context)
        super().__init__(handler, scope, body, match, thread, prefix)
        self._task_context = copy_context()
        SyncToAsync.thread_sensitive_context.reset(token)
        self._sensitive_context = context
        self._receive = receive
        self._send = send
        self._watch = ClientWatch(receive, self._client_left)
        self._call.tasks = WatchedTasks(self._watch)
        self._process = os.getpid()
        self._needs_task = False
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._is_done = False
        self._is_cancelled = False
        self._ended: Callable[[Any], object] | None = None
        self._callbacks: list[Callable[[Any], object]] = []

    def begin_without_task(self, ended: Callable[[Any], object]) -> None:
        """`ended` is called once with this object, on any thread, when everything has ended."""
        self._ended = ended
        if self._start():
            return
        self._body.close()
        for message in REFUSAL:
            self._send(message)
        self._end(self._watch)
        self._end_request()

    def done(self) -> bool:
        return self._is_done

    def cancelled(self) -> bool:
        return self._is_cancelled

    def exception(self) -> BaseException | None:
        return self._error

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Any = None) -> None:
        """The callback is called on the event loop's thread."""
        with self._lock:
            if not self._is_done:
                self._callbacks.append(callback)
                return
        self._loop.call_soon(callback, self)

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        with self._lock:
            before = len(self._callbacks)
            self._callbacks = [other for other in self._callbacks if other != callback]
            return before - len(self._callbacks)

    def cancel(self, msg: object = None) -> bool:
        """As of a task. What the thread runs goes on, and nobody gets its answer."""
        if self._is_done:
            return False
        if self._task is not None:
            return self._task.cancel()
        self._is_cancelled = True
        self._withdraw()
        self._call.cancel()
        self._end(self._watch)
        self._end_request()
        return True

    def place(self) -> str:
        """What the request waits for, for log lines."""
        worker = self._worker
        frame = None if worker is None else sys._current_frames().get(worker.ident or 0)
        if worker is None or frame is None:
            return "waiting for a thread"
        return f"on thread {worker.name}, in {location(outside_library(frame))}"

    # In a task, from the first thing that needs one:

    def _arrive(self, made: Outcome) -> None:
        if self._task is None and not self._has_ended:
            self._task = self._task_context.run(self._loop.create_task, self._serve_in_task())
            self._task.add_done_callback(self._task_has_ended)
        super()._arrive(made)

    async def _serve_in_task(self) -> None:
        await self._send_answer(self._receive, self._send, self._watch)

    def _task_has_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._is_cancelled = True
        else:
            self._error = task.exception()
        self._end_request()

    # On the thread:

    def _work(self) -> None:
        try:
            super()._work()
        finally:
            if not self._needs_task:
                self._has_ended = True
                self._end_request()

    def _hand_over(self, made: Made | None = None, error: BaseException | None = None) -> bool:
        if not self._needs_task and os.getpid() == self._process:  # else see sioserve/forked.py
            if self._has_ended:
                return False
            if self._has_answered(made, error):
                return True
            self._needs_task = True
        return super()._hand_over(made, error)

    def _has_answered(self, made: Made | None, error: BaseException | None) -> bool:
        """Whether the answer was one that the thread can give."""
        if self._watch.has_started:
            return False  # its task waits in receive(), and can be ended on the event loop only
        if error is not None:
            self._error = error
            self._is_cancelled = isinstance(error, asyncio.CancelledError)
            messages = []
        elif isinstance(made, Messages) and made.is_last and len(made.messages) == 2:
            messages = made.messages
        else:
            return False
        # What closes the response may use async_to_sync(), and is not cancelled.
        self._watch.end()
        for message in messages:
            self._send(message)
        return True

    # On either:

    def _end_request(self) -> None:
        with self._lock:
            if self._is_done:
                return
            self._is_done = True
            callbacks, self._callbacks = self._callbacks, []
        SyncToAsync.context_to_thread_executor.pop(self._sensitive_context, None)
        self._thread.give_back()
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self)
        for callback in callbacks:
            self._loop.call_soon_threadsafe(callback, self)
