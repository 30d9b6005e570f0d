"""SessionMoves: lets sessions go to other Python processes (--workers).

A session can move if all its sockets are in namespaces that can resume. What the next process needs
is kept in the native server from the moment a socket is accepted, so that the session can also move
when this process dies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .connection import Connection
from .engine import EngineIOSession
from .session_state import StateError, state_of_session, state_of_socket
from .socketio.socket import NamespaceSocket

if TYPE_CHECKING:
    from _sioserve import Server

logger = logging.getLogger("sio.consumer")

ANSWERS = 5.0  # seconds that a session waits for answers of its client before it moves


class SessionMoves:
    """The side of the process that has the session. Lives on the event loop's thread."""

    def __init__(self, core: Server) -> None:
        self._core = core
        self._kept: set[int] = set()  # sessions
        self._warned: set[tuple[str, str]] = set()

    def keep(self, session: EngineIOSession, socket: NamespaceSocket) -> bool:
        """Keep the present state of the session and of one of its sockets.

        False: the session can't move, which is logged once for each reason.
        """
        if not socket.name_space.table.can_resume(session):
            return False
        try:
            state = state_of_socket(socket)
            if session.number not in self._kept:
                self._core.keep_session(session.number, state_of_session(session))
        except StateError as error:
            return self._can_not_move(socket, f"{error} is not JSON")
        except Exception as error:  # of properties of the application's user, for example
            logger.debug("%r: its state can't be kept", socket, exc_info=error)
            return self._can_not_move(socket, f"{type(error).__name__}: {error}")
        self._kept.add(session.number)
        self._core.keep_socket(socket.number, state)
        return True

    def keep_away(self, socket: NamespaceSocket) -> None:
        """Keep the state of a socket whose client has lost its connection and may recover.

        Its namespace need not be able to resume: the client connects again.
        """
        try:
            state = state_of_socket(socket)
        except StateError as error:
            self._warn(socket, f"{error} is not JSON", "lose their data if they recover there")
            state = ""  # instead of an older one
        self._core.keep_socket(socket.number, state)

    def closed(self, session: int) -> None:
        """The session has ended."""
        self._kept.discard(session)

    async def let_go(
        self, session: EngineIOSession, connections: Callable[[], Iterable[Connection]]
    ) -> bool:
        """Return when all handlers have run and the next process can take over. False: it can't.

        `connections()` are those of the session's sockets now.
        """
        await self._wait_for_handlers(connections)
        await self._wait_for_answers(connections())
        await self._wait_for_handlers(connections)  # and for the callbacks of these answers
        self._kept.discard(session.number)  # user and session may have changed
        if not all(self.keep(session, one.socket) for one in connections()):
            return False
        self._kept.discard(session.number)
        return True

    @staticmethod
    async def _wait_for_handlers(connections: Callable[[], Iterable[Connection]]) -> None:
        while busy := [one for one in connections() if one.is_busy]:
            await asyncio.wait([asyncio.ensure_future(one.idle()) for one in busy])

    @staticmethod
    async def _wait_for_answers(connections: Iterable[Connection]) -> None:
        waiting: list[asyncio.Future[None]] = []
        for one in connections:
            answers = one.socket.pending_answers
            waiting += [asyncio.ensure_future(answer.settled()) for answer in answers]
            waiting.append(one.socket.callbacks_over())
        if not waiting:
            return
        await asyncio.wait(waiting, timeout=ANSWERS)
        for task in waiting:
            task.cancel()

    def _can_not_move(self, socket: NamespaceSocket, fault: str) -> bool:
        self._core.keep_socket(socket.number, "")  # instead of an older state
        self._warn(socket, fault, "are disconnected, and reconnect")
        return False

    def _warn(self, socket: NamespaceSocket, fault: str, effect: str) -> None:
        if (socket.namespace, fault) in self._warned:
            return
        self._warned.add((socket.namespace, fault))
        logger.warning(
            "Clients of namespace %s can't move to another Python process: %s. They %s "
            "(docs/workers.md#clients-that-stay-connected)",
            socket.namespace,
            fault,
            effect,
        )
