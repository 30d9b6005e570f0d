"""SyncRequest: a request whose view is synchronous runs on one thread, as under WSGI.

On the thread, in this order: `request_started`, middleware and view, the parts of the response,
`response.close()` with `request_finished`. The event loop sends the messages of the response. It
asks for the next part of a stream when it has sent the one before.

The thread waits in the meantime, unless ASGI middleware around Django has used a thread for the
request. The whole request runs on that one then. What such middleware does when a message is sent
(Channels stores the session) runs there too, so the thread must be free.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from queue import SimpleQueue
from typing import Any, NamedTuple

from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.http import FileResponse
from django.urls import set_script_prefix
from sio.sync_calls import Outcome, SyncCall, for_future
from sio.threads import TooManyWaitingError, WorkerThread

from sioserve.django.client import ClientWatch, WatchedTasks, cancel_if_client_leaves
from sioserve.django.found_view import Match, keep_match
from sioserve.django.receivers import close, send_started
from sioserve.django.responses import (
    CHUNK_SIZE,
    as_bytes,
    body_message,
    chunks,
    path_of_file,
    send_stream,
    start_message,
    whole_messages,
)
from sioserve.request_threads import RequestThread
from sioserve.transactions import end_transactions

logger = logging.getLogger("sioserve")

RETRY_AFTER = 1  # seconds
UNAVAILABLE = b"Service Unavailable: too many requests wait for a thread.\n"
REFUSAL = (
    {
        "type": "http.response.start",
        "status": 503,
        "headers": [
            (b"content-type", b"text/plain"),
            (b"content-length", str(len(UNAVAILABLE)).encode()),
            (b"retry-after", str(RETRY_AFTER).encode()),
        ],
    },
    body_message(UNAVAILABLE, more_body=False),
)


class Messages(NamedTuple):
    """From the thread: what to send."""

    messages: list[dict[str, Any]]
    is_last: bool  # otherwise the thread waits for an answer


class Stream(NamedTuple):
    """From the thread, as the last: a response whose parts the event loop makes or asks for."""

    response: Any


Made = Messages | Stream


class SyncRequest:
    """One request. serve() is called once."""

    __slots__ = (
        "_answers",
        "_body",
        "_call",
        "_early",
        "_handler",
        "_has_ended",
        "_has_own_thread",
        "_is_queued",
        "_is_streamed",
        "_loop",
        "_match",
        "_prefix",
        "_request",
        "_scope",
        "_thread",
        "_thread_wait",
        "_waiter",
        "_waits_since",
        "_worker",
    )

    def __init__(
        self,
        handler: Any,
        scope: Any,
        body: Any,
        match: Match | None,
        thread: RequestThread,
        prefix: str,
    ) -> None:
        """`prefix` is what reverse() puts before paths (SCRIPT_NAME)."""
        self._handler = handler
        self._scope = scope
        self._body = body
        self._match = match
        self._request: Any = None  # made on the thread
        self._thread = thread
        self._prefix = prefix
        self._loop = asyncio.get_running_loop()
        self._call = SyncCall(self._loop)
        self._waits_since = time.monotonic()
        self._thread_wait = 0  # microseconds, for the access log
        self._worker: WorkerThread | None = None
        self._has_own_thread = False  # also for other synchronous code of the request
        self._is_queued = False
        self._is_streamed = False
        self._has_ended = False  # nobody takes what the thread makes
        self._answers: SimpleQueue[bool] = SimpleQueue()  # False: nobody wants the rest
        self._waiter: asyncio.Future[Outcome] | None = None
        self._early: list[Outcome] = []  # which nobody has waited for

    # On the event loop:

    async def serve(self, receive: Any, send: Any) -> None:
        """Raises what the request has raised outside of Django's handling of exceptions."""
        watch = ClientWatch(receive, self._client_left)
        self._call.tasks = WatchedTasks(watch)
        if not self._start():
            self._body.close()
            for message in REFUSAL:
                await send(message)
            return
        await self._send_answer(receive, send, watch)

    async def _send_answer(self, receive: Any, send: Any, watch: ClientWatch) -> None:
        try:
            made = await self._next()
            while True:
                if isinstance(made, Stream):
                    self._is_streamed = True
                    await self._send_stream(made.response, receive, send)
                    break
                for message in made.messages:
                    await send(message)
                if made.is_last:
                    break
                watch.start()
                self._answers.put(True)
                made = await self._next()
        except asyncio.CancelledError:
            self._withdraw()
            self._call.cancel()
            raise
        finally:
            self._end(watch)
            if not self._is_streamed:
                self._call.take_over_context()

    def _withdraw(self) -> None:
        """Drop the work if no thread has begun with it."""
        if self._thread.threads.withdraw(self._work):
            self._body.close()

    def _end(self, watch: ClientWatch) -> None:
        self._has_ended = True
        if self._is_queued:
            self._thread.watch.end_waiting(self._scope)
        self._answers.put(False)
        if self._waiter is not None and self._waiter.done() and not self._waiter.cancelled():
            self._discard(self._waiter.result())
        for made in self._early:
            self._discard(made)
        watch.end()

    def _start(self) -> bool:
        """Give the work to a thread: to the one of the request if it has one. False if too many
        wait for one.
        """
        threads, watch = self._thread.threads, self._thread.watch
        own = self._thread.share()
        self._has_own_thread = own is not None
        try:
            if not threads.run(self._work, on=own, may_be_refused=True):
                watch.begin_waiting(self._scope)
                self._is_queued = True
        except TooManyWaitingError:
            watch.refuse()
            return False
        return True

    async def _send_stream(self, response: Any, receive: Any, send: Any) -> None:
        try:
            # What the view has set holds for the parts too.
            self._call.take_over_context()
            match = self._resolver_match()
            stream = send_stream(response, self._scope, send, self._thread_wait, match)
            await cancel_if_client_leaves(stream, receive)
        finally:
            self._finish_on_thread(response)

    def _finish_on_thread(self, response: Any) -> None:
        """Behind the view, which has returned."""
        assert self._worker is not None
        self._thread.threads.run_on(
            self._worker, lambda: self._call.run(lambda: self._finish(response))
        )

    def _discard(self, made: Outcome) -> None:
        if isinstance(made.result, Stream):
            self._finish_on_thread(made.result.response)

    async def _next(self) -> Made:
        if self._early:
            outcome = self._early.pop(0)
        else:
            self._waiter = self._loop.create_future()
            outcome = await self._waiter
            self._waiter = None
        if outcome.error is not None:
            raise outcome.error
        made: Made = outcome.result
        return made

    def _arrive(self, made: Outcome) -> None:
        if self._has_ended:
            self._discard(made)
        elif self._waiter is None or self._waiter.done():
            self._early.append(made)
        else:
            self._waiter.set_result(made)

    def _client_left(self) -> None:
        self._answers.put(False)
        self._call.cancel()

    # On the thread:

    def _work(self) -> None:
        worker = threading.current_thread()
        assert isinstance(worker, WorkerThread)
        self._worker = worker
        self._thread_wait = round((time.monotonic() - self._waits_since) * 1e6)
        if self._is_queued:
            self._thread.watch.end_waiting(self._scope)
        self._call.run(self._respond)

    def _respond(self) -> None:
        response = None
        try:
            set_script_prefix(self._prefix)
            send_started(self._scope)
            response = self._get_response()
            response._handler_class = ASGIHandler
            if response.streaming and (response.is_async or self._has_own_thread):
                if not self._has_own_thread:
                    end_transactions()  # the thread serves other requests in the meantime
                if self._hand_over(Stream(response)):
                    return
            else:
                self._send_parts(response)
        except BaseException as error:
            self._hand_over(error=for_future(error, self._handler))
        self._finish(response)

    def _get_response(self) -> Any:
        request, refusal = self._handler.create_request(self._scope, self._body)
        if request is None:
            return refusal
        self._request = request
        if self._match is not None:
            keep_match(request, self._match)
        return self._handler.get_response(request)

    def _send_parts(self, response: Any) -> None:
        match = self._resolver_match()
        if not response.streaming:
            messages = whole_messages(response, self._thread_wait, match)
            self._hand_over(Messages(messages, is_last=True))
            return
        start = start_message(response, self._thread_wait, match)
        if path := path_of_file(response, self._scope):
            # The file is opened with the message; after the answer it may be closed.
            self._has_sent([start, {"type": "http.response.pathsend", "path": path}])
            self._hand_over(Messages([], is_last=True))
        elif self._has_sent([start]) and self._has_sent_stream(response):
            self._hand_over(Messages([body_message(b"", more_body=False)], is_last=True))
        else:
            self._hand_over(Messages([], is_last=True))

    def _resolver_match(self) -> Any:
        return None if self._request is None else self._request.resolver_match

    def _has_sent_stream(self, response: Any) -> bool:
        if isinstance(response, FileResponse):
            response.block_size = CHUNK_SIZE
        for part in response:
            for chunk in chunks(as_bytes(part)):
                if not self._has_sent([body_message(chunk, more_body=True)]):
                    return False
        return True

    def _has_sent(self, messages: list[dict[str, Any]]) -> bool:
        """Wait until they are sent. False if nobody wants more."""
        self._hand_over(Messages(messages, is_last=False))
        return self._answers.get()

    def _hand_over(self, made: Made | None = None, error: BaseException | None = None) -> bool:
        """False if the event loop has ended."""
        try:
            self._loop.call_soon_threadsafe(self._arrive, Outcome(made, error))
        except RuntimeError:  # the loop is closed
            self._answers.put(False)
            return False
        return True

    def _finish(self, response: Any) -> None:
        """Never raises: the thread goes on with other requests."""
        try:
            if response is None:
                signals.request_finished.send(sender=ASGIHandler)
            else:
                close(response)
        except BaseException:
            logger.exception("Closing the response to %s has failed", self._scope["path"])
        finally:
            if self._request is not None:
                self._request.close()
            self._body.close()
            end_transactions()
