"""The native core: asgi-bridge/ built as an extension module, or built into the executable.

One Server serves one application on one asyncio event loop. Sockets, Engine.IO sessions, Socket.IO
namespaces, rooms and timers live on the server's own I/O thread, which never takes the GIL; Python
refers to them by number. A call with the number of an object that no longer exists does nothing.
Commands are carried out in the order of the calls.
"""

import asyncio
import contextvars
import logging
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    MutableMapping,
    Sequence,
)
from typing import Any, Protocol, TypeVar, final

from sio.cluster import ClusterDispatcher
from sio.cluster_core import ClusterCore
from sio.handler_core import Acknowledgement as Acknowledgement
from sio.handler_core import EventCalls as EventCalls
from sio.handler_core import HandlerQueue as HandlerQueue
from sio.process_core import ProcessCore
from sioserve.tls import TlsSettings
from sioserve.tls_core import TlsCore

_T = TypeVar("_T")

__version__: str

# If the executable contains the interpreter: size, time of modification and CRC-32 of the program
# python3 when it was built, otherwise empty.
embedded_python_file: str

# The id of the current request: scope["extensions"]["sioserve.request_id"].
request_id: contextvars.ContextVar[str | None]

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Callable[..., Any], Callable[..., Any]], Awaitable[None]]

class Dispatcher(ClusterDispatcher, Protocol):
    """The server's callbacks for Socket.IO; called on the event loop's thread, never awaited.

    An exception of one of these methods is logged.
    """

    def handshake(self, handshake: int, scope: Scope) -> None:
        """Asks whether to accept this handshake: answer with decide_handshake().

        Called only after ask_about_handshakes(); `scope` as for session_opened().
        """

    def origin(self, handshake: int, scope: Scope) -> None:
        """Asks whether pages of the request's origin may use this server: answer with
        decide_handshake(). The request is a handshake or a preflight request.

        Called only after ask_about_origins(), and not for origins of `cors_origins`.
        """

    def request_refused(self, scope: Scope, code: int | None, message: str, omitted: int) -> None:
        """A request to Engine.IO was refused, with the reference server's code, if there is one,
        and this message. `omitted`: how many more since the last call, which are not reported.

        Called only after watch_refusals(); `scope` as for session_opened().
        """

    def log_debug(self, logger: logging.Logger, message: str) -> None:
        """Log a debug line of the loggers "sio.engineio" and "sio.socketio"."""

    def session_opened(self, session: int, scope: Scope | Callable[[], Scope]) -> None:
        """The first CONNECT of an Engine.IO session has arrived.

        `scope` is the handshake's ASGI scope (`type` is "http" or "websocket"), with the changes of
        the application's middleware, if the ASGI application handed the handshake over. Otherwise
        it is a function that makes the scope.
        """

    def session_closed(self, session: int, status: tuple[str, float | None]) -> None:
        """Called after disconnect() of each of the session's sockets.

        `status`: the last value of Server.session_status().
        """

    def connect(
        self,
        socket: int,
        session: int,
        id: str,
        namespace: str,
        auth: Any,
        recovered: int | None,
        state: str | None,
    ) -> None:
        """A client asks to join a namespace: answer with accept_socket() or refuse_socket().

        `recovered`: the client has been recovered, and has the id and the rooms of this socket,
        which has disconnected. Commands with the old number reach the new socket. `state`: it
        was a socket of another process, which has kept this.
        """

    def event(self, socket: int, args: list[Any], ack_id: int | None) -> None:
        """`args` is [event name, *arguments], with bytes for attachments.

        Report each handled event with events_done(), so that the client is read further.
        """

    def events(self, socket: int, events: list[tuple[list[Any], int | None]]) -> None:
        """Several events of one socket that have come together: (args, ack_id) each."""

    def acknowledged(self, socket: int, callback_id: int, args: list[Any]) -> None:
        """The client has acknowledged the emit() with this callback_id."""

    def acks_lost(self, socket: int, callback_ids: list[int], why: str) -> None:
        """The acknowledgements of these emits won't come.

        "not sent": the event was volatile and was dropped. "forgotten": more than
        `max_pending_acks` are pending for the client. "unread": more than `max_read_ahead` bytes of
        the client's events have arrived before, and none of them is handled.
        """

    def disconnect(self, socket: int, reason: str, reference_reason: str, may_return: bool) -> None:
        """The last call for a socket. It receives nothing more; its rooms can be queried until
        release_socket().

        `reason` is django-sio's term ("client_disconnect"), `reference_reason` that of Node's
        server ("client namespace disconnect"). `may_return`: the client has lost its connection and
        may be recovered. Its socket stays in its rooms and can join and leave rooms, and events for
        it are kept, until connect() with its number as `recovered`, or forgotten().
        """

    def told(self, process: int, payload: str) -> None:
        """Another Python process of the same server has called tell_processes()."""

    def move_session(self, session: int, why: str) -> None:
        """This process ends, `why` is "reload" or "recycling": let the session go with
        Server.let_session_go() when its handlers have run, or close it with give_up_session(). Its
        next events come only to another process, or after give_up_session().
        """
    def keep_away(self, socket: int) -> None:
        """This process ends: call keep_socket() for this socket, whose client may be recovered."""

    def session_moved(
        self, session: int, why: str, state: str, sockets: list[tuple[int, str]]
    ) -> None:
        """A session with its sockets (numbers) comes from another process, with what that one has
        kept. `why` may also be "crash".
        """

    def process_left(self, process: int) -> None:
        """Another Python process has died, or one of add_process()."""

    def signalled(self, session: int, signal: str) -> None:
        """The signal for which watch() was called."""

    def forgotten(self, socket: int) -> None:
        """The client of a disconnected socket will not be recovered."""

