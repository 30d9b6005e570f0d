"""PendingCalls: what a socket has asked its client, and has no answer to yet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..answer import Answer
from ..lazy_attribute import LazyAttribute, empty_dict
from .emitter import AckCallback

NO_ANSWER = {  # as the native server says why
    "not sent": "the client could not take the volatile event",
    "forgotten": "the client has too many pending acknowledgements (--socketio-max-pending-acks)",
    "unread": "too many of its events came before the answer (--socketio-max-read-ahead)",
}


class PendingCalls:
    """A base of NamespaceSocket; see there for threads."""

    __slots__ = ("_answers_made", "_callbacks_made", "_calls_over")

    _answers_made: dict[int, Answer] | None
    _callbacks_made: dict[int, AckCallback] | None
    _calls_over: asyncio.Future[None] | None  # see callbacks_over()

    # Awaited answers, by the numbers of their callbacks.
    _answers = LazyAttribute[dict[int, Answer]]("_answers_made", empty_dict)
    _callbacks = LazyAttribute[dict[int, AckCallback]]("_callbacks_made", empty_dict)

    def take_callback(self, number: int) -> AckCallback | None:
        """The callback that emit() gave this number, once."""
        callback = self._callbacks.pop(number, None)
        self._note_callbacks()
        return callback

    def fail_answers(self, numbers: Sequence[int], why: str) -> None:
        """The acknowledgements with these numbers will not come."""
        for number in numbers:
            self._callbacks.pop(number, None)
            answer = self._answers.get(number)
            if answer is not None:
                answer.fail(NO_ANSWER[why])
        self._note_callbacks()

    @property
    def pending_answers(self) -> list[Answer]:
        """Answers of the client that are still to come."""
        return list(self._answers.values())

    def callbacks_over(self) -> asyncio.Future[None]:
        """Done when no callback of emit() waits for an acknowledgement. On the event loop."""
        if self._calls_over is None or self._calls_over.done():
            self._calls_over = asyncio.get_running_loop().create_future()
        self._note_callbacks()
        return self._calls_over

    def _note_callbacks(self) -> None:
        over = self._calls_over
        if over is not None and not over.done() and self._callbacks.keys() <= self._answers.keys():
            over.set_result(None)
