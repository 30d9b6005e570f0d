"""Publisher: sends the messages of this process to Redis or a server, in the order of the calls.

Messages wait in a queue. The thread that has the lock sends all of them. In a thread without an
event loop publish() does so itself: it returns when the message was taken, or raises. On an event
loop it must not block: there another thread sends, and the result can be awaited. What is not
awaited is sent all the same, also if the event loop ends meanwhile, and a failure is logged.

There is one connection for all threads and event loops. A child made by fork() begins with an empty
queue and a connection of its own.
"""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import logging
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Protocol

from ...awaitables import DONE, Done, Later
from ...exceptions import PublishError
from ...log_lines import about_sending
from .formats import Message

logger = logging.getLogger("sio.socketio.cluster")

MOST_WAITING = 64_000_000  # bytes


class Client(Protocol):
    """A RedisClient or a ControlClient. `address` is the subject of a sentence."""

    address: str

    def send(self, messages: Sequence[Message]) -> list[Exception | None]: ...

    def close(self) -> None: ...


class Publisher:
    """All methods may be called from any thread."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        """`connect` makes a client when the first message is published; it may raise."""
        self._connect = connect
        self._outbox = _Outbox(connect)
        publisher = weakref.ref(self)  # what is registered stays registered

        def begin_again() -> None:
            if (forked := publisher()) is not None:
                # The parent's connection is kept, unused: closing it could disturb the parent.
                forked._inherited = forked._outbox
                forked._outbox = _Outbox(forked._connect)

        os.register_at_fork(after_in_child=begin_again)
        self._inherited: _Outbox | None = None

    def publish(self, message: Message, what: str) -> Done:
        """`what` the message does, for errors: "emit 'news'".

        Raises PublishError at the call or, on an event loop, when the result is awaited, and
        RuntimeError at the call if no client can be made.
        """
        outbox = self._outbox
        publication = outbox.add(message, what)
        if _is_on_event_loop():
            outbox.send_in_thread()
            return Later(publication.wait)
        publication.is_awaited = True
        outbox.send()
        publication.check()
        return DONE

    def close(self) -> None:
        """Send the waiting messages and close the connection. The next message opens a new one."""
        self._outbox.close()


class _Publication:
    """One message, and whether it has been sent."""

    def __init__(self, message: Message, what: str) -> None:
        self.message = message
        self.what = what
        self.is_awaited = False
        self._outcome: concurrent.futures.Future[PublishError | None] = concurrent.futures.Future()

    def settle(self, failure: PublishError | None) -> None:
        self._outcome.set_result(failure)
        if failure is not None and not self.is_awaited:
            with about_sending() as mark:
                logger.error("%s", failure, extra=mark)

    def check(self) -> None:
        """When it is settled: raises PublishError if it was not sent."""
        failure = self._outcome.result()
        if failure is not None:
            raise failure

    async def wait(self) -> None:
        self.is_awaited = True
        try:
            await asyncio.wait((asyncio.wrap_future(self._outcome),))  # does not cancel it
        finally:
            self.is_awaited = self._outcome.done()
        self.check()


class _Outbox:
    """The queue and the connection of one process."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None
        self._queue: collections.deque[_Publication] = collections.deque()
        self._waiting = 0  # bytes, with those that are being sent
        self._change = threading.Lock()  # of the queue; held for a moment
        self._sending = threading.Lock()  # held while messages are sent
        self._thread: concurrent.futures.ThreadPoolExecutor | None = None
        self._is_scheduled = False

    def add(self, message: Message, what: str) -> _Publication:
        publication = _Publication(message, what)
        with self._change:
            if self._client is None:
                self._client = self._connect()
            if self._waiting and self._waiting + len(message.payload) > MOST_WAITING:
                raise PublishError(
                    f"can't {what}: {self._waiting} bytes wait for {self._client.address} already; "
                    "await the results of emit()"
                )
            self._waiting += len(message.payload)
            self._queue.append(publication)
        return publication

    def send(self) -> None:
        """Returns when all that is in the queue now has been sent, or has failed."""
        batch: list[_Publication] = []
        errors: Sequence[Exception | None] = []
        with self._sending:
            try:
                with self._change:
                    batch = list(self._queue)
                    self._queue.clear()
                if batch and self._client is not None:
                    errors = self._client.send([one.message for one in batch])
            except BaseException as error:  # for example a signal's, as the time limit of a task
                self._settle(batch, [PublishError(f"{type(error).__name__} {error}")] * len(batch))
                raise
            finally:
                with self._change:
                    self._waiting -= sum(len(one.message.payload) for one in batch)
        self._settle(batch, errors)

    def _settle(self, batch: Sequence[_Publication], errors: Sequence[Exception | None]) -> None:
        for one, error in zip(batch, errors, strict=True):
            failure = None
            if error is not None and self._client is not None:
                address = self._client.address
                failure = PublishError(f"can't {one.what}: {address}: {error}")
                failure.__cause__ = error
            one.settle(failure)

    def send_in_thread(self) -> None:
        with self._change:
            if self._is_scheduled:
                return
            self._is_scheduled = True
            if self._thread is None:
                self._thread = concurrent.futures.ThreadPoolExecutor(1, "sio publisher")
        try:
            self._thread.submit(self._send_scheduled)
        except RuntimeError:  # no thread can be started, for example at the end of the interpreter
            self._send_scheduled()

    def _send_scheduled(self) -> None:
        self._is_scheduled = False
        self.send()

    def close(self) -> None:
        self.send()
        with self._sending:
            if self._client is not None:
                self._client.close()


def _is_on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