class Server(ClusterCore, ProcessCore, TlsCore):
    """An HTTP, WebSocket and Socket.IO server for one ASGI application.

    Methods marked "any thread" may be called from every thread that holds the GIL.

    Arguments of events are JSON values, with bytes-like objects as attachments anywhere in them;
    tuples are arrays. Other values are passed to `json_default`. A value that can't be encoded
    raises TypeError or ValueError at the call, with the path to the value ("$[1].price").

    An id, a count or a time that is not an int raises TypeError, one that is negative or too large
    raises ValueError, with the name of the argument: ids and counts have 64 bits, a time is at most
    a century. If memory runs out, a method raises MemoryError.

    The garbage collector supports reference cycles with servers; an unreachable server, for example
    after its loop's end, is shut down immediately. In a child made by fork() every method raises
    RuntimeError.
    """

    def __init__(
        self,
        application: Application | None,
        dispatcher: Dispatcher | None = None,
        *,
        backlog: int = 2048,
        root_path: str = "",
        state: dict[str, Any] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
        json_default: Callable[[Any], Any] | None = None,
        client_gone: Callable[[asyncio.Task[None], dict[str, Any]], None] | None = None,
        max_requests_reached: Callable[[], None] | None = None,
        stop_begun: Callable[[], None] | None = None,
        python_processes: bool = False,
        graceful_timeout_ms: int = 10_000,
        # HTTP
        max_request_line: int = 16_384,
        max_header_bytes: int = 65_536,
        max_headers: int = 256,
        max_body: int = 10_737_418_240,
        requests_per_connection: int = 0,
        first_byte_timeout_ms: int = 30_000,
        header_timeout_ms: int = 30_000,
        body_timeout_ms: int = 30_000,
        keep_alive_timeout_ms: int = 75_000,
        send_timeout_ms: int = 60_000,
        half_close_timeout_ms: int = 1_000,
        application_timeout_ms: int = 0,
        server_header: str = "sioserve",
        date_header: bool = True,
        extra_headers: Sequence[tuple[str, str]] = (),
        # The response header that tells clients the request id
        request_id_header: str = "",
        http2: bool = True,
        http2_cleartext: bool = False,
        http2_max_streams: int = 100,
        # WebSocket
        websocket_max_message: int = 1_048_576,
        websocket_max_frame: int = 1_048_576,
        websocket_ping_interval_ms: int = 20_000,
        websocket_ping_timeout_ms: int = 30_000,
        websocket_connect_timeout_ms: int = 5_000,
        websocket_lifetime_ms: int = 86_400_000,
        websocket_per_message_deflate: bool = True,
        # Proxies in front
        forwarded_headers: bool = False,
        trusted_proxies: Sequence[str] = ("127.0.0.1", "::1", "unix"),
        forwarded_for_header: str = "x-forwarded-for",
        forwarded_port_header: str = "x-forwarded-port",
        # "drop" or "keep"
        underscore_headers: str = "drop",
        proxy_protocol: bool = False,
        tls: TlsSettings | None = None,
        # Load
        max_connections: int = 0,
        max_connections_per_address: int = 0,
        max_concurrency: int = 0,
        max_requests: int = 0,
        # Access log: "none", "file", "stdout" or "logging"
        access_log: str = "none",
        access_log_path: str = "",
        access_log_format: str = "",
        access_log_json: bool = False,
        # Pairs of a path's prefix and a directory
        static_files: Sequence[tuple[str, str]] = (),
        # Of static files: pairs of an extension, with its dot, and a type
        content_types: Sequence[tuple[str, str]] = (),
        # Socket.IO
        socketio_path: str = "/socket.io",
        native_socketio: bool = False,
        namespaces: Sequence[str] = ("/",),
        # Dispatcher.handshake() is called for each handshake
        ask_about_handshakes: bool = False,
        # Dispatcher.origin() is called for handshakes and preflight requests of other origins
        ask_about_origins: bool = False,
        allowed_hosts: Sequence[str] = (),
        client_directory: str = "",
        ping_interval_ms: int = 25_000,
        ping_timeout_ms: int = 20_000,
        upgrade_timeout_ms: int = 10_000,
        connect_timeout_ms: int = 45_000,
        max_payload_bytes: int = 1_000_000,
        engineio_per_message_deflate: bool = False,
        engineio_http_compression: bool = True,
        engineio_compression_threshold: int = 1024,
        allow_eio3: bool = False,
        transports: Sequence[str] = ("polling", "websocket"),
        allow_upgrades: bool = True,
        cors_origins: Sequence[str] = (),
        cors_credentials: bool = False,
        cors_allowed_headers: Sequence[str] = (),
        cors_exposed_headers: Sequence[str] = (),
        cors_max_age: int = 0,
        cookie: str = "",
        # What follows its value: "; Path=/; HttpOnly; SameSite=Lax"
        cookie_attributes: str = "; Path=/; HttpOnly; SameSite=Lax",
        max_sessions: int = 0,
        max_sessions_per_address: int = 0,
        max_packets_per_poll: int = 16,
        max_packets_per_second: int = 0,
        max_bytes_per_second: int = 0,
        # "json" or "msgpack"
        parser: str = "json",
        # "disconnect", "drop-volatile" or "drop-oldest"
        slow_consumer: str = "disconnect",
        max_namespaces: int = 100,
        max_dynamic_namespaces: int = 10_000,
        max_rooms: int = 10_000,
        recovery_window_ms: int = 0,
        recovery_buffer_bytes: int = 1_000_000,
        max_recoverable: int = 10_000,
        max_recovery_bytes: int = 64_000_000,
        max_attachments: int = 10,
        max_json_depth: int = 64,
        max_event_name: int = 1024,
        max_events_in_flight: int = 256,
        max_read_ahead: int = 4_000_000,
        max_queued_bytes: int = 64_000_000,
        max_queued_total_bytes: int = 256_000_000,
        max_pending_acks: int = 10_000,
        redis_url: str = "",
        redis_queue_bytes: int = 0,
        redis_sharded: bool = False,
        redis_prefix: str = "",
        redis_format: str = "redis-adapter",
        # Metrics; `metrics_trusted` as trusted_proxies
        metrics: bool = False,
        metrics_path: str = "",
        metrics_trusted: Sequence[str] = ("127.0.0.1", "::1", "unix"),
        metrics_require_redis: bool = False,
        # Queues between the threads, and for slow clients
        send_window: int = 262_144,
        receive_window: int = 262_144,
        max_app_events: int = 65_536,
        max_app_event_bytes: int = 64_000_000,
        max_command_bytes: int = 16_000_000,
    ) -> None:
        """`state` is copied into each scope; `extensions` stand in its "extensions" beside the
        server's own. `client_gone` is called on the loop when a client has left whose request or
        WebSocket is still being served, with the task and the scope; `max_requests_reached` when
        `max_requests` have been answered, to stop the server; `stop_begun` when another process,
        which has the sockets, begins to stop. With `python_processes` the application runs in
        those of add_process(). Settings are those of server/base/config.h; a limit or time of 0
        means none.

        Raises TypeError for a setting that does not exist or has another type, ValueError for a
        value out of range, OSError if no descriptor is left.
        """

    @property
    def max_rooms(self) -> int:
        """The setting: rooms of one socket; 0: no limit."""

    # Each of these may be called several times before start(). Returns the address:
    # "http://127.0.0.1:8000" or "unix:/run/app.sock". Raises OSError with a sentence for the user;
    # RuntimeError after start().

    def listen_tcp(self, host: str, port: int, service: str = "http", /) -> str:
        """Listen on every address of `host`, a name or a literal; "" is every interface, port 0 a
        free port. `service`: "http", "redirect", or "https" after load_certificates().

        A name with several addresses is returned unchanged: "http://localhost:8000".
        """

    def listen_metrics(self, host: str, port: int, /) -> str:
        """The port of /metrics, /healthz and /readyz. Needs the setting `metrics`."""

    def listen_unix(self, path: str, mode: int = 0o666) -> str:
        """The file gets these permissions, independent of the umask, and is removed at the end.

        A socket on which no server listens is replaced; other files are not changed.
        """

    def listen_fd(self, fd: int, service: str = "http", /) -> str:
        """Listen on a listening TCP or Unix stream socket. The caller still owns it. `service` is
        that of listen_tcp(); a Unix socket has no TLS."""

    def start(self, loop: asyncio.AbstractEventLoop, on_stopped: Callable[[], None]) -> None:
        """Start the I/O thread, once, from the loop's thread; `on_stopped` runs there at the end.

        The loop keeps the server alive until `on_stopped`. Raises OSError if no thread can be
        created, or if the access log's file can't be opened: then the server has not been started,
        and start() may be called again.
        """

    def running_tasks(self) -> list[tuple[asyncio.Task[None], Scope]]:
        """The application's tasks that have not ended, one for each request and WebSocket, with
        their scopes.
        """

    def stop(self) -> None:
        """Any thread. Close gracefully; a second call closes everything immediately."""
    def counts(self) -> dict[str, int]:
        """Any thread. The counters, with the names of server/base/counters.h: the current numbers
        of sessions, sockets, namespaces and rooms, totals since the start, and how often each limit
        was reached.
        """

    def add_namespace(self, name: str) -> None:
        """Any thread."""
    def serve_dynamic_namespaces(self) -> None:
        """Any thread. From now on the dispatcher's connect() is called for every namespace, also
        for those that were not added; they are removed with their last socket.
        """

    def ask_about_handshakes(self) -> None:
        """Any thread. From now on Dispatcher.handshake() is called for each handshake."""
    def ask_about_origins(self) -> None:
        """Any thread. From now on Dispatcher.origin() is called."""
    def watch_refusals(self) -> None:
        """Any thread. From now on Dispatcher.request_refused() is called."""
    def decide_handshake(
        self,
        handshake: int,
        refusal: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        session_headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Any thread. Let the handshake go on, or refuse it with 403 and this message ("" is
        "Forbidden"). `headers` are those of its response, `session_headers` those of all responses
        of the session. One that is not answered within `websocket_connect_timeout_ms` is refused.
        """

    def make_relays(
        self, rules: Sequence[tuple[str, str, Sequence[str], bool, bool, int, int]]
    ) -> int:
        """Any thread. Returns a number for accept_socket(). Each relay is (event, target, rooms,
        volatile, include_sender, max_bytes, rate). The target is "own", "namespace" or "rooms"; a
        limit of 0 means none.

        Raises TypeError or ValueError for anything else.
        """

    def accept_socket(self, socket: int, relays: int | None = None, /) -> None:
        """Any thread. Answers CONNECT, then sends the events emitted to the socket before.

        Relayed events are not passed to Dispatcher.event().
        """

    def refuse_socket(self, socket: int, message: str, data: Any = None) -> None:
        """Any thread. Sends CONNECT_ERROR; the socket leaves all rooms, no disconnect() follows."""
    def space(self) -> asyncio.Future[None] | None:
        """Any thread. Backpressure for emits: a future of the event loop that is done when the
        command queue has space again. None if it has space, or if the calling thread is not the
        event loop's: in other threads emit() and similar methods wait themselves.
        """

    def emit(
        self,
        socket: int,
        args: Sequence[Any],
        callback_id: int | None = None,
        volatile: bool = False,
        compress: bool = True,
        /,
    ) -> None:
        """Any thread. `args` is [event name, *arguments].

        `volatile`: dropped if the client cannot take it now. `compress`: with False it is sent
        uncompressed, even if compression was negotiated.
        """

    def broadcast(
        self,
        namespace: str,
        args: Sequence[Any],
        rooms: Iterable[str] = (),
        except_rooms: Iterable[str] = (),
        volatile: bool = False,
        compress: bool = True,
        local: bool = False,
        /,
    ) -> None:
        """Any thread. Once to each socket in any of `rooms` (without any: in the namespace) and in
        none of `except_rooms`; a socket's id is a room. Unless `local`, also on other servers."""

    def ack(self, socket: int, ack_id: int, args: Sequence[Any]) -> None:
        """Any thread. Acknowledge a client's event."""
    def start_task(self, coroutine: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
        """The event loop's thread. Make a task of this name and run its first step at once, unless
        the event loop, or its task factory, makes tasks in a way of its own. It may have ended.
        """
    def events_done(self, socket: int, count: int) -> None:
        """Any thread. `count` events of the socket have been handled."""
    def join(self, socket: int, room: str) -> None:
        """Any thread. If the socket is in `max_rooms` rooms, this is only counted and logged."""
    def leave(self, socket: int, room: str) -> None:
        """Any thread."""
    def leave_all(self, socket: int) -> None:
        """Any thread."""

    def close_socket(self, socket: int, close_session: bool = False) -> None:
        """Any thread. Disconnect from the namespace, or close the client's whole session."""

    def watch(self, socket: int, signal: str) -> None:
        """Any thread. From now on Dispatcher.signalled() is called, for the socket's session.

        "upgrade": the session has changed from polling to a WebSocket; called immediately if it
        already has. "drain": its send queue has become empty. Raises ValueError for others.
        """

    def release_socket(self, socket: int) -> None:
        """Any thread. The last handler of this disconnected socket has run: no more queries."""

    def watch_rooms(self, namespace: str) -> None:
        """Any thread. From now on record room changes, for take_room_changes()."""

    def unwatch_rooms(self, namespace: str) -> None:
        """Any thread. Stop recording."""

    # Queries. The calling thread waits until the I/O thread has carried out the earlier commands
    # and answers, which takes about ten microseconds. If no I/O thread runs, the answer is empty.

    def rooms_of(self, socket: int) -> set[str]:
        """Any thread. The rooms that a socket is in, or was in, until release_socket()."""

    def other_processes(self) -> list[int]:
        """Any thread. The numbers of the other Python processes of this server that are ready."""

    def membership(self, socket: int, room: str) -> tuple[int, bool]:
        """Any thread. The number of the socket's rooms, and whether this is one of them."""

    def sockets_in(
        self, namespace: str, rooms: Iterable[str] = (), except_rooms: Iterable[str] = (), /
    ) -> list[int]:
        """Any thread. The recipients of a broadcast() with these rooms, each once."""

    def socket_count(self, namespace: str, /) -> int:
        """Any thread. The connected sockets, without those of clients that may be recovered."""
    def is_client_id(self, namespace: str, id: str, /) -> bool:
        """Any thread. Whether a client of the namespace has this id."""
    def namespaces_in_use(self) -> dict[str, int]:
        """Any thread. The namespaces with a socket that was accepted, each with socket_count()."""
    def client_count(self) -> int:
        """Any thread. The sessions of all Python processes that have connected to a namespace."""

    def namespace_rooms(self, namespace: str) -> dict[str, set[str]]:
        """Any thread. The rooms that are in use, each with the ids of the sockets in it."""

    def take_room_changes(self, namespace: str) -> list[tuple[str, str, str]]:
        """Any thread. The recorded room changes since the last call, in order:
        ("create-room" or "delete-room", room, "") and ("join-room" or "leave-room", room, id).
        """

    def session_status(self, session: int) -> tuple[str, float | None] | None:
        """Any thread. "polling" or "websocket", and the seconds of the latest ping's round trip.

        None after session_closed().
        """

    def set_log_level(self, logger: str, level: int) -> None:
        """Any thread. For "sioserve", "sioserve.access", "sio.engineio" and "sio.socketio"."""

    def open_logs(self) -> None:
        """Open the access log's file before start() does it. Raises OSError."""

    def reopen_logs(self) -> None:
        """Any thread. Reopen the access log's file, after it has been renamed."""

    def flush_logs(self, timeout_ms: int = 1000) -> None:
        """Any thread. Return when all lines are in the access log's file, or after this time."""

    def end(self) -> None:
        """Return when the I/O thread has ended; call it after `on_stopped` was called.

        What it has for other servers is sent before, for a second at most. Nothing that is called
        later has an effect.
        """

    def log_pending(self) -> None:
        """Any thread. Log the queued records of the I/O thread; other queued events are lost.

        For the end of a process whose event loop is blocked.
        """

@final
class ProcessServer(Server):
    """Of a process whose sockets belong to another; listen_*() and start() raise RuntimeError."""

    def start_with(
        self, loop: asyncio.AbstractEventLoop, on_stopped: Callable[[], object], fd: int, /
    ) -> None:
        """As Server.start(); `fd` is connected with the process that has called add_process(), and
        belongs to the server from now on. `on_stopped` is called when that process ends, too.
        """

@final
class LoopbackServer(Server):
    """The Socket.IO server without network and thread, for tests: its clients are in the process.

    Commands are carried out at the call, in the calling thread, which holds the GIL. `wake` is
    called within them when there may be new events for _drain() or messages for take_sent(); it
    must be quick. Time passes only in advance(), pings are answered, and clients are never slow.
    listen_*() and start() raise RuntimeError.
    """

    def __init__(
        self, wake: Callable[[], None], dispatcher: Dispatcher | None = None, **settings: Any
    ) -> None:
        """`settings` are Server's. Raises as Server does."""

    def open_session(self, scope: Scope, /) -> int:
        """A client opens a session on a WebSocket; the dispatcher gets the scope unchanged."""

    def receive(self, session: int, message: str | bytes, /) -> None:
        """A message from the client: the text of a Socket.IO packet, or an attachment."""

    def take_sent(self, session: int, /) -> list[str | bytes]:
        """The messages sent to the client since the last call."""

    def is_open(self, session: int, /) -> bool:
        """False if either side has closed the session."""

    def close_session(self, session: int, /) -> None:
        """The client disconnects without a close packet; the number is invalid after that."""

    def advance(self, milliseconds: int, /) -> None:
        """Advance the time of the server's timers."""

    def _drain(self) -> None:
        """Call the dispatcher for the queued events."""
