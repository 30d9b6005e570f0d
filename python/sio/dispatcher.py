"""Dispatcher: from the native server's calls to the handlers of the namespaces.

The native server refers to sessions and sockets by number; the dispatcher maps these to objects.
Its methods return immediately: handlers run in the connections' own tasks. Lives on the event
loop's thread. Code that starts a server uses it like this:

    dispatcher = Dispatcher()
    server = _sioserve.Server(application, dispatcher, json_default=sio.encoding.default, ...)
    dispatcher.bind(server)
    ...                           # start, and wait until the server has stopped
    await dispatcher.close(10)
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, NamedTuple

from _sioserve import EventCalls

from .cluster import Cluster
from .connection import NOT_AUTHORIZED, TOOK_TOO_LONG, Connection, Guard
from .dormant import Dormant, DormantClients
from .encoding import default
from .engine import EngineIOSession
from .failures import abandon_handlers, end_task, start_task
from .handlers import limit_of
from .handshake import HandshakeRequest
from .log_lines import about_sending
from .processes import Processes
from .session_moves import SessionMoves
from .session_state import described_socket, restored_session
from .sessions import Sessions
from .socketio.cluster_adapter import ClusterAdapter, handle_inquiry
from .socketio.namespace import Namespace
from .socketio.process_adapter import ProcessAdapter, handle_request
from .socketio.request_checks import Decision
from .socketio.server import SocketIOServer, get_socketio_server
from .socketio.socket import NamespaceSocket
from .task_places import place
from .threads import Threads
from .time_limit import HandlerTimes, TimeLimit

if TYPE_CHECKING:
    from _sioserve import Server

logger = logging.getLogger("sio.socketio.dispatcher")

INVALID_NAMESPACE = "Invalid namespace"
CANCELLATION = 1.0  # seconds for a cancelled handler, and the disconnect handlers after it, to end
LAST_CANCELLATION = 0.25  # seconds for disconnect handlers that were cancelled then


class Former(NamedTuple):
    """What a recovered client was before: the number of its socket, if that is of this process;
    else the state that another process has kept of it.
    """

    number: int | None
    state: str | None


class Dispatcher:
    """Implements _sioserve.Dispatcher for one native server."""

    def __init__(
        self,
        server: SocketIOServer | None = None,
        times: HandlerTimes | None = None,
        processes: Processes | None = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        """`processes`: the other Python processes of the same native server. `state`: that of the
        lifespan, for the scopes of sessions that come from these.
        """
        self._processes = processes
        self._cluster: Cluster | None = None
        self._state = state
        self._moves: SessionMoves | None = None  # with other processes
        self._times = times or HandlerTimes()
        self._server = get_socketio_server() if server is None else server
        self._core: Server | None = None
        self._sessions = Sessions()
        self._connections: dict[int, Connection] = {}  # by the numbers of their sockets
        self._dormant = DormantClients(self._make_woken)
        # The most frequent calls of the native server: without a method of this class in between.
        calls = EventCalls(self._connections, self._dormant.wake)
        self.event, self.events = calls.event, calls.events
        # Bound once for all connections.
        self._on_finished, self._on_accepting = self._forget, self._keep_accepted
        # Clients that wait for a dynamic namespace: the session, and the task that calls the
        # function, once it waits.
        self._asking: dict[int, tuple[int, asyncio.Task[None] | None]] = {}
        self._away: dict[int, NamespaceSocket] = {}  # sockets of clients that may be recovered
        self._leaving: set[int] = set()  # sessions that wait for their handlers before they move
        self._tasks: set[asyncio.Task[None]] = set()

    def join_cluster(self, cluster: Cluster) -> None:
        """The native server belongs to this cluster. Before bind()."""
        self._cluster = cluster

    def bind(self, core: Server, threads: Threads | None = None) -> None:
        """Use this native server, before it starts, and these threads for synchronous handlers.

        Raises RuntimeError if another one already runs in this process.
        """
        self._server.attach(core, threads)
        self._server.handler_timeout = self._times.handler
        self._core = core
        if self._processes is not None:
            self._moves = SessionMoves(core)
            self._processes.bind(core, functools.partial(handle_request, self._server))
            self._server.adapter(functools.partial(ProcessAdapter, processes=self._processes))
            self._server.spans_processes = True
        if self._cluster is not None:
            self._cluster.bind(core, functools.partial(handle_inquiry, self._server))
            processes = Processes(default) if self._processes is None else self._processes
            self._server.adapter(
                functools.partial(ClusterAdapter, processes=processes, cluster=self._cluster)
            )

    async def close(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for handlers that still run, cancel the rest, and unbind.

        Call it when the native server has stopped.
        """
        # They have moved without waiting any longer, so another process handles their next events.
        for number in self._leaving:
            for connection in self._connections_of(number):
                connection.end()
        self._cancel(await self._wait_for_handlers(timeout))
        # Afterwards the disconnect handlers of the sockets with cancelled handlers run.
        self._cancel(await self._wait_for_handlers(CANCELLATION))
        for task in await self._wait_for_handlers(LAST_CANCELLATION):
            logger.error("Abandoned, ignores its cancellation: a handler, %s", place(task))
        for socket in tuple(self._away):
            self.forgotten(socket)
        if self._core is not None:
            self._server.detach(self._core)
            self._core = None

    async def _wait_for_handlers(self, seconds: float) -> set[asyncio.Task[None]]:
        """The tasks that still run after this time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while tasks := self._running():
            await asyncio.wait(tasks, timeout=max(end - loop.time(), 0))
            if loop.time() >= end:
                break
        return {task for task in tasks if not task.done()}

    def _cancel(self, late: set[asyncio.Task[None]]) -> None:
        for task in late:
            logger.warning("Cancelled at shutdown: a handler, %s", place(task))
        for connection in tuple(self._connections.values()):
            if not late.isdisjoint(connection.tasks()):
                connection.end()
        for task in late & self._tasks:
            end_task(task)

    def is_busy(self) -> bool:
        """Whether a handler runs."""
        return bool(self._running())

    def running_handlers(self) -> list[str]:
        """Where in the code each handler that runs is."""
        return [place(task) for task in self._running()]

    def log_debug(self, logger: logging.Logger, message: str) -> None:
        """A debug line of the native server, which may be about sending an event."""
        with about_sending() as mark:
            logger.debug("%s", message, extra=mark)

    def handshake(self, handshake: int, scope: Any) -> None:
        start_task(functools.partial(self._decide, handshake, scope), self._tasks)

    def origin(self, handshake: int, scope: Any) -> None:
        start_task(functools.partial(self._decide_origin, handshake, scope), self._tasks)

    def request_refused(self, scope: Any, code: int | None, message: str, omitted: int) -> None:
        hooks = self._server.refusal_hooks
        hooks.report(scope, code, message, omitted, self._tasks, self._times.handshake)

    def session_opened(self, session: int, scope: Any) -> None:
        self._sessions.open(session, scope)
        self._server.local_clients_count = len(self._sessions)
        logger.debug("session %d opened", session)

    def session_closed(self, session: int, status: tuple[str, float | None] | None = None) -> None:
        opened = self._sessions.pop(session)
        if opened is not None:  # otherwise no object needs to know
            opened.close(status)
        if self._moves is not None:
            self._moves.closed(session)
        self._server.local_clients_count = len(self._sessions)
        logger.debug("session %d closed", session)

    def connect(
        self,
        socket: int,
        session: int,
        id: str,
        namespace: str,
        auth: Any,
        recovered: int | None = None,
        state: str | None = None,
    ) -> None:
        core = self._core
        if core is None:
            raise RuntimeError("bind() comes first")
        former = Former(recovered, state)
        target = self._server.find(namespace)
        opened = self._sessions.peek(session, core)
        is_new = recovered is None and state is None and self._moves is None
        if (
            is_new
            and target is not None
            and self._is_open_to(opened, target)
            and self._dormant.accept(core, socket, target, opened, id, auth)
        ):
            return
        opened = self._sessions.keep(opened)
        if target is None and self._server.parent_namespaces():
            self._asking[socket] = (session, None)
            task = start_task(
                functools.partial(self._admit, core, socket, opened, id, namespace, auth, former),
                self._tasks,
            )
            if socket in self._asking:
                self._asking[socket] = (session, task)
        else:
            self._enter(core, socket, opened, id, target, auth, former)

    def _make_woken(self, number: int, client: Dormant) -> Connection:
        core = self._core
        if core is None:
            raise RuntimeError("the server has stopped")
        session = self._sessions.keep(self._sessions.peek(client.session, core))
        auth = {} if client.auth is None else client.auth
        socket = NamespaceSocket(core, number, client.namespace, session, client.id, auth)
        socket.wake(client.created)
        session.add(socket)
        client.namespace.add_socket(socket)
        return self._add_connection(core, session, client.namespace, socket)

    async def _admit(
        self,
        core: Server,
        socket: int,
        session: EngineIOSession,
        id: str,
        name: str,
        auth: Any,
        former: Former,
    ) -> None:
        """Call the function that decides about a dynamic namespace, for its first client."""

        def refuse() -> None:
            """Answer the client before the cancelled function has ended."""
            if self._asking.pop(socket, None) is not None:
                self._refuse(core, socket, TOOK_TOO_LONG, former)

        target: Namespace | None = None
        limit = TimeLimit(self._times.connect, name, refuse)
        try:
            with contextlib.suppress(TimeoutError), limit:
                target = await self._server.admit(name, auth, limit)
        finally:
            if socket in self._asking:  # its client has not disconnected
                del self._asking[socket]
                self._enter(core, socket, session, id, target, auth, former)

    def _enter(
        self,
        core: Server,
        socket: int,
        session: EngineIOSession,
        id: str,
        target: Namespace | None,
        auth: Any,
        former: Former,
    ) -> None:
        recovered = former.number
        if target is None or not self._may_use(session, target):
            self._refuse(core, socket, INVALID_NAMESPACE, former)
            return
        before = None if recovered is None else self._away.pop(recovered, None)
        if recovered is not None and before is None:
            # It was refused in the meantime, which the native server did not know; there it still
            # has its rooms.
            core.refuse_socket(socket, NOT_AUTHORIZED)
            return
        sock = NamespaceSocket(core, socket, target, session, id, auth)
        session.add(sock)
        target.add_socket(sock)
        last: Connection | None = None
        if recovered is not None and before is not None:
            sock.take_over(before)
            last = self._connections.get(recovered)
        elif former.state is not None:
            sock.recover(described_socket(former.state))
        self._add_connection(core, session, target, sock, last).connect(auth)

    def _refuse(self, core: Server, socket: int, why: str, former: Former) -> None:
        core.refuse_socket(socket, why)
        if former.number is not None:
            self.forgotten(former.number)

    def _add_connection(
        self,
        core: Server,
        session: EngineIOSession,
        namespace: Namespace,
        socket: NamespaceSocket,
        before: Connection | None = None,
    ) -> Connection:
        made = Connection(
            core,
            socket.number,
            namespace,
            session,
            socket,
            self._on_finished,
            self._on_accepting,
            self._times,
            before,
        )
        self._connections[socket.number] = made
        return made

    def _keep_accepted(self, session: EngineIOSession, socket: NamespaceSocket) -> None:
        # Before the client knows that it is accepted: then it can be moved, whatever happens.
        if self._moves is not None:
            self._moves.keep(session, socket)

    # --- sessions that move between processes ---

    def keep_away(self, socket: int) -> None:
        start_task(functools.partial(self._keep_away, socket), self._tasks)

    async def _keep_away(self, number: int) -> None:
        try:
            connection = self._connections.get(number)
            if connection is not None:
                await connection.idle()
        finally:  # whatever has happened, the native server waits for an answer
            self._keep_state(number)
            if number not in self._away and self._core is not None:
                self._core.keep_socket(number, "")

    def _keep_state(self, number: int) -> None:
        """Of a socket whose client may return, possibly to another process."""
        socket = self._away.get(number)
        if socket is not None and self._moves is not None:
            self._moves.keep_away(socket)

    def move_session(self, session: int, why: str) -> None:
        start_task(functools.partial(self._let_go, session, why), self._tasks)

    async def _let_go(self, number: int, why: str) -> None:
        core, moves = self._core, self._moves
        if core is None or moves is None:
            return
        has_gone = False
        self._leaving.add(number)
        try:
            has_gone = await self._leave(number, moves)
        finally:  # whatever has happened, the native server waits for an answer
            self._leaving.discard(number)
            if has_gone:
                core.let_session_go(number)
                logger.debug("session %d has moved to another process: %s", number, why)
            else:
                core.give_up_session(number)

    async def _leave(self, number: int, moves: SessionMoves) -> bool:
        """False: the session can't move."""
        while asking := self._tasks_asking_for(number):
            await asyncio.wait(asking)
        session = self._sessions.get(number)
        connections = functools.partial(self._connections_of, number)
        # A session without sockets has nobody who could resume it.
        if session is None or not connections() or not await moves.let_go(session, connections):
            return False
        for connection in connections():
            connection.let_go()
        self._sessions.pop(number)
        self._server.local_clients_count = len(self._sessions)
        return True

    def _connections_of(self, session: int) -> list[Connection]:
        found = self._sessions.get(session)
        sockets = () if found is None else found.sockets
        return [self._connections[s.number] for s in sockets if s.number in self._connections]

    def _tasks_asking_for(self, session: int) -> list[asyncio.Task[None]]:
        return [task for of, task in self._asking.values() if of == session and task is not None]

    def session_moved(
        self, session: int, why: str, state: str, sockets: list[tuple[int, str]]
    ) -> None:
        core = self._core
        if core is None:
            raise RuntimeError("bind() comes first")
        try:
            moved = restored_session(session, state, core)
            if self._state is not None:
                moved.scope["state"] = dict(self._state)
            self._sessions.add(moved)
            self._server.local_clients_count = len(self._sessions)
            for number, described in sockets:
                self._resume(core, moved, number, described_socket(described), why)
        except Exception:
            logger.exception("a client is disconnected, because it can't be resumed")
            core.give_up_session(session)

    def _resume(
        self,
        core: Server,
        session: EngineIOSession,
        number: int,
        described: dict[str, Any],
        why: str,
    ) -> None:
        target = self._server.find_or_fit(described["namespace"])
        if target is None or not target.table.can_resume(session):
            logger.info(
                "A client of namespace %s is disconnected, because the new code can't resume it",
                described["namespace"],
            )
            core.give_up_session(session.number)
            return
        socket = NamespaceSocket(core, number, target, session, described["id"], described["auth"])
        socket.restore(described)
        session.add(socket)
        target.add_socket(socket)
        self._add_connection(core, session, target, socket).resume(why)

    def acknowledged(self, socket: int, callback_id: int, args: list[Any]) -> None:
        connection = self._connections.get(socket)
        if connection is None:
            return
        sock = connection.socket
        callback = sock.take_callback(callback_id)
        if callback is None:
            return
        with Guard(callback, sock):
            result = callback(*args)
            if inspect.isawaitable(result):
                finish = functools.partial(self._finish_callback, callback, sock, result)
                connection.add_callback(start_task(finish, self._tasks))

    def acks_lost(self, socket: int, callback_ids: list[int], why: str) -> None:
        connection = self._connections.get(socket)
        if connection is not None:
            connection.socket.fail_answers(callback_ids, why)

    def disconnect(
        self, socket: int, reason: str, reference_reason: str, may_return: bool = False
    ) -> None:
        if self._dormant.disconnect(socket, reason, may_return):
            self._release(socket)
            return
        connection = self._connections.get(socket)
        if connection is None:
            _, task = self._asking.pop(socket, (None, None))
            if task is not None:
                end_task(task)
            self._release(socket)
            return
        if may_return:
            connection.socket.away = True
            self._away[socket] = connection.socket
        connection.disconnect(reason, reference_reason)

    def told(self, process: int, payload: str) -> None:
        if self._processes is not None:
            self._processes.receive(process, payload)

    def process_left(self, process: int) -> None:
        if self._processes is not None:
            self._processes.left(process)

    def asked_by_server(
        self,
        number: int,
        topic: str,
        namespace: str,
        rooms: list[str],
        except_rooms: list[str],
        args: list[Any],
    ) -> None:
        if self._cluster is not None:
            self._cluster.asked(number, topic, namespace, rooms, except_rooms, args)

    def servers_answered(self, number: int, *answers: Any) -> None:
        if self._cluster is not None:
            self._cluster.answered(number, *answers)

    def signalled(self, session: int, signal: str) -> None:
        opened = self._sessions.get(session)
        if opened is None:
            return
        for socket in opened.sockets:
            connection = self._connections.get(socket.number)
            if connection is not None:
                connection.signal(signal)

    def forgotten(self, socket: int) -> None:
        sock = self._away.pop(socket, None)
        if sock is None:
            self._release(socket)
            return
        sock.away = False
        logger.debug("%r did not come back", sock)
        if socket not in self._connections:
            sock.forget()
            sock.name_space.remove_socket(sock)

    def abandon(self) -> None:
        """In a child made by fork(): start no more handlers; they run in the parent."""
        abandon_handlers()
        for connection in self._connections.values():
            connection.abandon()

    def _release(self, socket: int) -> None:
        """No handler will query the rooms of this disconnected client."""
        if self._core is not None:
            self._core.release_socket(socket)

    async def _decide(self, handshake: int, scope: Any) -> None:
        decision = Decision("")
        limit = TimeLimit(self._times.handshake, "allow_request")
        checks = self._server.request_checks
        try:
            with contextlib.suppress(TimeoutError), limit:
                decision = await checks.decision(HandshakeRequest(scope), limit)
        finally:
            # After the time, the native server refuses it by itself.
            if self._core is not None and not limit.expired:
                self._core.decide_handshake(handshake, *decision)

    async def _decide_origin(self, handshake: int, scope: Any) -> None:
        allowed = False
        limit = TimeLimit(self._times.handshake, "allow_origin")
        checks = self._server.request_checks
        try:
            with contextlib.suppress(TimeoutError), limit:
                allowed = await checks.allows_origin(HandshakeRequest(scope), limit)
        finally:
            if self._core is not None and not limit.expired:
                self._core.decide_handshake(handshake, None if allowed else "")

    async def _finish_callback(
        self, callback: Any, socket: NamespaceSocket, result: Awaitable[Any]
    ) -> None:
        with Guard(callback, socket), limit_of(callback, self._times.handler):
            await result

    @staticmethod
    def _may_use(session: EngineIOSession, namespace: Namespace) -> bool:
        """Clients of the native path, which have not passed any middleware, must not use namespaces
        that a project only routes behind its own middleware.
        """
        if Dispatcher._is_open_to(session, namespace):
            return True
        logger.warning(
            "a client of the native Socket.IO path asked for namespace %r, which is mounted with "
            "as_asgi() only; sio.register() serves it natively too "
            "(docs/socketio.md#two-ways-to-serve-it)",
            namespace.name,
        )
        return False

    @staticmethod
    def _is_open_to(session: EngineIOSession, namespace: Namespace) -> bool:
        table = namespace.table
        return session.is_routed or table.is_native or table.is_empty

    def _forget(self, socket: int) -> None:
        self._connections.pop(socket, None)
        self._keep_state(socket)

    def _running(self) -> set[asyncio.Task[None]]:
        return self._tasks.union(*(c.tasks() for c in self._connections.values()))
