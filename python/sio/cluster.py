"""Requests between the servers of a cluster.

The native server reaches the other servers. Events, joins, leaves and disconnects of others need no
Python here. What others ask about the sockets and the application of this server comes to
Cluster.asked(), and the answers to what this one asks come to Cluster.answered().
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import itertools
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .exceptions import AckTimeout, ClusterBusy
from .failures import start_task

if TYPE_CHECKING:
    from .cluster_core import ClusterCore

NO_ANSWER = 0  # the number of a request that is not answered
PATIENCE = 5.0  # seconds that fetch_sockets() and others wait for the other servers
LONGEST = 60.0  # seconds that they wait for the clients of an emit without a timeout
MARGIN = 2.0  # seconds, beyond the native server's time, until Python gives up itself


class Inquiry(NamedTuple):
    """What another server asks."""

    topic: str
    namespace: str
    rooms: Sequence[str]
    except_rooms: Sequence[str]
    args: list[Any]
    wants_answer: bool


# Called on the event loop; the result is the answer.
Handle = Callable[[Inquiry], Awaitable[Any]]


class ClusterDispatcher(Protocol):
    """What the native server calls for the cluster."""

    def asked_by_server(
        self,
        number: int,
        topic: str,
        namespace: str,
        rooms: list[str],
        except_rooms: list[str],
        args: list[Any],
    ) -> None:
        """Another server of the cluster asks: "fetch_sockets" for the sockets of this server in
        `rooms`, or "server_side_emit" with an event's name and arguments. Unless the number is 0,
        Server.answer_server() answers.
        """

    def servers_answered(
        self,
        number: int,
        values: list[Any],
        servers: int,
        silent_servers: int,
        silent_clients: int,
        refused: bool,
    ) -> None:
        """The answers to Server.ask_servers(): all that will come. `servers`: the other ones, as
        far as known. `refused`: they were not asked, because too many requests are open."""


class Question(NamedTuple):
    """What is asked of the other servers. `rooms`: as in the native server's broadcast()."""

    topic: str
    namespace: str
    rooms: Iterable[str] = ()
    except_rooms: Iterable[str] = ()
    args: Sequence[Any] = ()
    volatile: bool = False
    compress: bool = True


class Answers(NamedTuple):
    """What the other servers have answered. `servers`: their number, as far as known."""

    values: list[Any]
    servers: int
    silent_servers: int
    silent_clients: int
    refused: bool = False

    def complete(self) -> list[Any]:
        """Raises AckTimeout, with the answers that have arrived, if some are missing."""
        if self.silent_servers:
            raise AckTimeout(
                f"{self.silent_servers} of {self.servers} other servers did not answer", self.values
            )
        if self.silent_clients:
            raise AckTimeout(
                f"{self.silent_clients} clients of other servers did not answer", self.values
            )
        return self.values


class Cluster:
    """The other servers. All methods may be called from any thread, except asked() and answered().

    Until bind(), there are none.
    """

    def __init__(self) -> None:
        self._core: ClusterCore | None = None
        self._handle: Handle | None = None
        self._pending: dict[int, concurrent.futures.Future[Answers]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def bind(self, core: ClusterCore, handle: Handle) -> None:
        """Use this native server; `handle` answers the requests of others."""
        self._core, self._handle = core, handle

    def tell(self, question: Question) -> None:
        """Without an answer. Raises TypeError or ValueError for a value that can't be encoded."""
        self._post(NO_ANSWER, question, PATIENCE)

    def ask(self, question: Question, timeout: float | None) -> Awaitable[Answers]:
        """The answers. Takes `timeout` seconds at most, and a little more. Raises as tell(), and
        ClusterBusy when it is awaited.
        """
        seconds = LONGEST if timeout is None else timeout
        answers: concurrent.futures.Future[Answers] = concurrent.futures.Future()
        with self._lock:
            number = next(self._numbers)
            self._pending[number] = answers
        try:
            self._post(number, question, seconds)
        except BaseException:
            self._pending.pop(number, None)
            raise
        return self._wait(number, answers, seconds)

    def change(
        self,
        change: str,
        namespace: str,
        rooms: Iterable[str],
        except_rooms: Iterable[str],
        changed_rooms: Iterable[str] = (),
    ) -> None:
        """ "join", "leave", "disconnect" or "close_session", for sockets of the other servers."""
        if self._core is not None:
            self._core.change_sockets(change, namespace, rooms, except_rooms, changed_rooms)

    def asked(
        self,
        number: int,
        topic: str,
        namespace: str,
        rooms: list[str],
        except_rooms: list[str],
        args: list[Any],
    ) -> None:
        """Another server asks."""
        wants_answer = number != NO_ANSWER
        inquiry = Inquiry(topic, namespace, rooms, except_rooms, from_json(args), wants_answer)
        start_task(functools.partial(self._serve, number, inquiry), self._tasks)

    def answered(self, number: int, values: list[Any], *figures: Any) -> None:
        """The answers to ask(); `figures`: the other fields of Answers."""
        answers = self._pending.pop(number, None)
        if answers is not None and not answers.done():
            answers.set_result(Answers(from_json(values), *figures))

    def _post(self, number: int, question: Question, seconds: float) -> None:
        if self._core is None:
            return
        self._core.ask_servers(
            number,
            question.topic,
            question.namespace,
            question.rooms,
            question.except_rooms,
            question.args,
            max(1, int(seconds * 1000)),
            question.volatile,
            question.compress,
        )

    async def _wait(
        self, number: int, answers: concurrent.futures.Future[Answers], seconds: float
    ) -> Answers:
        if self._core is None:
            return Answers([], 0, 0, 0)
        try:
            # The native server answers in time, unless it stops.
            await asyncio.wait((asyncio.wrap_future(answers),), timeout=seconds + MARGIN)
            if not answers.done():
                return Answers([], 1, 1, 0)
            result = answers.result()
        finally:
            self._pending.pop(number, None)
        if result.refused:
            raise ClusterBusy("too many requests to other servers wait for their answers")
        return result

    async def _serve(self, number: int, inquiry: Inquiry) -> None:
        assert self._handle is not None
        try:
            result = await asyncio.wait_for(self._handle(inquiry), LONGEST)
        except asyncio.TimeoutError:  # no receiver has answered; the other server knows
            return
        if inquiry.wants_answer and self._core is not None:
            self._core.answer_server(number, [result])


def from_json(value: Any) -> Any:
    """The value, with bytes for the objects that Node's Buffers are in JSON."""
    if isinstance(value, list):
        return [from_json(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"type", "data"} and value["type"] == "Buffer":
        data = value["data"]
        if isinstance(data, list) and all(type(one) is int and 0 <= one < 256 for one in data):
            return bytes(data)
    return {key: from_json(one) for key, one in value.items()}
