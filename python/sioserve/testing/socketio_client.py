"""A Socket.IO client in the test's event loop, without a socket.

    async with sio_client(ChatConsumer, user=ann) as c:
        answer = await c.call("join", "lobby")
        await c.emit("say", "hello")
        assert await c.receive("said") == "hello"

Works in pytest (pytest-asyncio, anyio on asyncio), in Django's async test methods, and without
both. Values pass through the server's own encoder: a tuple becomes a list, a Decimal a str.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from sio import ConnectionRefused, SocketIOConsumer
from sio.names import check_event, namespace_name
from sio.socketio.constants import (
    SIO_ACK,
    SIO_BINARY_ACK,
    SIO_CONNECT,
    SIO_CONNECT_ERROR,
    SIO_DISCONNECT,
    SIO_EVENT,
)
from sio.socketio.protocol import SocketIOPacket
from sio.socketio.socket import NamespaceSocket

from sioserve.testing.socketio_scope import handshake_scope
from sioserve.testing.socketio_server import PATIENCE, LoopbackHost, current_server, namespace_of
from sioserve.testing.socketio_session import Session

NOTHING = object()


def sio_client(
    *targets: type[SocketIOConsumer] | str,
    namespace: str | None = None,
    raise_handler_errors: bool | None = None,
    **options: Any,
) -> SioTestClient:
    """A client of these consumers, in the namespace of the first one; use it with `async with`.

    * `sio_client(ChatConsumer, ...)` serves only these consumers.
    * `sio_client("/chat")`, or `namespace=`, serves everything that is registered there with
      sio.register() and sio.on(), middleware and hooks included.

    Clients whose blocks overlap share one server, to which each adds its consumers: they share
    rooms and get each other's broadcasts. When the last client has disconnected, the process has
    its own handlers again.

    The other options are those of SioTestClient. `raise_handler_errors` is an option of the server,
    used if this client creates it (default: True).
    """
    consumers = tuple(target for target in targets if not isinstance(target, str))
    names = [target for target in targets if isinstance(target, str)]
    name = namespace or (names[0] if names else namespace_of(*consumers))
    return SioTestClient(
        None, name, consumers=consumers, raise_handler_errors=raise_handler_errors, **options
    )


class SioTestServer(LoopbackHost):
    """`async with SioTestServer(ChatConsumer) as server: async with server.client() as c: ...`

    Serves only these consumers or, without any, everything that is registered in the process.
    `settings` are those of `_sioserve.Server` ("max_payload_bytes", "max_rooms"). sio_client()
    creates a server automatically; create one yourself for settings, or to have it before a client.

    An exception of a handler is answered and logged as in production, and added to
    `handler_errors`. If that is not empty at the end of the block, its first exception is raised,
    unless the block itself raises, or `raise_handler_errors` is False.
    """

    def client(self, namespace: str | None = None, **options: Any) -> SioTestClient:
        """A client of this server: sio_client() with these arguments."""
        return SioTestClient(self, namespace or self.default_namespace, **options)


class SioTestClient:
    """One client in one namespace. Entering the block connects it, leaving it disconnects it.

    If the server refuses the client, entering raises sio.ConnectionRefused, with the `message` and
    the `data` that the client got; `refused` is that exception.

    Options: `auth` (sent with CONNECT), `user` and `session` (become `socket.user` and
    `socket.session`; without them the server loads them from the cookies, as in production),
    `cookies` (those of Django's test client, or a dict), `headers` and `query` (of the handshake),
    `scope` (other keys of the ASGI scope). `beside` is another client whose connection this client
    uses, as a browser does with io("/a") and io("/b").

    * `received`: all events so far, as tuples (event, *arguments).
    * `id`: the socket's id. `socket`: the server's NamespaceSocket, with its rooms and data.
    * `connected`: true from the answer to CONNECT until either side disconnects.
    """

    def __init__(
        self,
        server: SioTestServer | None,
        namespace: str,
        *,
        auth: Any = None,
        user: Any = NOTHING,
        session: Any = NOTHING,
        cookies: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        scope: Mapping[str, Any] | None = None,
        beside: SioTestClient | None = None,
        consumers: tuple[type[SocketIOConsumer], ...] = (),
        raise_handler_errors: bool | None = None,
        timeout: float = PATIENCE,
    ) -> None:
        self.namespace = namespace_name(namespace)
        self.received: list[tuple[Any, ...]] = []
        self.refused: ConnectionRefused | None = None
        self.connected = False
        self.id: str | None = None
        self.timeout = timeout
        self._auth = auth
        self._scope = dict(scope or {})
        self._scope_options = {"headers": headers, "query": query, "cookies": cookies}
        if user is not NOTHING:
            self._scope["user"] = user
        if session is not NOTHING:
            self._scope["session"] = session
        self._server = server if beside is None else beside.server
        self._beside = beside
        self._consumers = consumers
        self._raise_handler_errors = raise_handler_errors
        self._session: Session | None = None
        self._unread: list[tuple[Any, ...]] = []
        self._answers: dict[str, Any] = {}
        self._acks: dict[int, list[Any]] = {}
        self._last_ack_id = 0
        self._socket: NamespaceSocket | None = None
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def server(self) -> SioTestServer:
        """The server that the client is connected to. Raises RuntimeError outside of the block."""
        if self._server is None:
            raise RuntimeError("the client has no server outside of its `async with` block")
        return self._server

    @property
    def socket(self) -> NamespaceSocket:
        """The server's socket of this client. Raises RuntimeError if it never connected."""
        if self._socket is None:
            raise RuntimeError("this client is not connected")
        return self._socket

    async def emit(self, event: str, *args: Any) -> None:
        """Send an event. Like a client's emit() it does not wait for the handler.

        call(), receive() and settle() wait. Raises TypeError for values other than JSON's types and
        bytes.
        """
        self._send(event, args, None)

    async def call(self, event: str, *args: Any, timeout: float | None = None) -> Any:
        """Send an event and return the answer: the acknowledgement's argument, None without an
        argument, a list of several. Raises TimeoutError without an answer.
        """
        self._last_ack_id = number = self._last_ack_id + 1
        self._send(event, args, number)
        await self._wait(lambda: number in self._acks, timeout, f"no answer to {event!r}")
        return _one(self._acks.pop(number))

    emit_with_ack = call

    async def receive(self, event: str | None = None, timeout: float | None = None) -> Any:
        """Return the next event of this name that was not received yet: its argument, None without
        an argument, a list of several. Other events stay queued. Without a name: the next event of
        any name, as a tuple (event, *arguments).

        Raises TimeoutError, with a list of the events that arrived instead.
        """
        found: list[tuple[Any, ...]] = []

        def take() -> bool:
            for item in self._unread:
                if event is None or item[0] == event:
                    self._unread.remove(item)
                    found.append(item)
                    return True
            return False

        wanted = "no event" if event is None else f"no event {event!r}"
        await self._wait(take, timeout, lambda: f"{wanted}; unread are {self._unread}")
        return found[0] if event is None else _one(list(found[0][1:]))

    async def settle(self, timeout: float | None = None) -> None:
        """Wait until no handler runs and no event is in flight.

        Raises TimeoutError if a handler does not end.
        """
        await self.server.settle(self.timeout if timeout is None else timeout)

    async def received_nothing(self) -> bool:
        """After settle(): true if there is no event that was not received."""
        await self.settle()
        return not self._unread

    def on(self, event: str, answer: Callable[..., Any]) -> None:
        """Call `answer(*args)`, plain or `async def`, for each event of this name.

        Its result is the answer, if the server asks for one: None is no argument, a tuple several.
        """
        check_event(event)
        self._answers[event] = answer

    def answer(self, event: str, *args: Any) -> None:
        """Answer each event of this name with these arguments."""
        self.on(event, lambda *_: args)

    async def disconnect(self) -> None:
        """Disconnect from the namespace, and wait until the disconnect handler has run."""
        if self.connected and self._session is not None:
            self._session.send(SocketIOPacket(SIO_DISCONNECT, self.namespace))
        await self._leave()

    async def lose_connection(self) -> None:
        """Lose the connection, with all its namespaces ("transport close")."""
        if self._session is not None:
            self._session.leave()
        await self._leave()

    async def disconnected(self, timeout: float | None = None) -> None:
        """Wait until the server has disconnected the client. Raises TimeoutError."""
        await self._wait(lambda: not self.connected, timeout, "the client is still connected")

    async def __aenter__(self) -> SioTestClient:
        if self._server is None:
            running = current_server()
            self._server = running if isinstance(running, SioTestServer) else self._new_server()
        await self._server.__aenter__()
        try:
            for consumer in self._consumers:
                self._server.add_consumer(consumer)
            await self._connect()
        except BaseException as error:
            await self._leave()
            await self._server.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        try:
            await self.disconnect()
        finally:
            await self.server.__aexit__(kind, error, traceback)

    # --- called by the session ---

    def receive_packet(self, packet: SocketIOPacket) -> None:
        """The server has sent this packet."""
        if packet.type == SIO_CONNECT:
            self.id = packet.data["sid"]
            found = self.server.server.find(self.namespace)
            self._socket = None if found is None else found.socket(packet.data["sid"])
            self.connected = True
        elif packet.type == SIO_CONNECT_ERROR:
            self.refused = ConnectionRefused(packet.data["message"], packet.data.get("data"))
        elif packet.type == SIO_DISCONNECT:
            self.connected = False
        elif packet.type in (SIO_ACK, SIO_BINARY_ACK):
            if packet.id is not None:
                self._acks[packet.id] = packet.data
        else:
            event = tuple(packet.data)
            self.received.append(event)
            self._unread.append(event)
            if event[0] in self._answers:
                self._start_answering(event, packet.id)

    def lost(self) -> None:
        """The session has ended."""
        self.connected = False

    def is_busy(self) -> bool:
        """Whether an event is being answered."""
        return bool(self._answering)

    # --- internal ---

    def _new_server(self) -> SioTestServer:
        raises = self._raise_handler_errors
        return SioTestServer(
            *self._consumers, raise_handler_errors=True if raises is None else raises
        )

    async def _connect(self) -> None:
        if self._session is not None:
            raise RuntimeError("a test client connects once; create another one")
        if self._beside is not None:
            session = self._beside._session
            if session is None or not session.is_open:
                raise RuntimeError("the client beside which to connect is not connected")
        else:
            session = self.server.open_session(handshake_scope(self._scope, **self._scope_options))
        self._session = session
        session.add(self.namespace, self)
        session.send(SocketIOPacket(SIO_CONNECT, self.namespace, self._auth))
        await self._wait(
            lambda: self.connected or self.refused or not session.is_open,
            None,
            "connect() has not decided",
        )
        if self.refused is not None:
            raise self.refused
        if not self.connected:
            raise ConnectionError("the server has closed the connection")

    async def _leave(self) -> None:
        self.connected = False
        if self._session is not None:
            self._session.remove(self.namespace)
        socket = self._socket
        if socket is not None:
            await self._wait(lambda: socket.finished, None, "the client's handlers still run")

    def _send(self, event: str, args: tuple[Any, ...], ack_id: int | None) -> None:
        check_event(event)
        if not self.connected or self._session is None:
            raise RuntimeError(f"can't emit {event!r}: the client is not connected")
        self._session.send(SocketIOPacket(SIO_EVENT, self.namespace, [event, *args], ack_id))

    def _start_answering(self, event: tuple[Any, ...], ack_id: int | None) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(event, ack_id))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, event: tuple[Any, ...], ack_id: int | None) -> None:
        try:
            result = self._answers[event[0]](*event[1:])
            if inspect.isawaitable(result):
                result = await result
            if ack_id is not None and self.connected and self._session is not None:
                args = [] if result is None else list(result) if type(result) is tuple else [result]
                self._session.send(SocketIOPacket(SIO_ACK, self.namespace, args, ack_id))
        except Exception as error:
            self.server.handler_errors.append(error)

    async def _wait(
        self, condition: Callable[[], Any], timeout: float | None, what: str | Callable[[], str]
    ) -> None:
        await self.server.wait_for(condition, self.timeout if timeout is None else timeout, what)


def _one(args: list[Any]) -> Any:
    return None if not args else args[0] if len(args) == 1 else args
