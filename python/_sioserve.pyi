"""The native core: asgi-bridge/ built as an extension module, or built into the executable.

One Server serves one application on one asyncio event loop. Sockets, Engine.IO sessions, Socket.IO
namespaces, rooms and timers live on the server's own I/O thread, which never takes the GIL; the
numbers below name things there. A call about something that has gone does nothing. Commands are
carried out in the order in which they were made.
"""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any, Protocol, final

__version__: str

# The id of the request that the running code works for: scope["extensions"]["sioserve.request_id"].
request_id: contextvars.ContextVar[str | None]

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Callable[..., Any], Callable[..., Any]], Awaitable[None]]

class Dispatcher(Protocol):
    """What the server calls for Socket.IO; always on the event loop's thread, never awaited.

    An exception that leaves one of these methods is logged and dropped.
    """

    def handshake(self, handshake: int, scope: Scope) -> None:
        """May this handshake become a session? Answer with decide_handshake().

        Called only where `ask_about_handshakes` was set; `scope` as for session_opened().
        """

    def log_debug(self, logger: logging.Logger, message: str) -> None:
        """Log a debug line of the loggers "sio.engineio" and "sio.socketio"."""

    def session_opened(self, session: int, scope: Scope) -> None:
        """An Engine.IO session has a first CONNECT.

        `scope` is the handshake's ASGI scope (`type` is "http" or "websocket"): as the ASGI
        application's middleware left it where the application handed the handshake over, otherwise
        as the server built it.
        """

    def session_closed(self, session: int, status: tuple[str, float | None]) -> None:
        """Called after disconnect() of each of the session's sockets.

        `status`: what Server.session_status() would have said in the end.
        """

    def connect(
        self,
        socket: int,
        session: int,
        id: str,
        namespace: str,
        auth: Any,
        recovered: int | None,
    ) -> None:
        """A client asks to join a namespace: answer with accept_socket() or refuse_socket().

        `recovered`: the client has come back, and has the id and the rooms of this socket, which
        has disconnected. What is said to that number reaches the new socket.
        """

    def event(self, socket: int, args: list[Any], ack_id: int | None) -> None:
        """`args` is [event name, *arguments], bytes in place of attachments.

        Answer with events_done() for each event, so that more is read from the client.
        """

    def acknowledged(self, socket: int, callback_id: int, args: list[Any]) -> None:
        """The client answered an emit() that named this callback_id."""

    def acks_lost(self, socket: int, callback_ids: list[int], why: str) -> None:
        """What these emits wait for won't come.

        "not sent": it was volatile, and the client could not take it. "forgotten": the client owes
        more than `max_pending_acks`. "unread": more than `max_read_ahead` bytes of the client's
        events have come before, of which none is handled.
        """

    def disconnect(self, socket: int, reason: str, reference_reason: str, may_return: bool) -> None:
        """The last call for a socket. Nothing reaches it in its rooms any more; which they were
        can be asked until release_socket().

        `reason` is django-sio's word ("client_disconnect"), `reference_reason` that of Node's
        server ("client namespace disconnect").

        `may_return`: the client was cut off and may come back. Its socket stays in its rooms, may
        be told to join and leave some, and what is emitted to it is kept, until connect() with its
        number as `recovered`, or forgotten().
        """

    def told(self, process: int, payload: str) -> None:
        """Another Python process of the same server has called tell_processes()."""

    def process_left(self, process: int) -> None:
        """Another Python process has died, or one of add_process()."""

    def signalled(self, session: int, signal: str) -> None:
        """What watch() asked for has happened."""

    def forgotten(self, socket: int) -> None:
        """The client of a socket that might have returned won't."""

class Server:
    """An HTTP, WebSocket and Socket.IO server for one ASGI application.

    Methods marked "any thread" may be called from every thread that holds the GIL. Arguments of
    events are JSON values, with bytes-like objects as attachments anywhere in them; tuples are
    arrays. Anything else goes to `json_default`, and what that can't handle raises TypeError or
    ValueError at the call, naming the path to the value ("$[1].price"). So does an id, a count or
    a time that is no int (TypeError), negative or too large (ValueError), naming the argument:
    ids and counts have 64 bits, times end with a century. Where memory runs out, a method raises
    MemoryError. The garbage collector sees what a server refers to; one that nobody can reach any
    more, as after its loop's end, is shut down at once. In a child made by fork() every method
    raises RuntimeError.
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
        half_close_timeout_ms: int = 5_000,
        application_timeout_ms: int = 0,
        server_header: str = "sioserve",
        date_header: bool = True,
        extra_headers: Sequence[tuple[str, str]] = (),
        # The response header that tells clients the request id
        request_id_header: str = "",
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
        # What waits between the threads, and for slow clients
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
        value out of range, OSError where there is no descriptor left.
        """

    @property
    def max_rooms(self) -> int:
        """The setting; of one socket, 0: no limit."""

    # Where to listen: each may be called several times before start(). Returns where that is:
    # "http://127.0.0.1:8000" or "unix:/run/app.sock". Raises OSError with a sentence for the user;
    # RuntimeError after start().

    def listen_tcp(self, host: str, port: int) -> str:
        """On every address of `host`, a name or a literal; "" is every interface, port 0 any.

        A name with several addresses is returned as it was given: "http://localhost:8000".
        """

    def listen_unix(self, path: str, mode: int = 0o666) -> str:
        """The file gets these permissions whatever the umask, and is removed at the end.

        A socket that no server listens on any more is replaced; anything else stays as it is.
        """

    def listen_fd(self, fd: int) -> str:
        """On a listening TCP or Unix stream socket that stays the caller's."""

    def start(self, loop: asyncio.AbstractEventLoop, on_stopped: Callable[[], None]) -> None:
        """Start the I/O thread, once, from the loop's thread; `on_stopped` runs there at the end.

        From then on until `on_stopped` the loop keeps the server alive. Raises OSError where the
        system has no thread for it, or the access log's file can't be opened: then it has not been
        started, and start() may be called again.
        """

    def running_tasks(self) -> list[tuple[asyncio.Task[None], Scope]]:
        """The application's tasks that have not ended, one for each request and WebSocket, with
        the scopes that they serve.
        """

    def stop(self) -> None:
        """Any thread. Close gracefully; a second call closes everything at once."""

    def counts(self) -> dict[str, int]:
        """Any thread. What the server counts, by the names of server/base/counters.h: how many
        sessions, sockets, namespaces and rooms there are now, what has passed through since the
        start, and how often a limit was reached.
        """

    def add_namespace(self, name: str) -> None:
        """Any thread."""

    def serve_dynamic_namespaces(self) -> None:
        """Any thread. From now on the dispatcher's connect() is asked about every namespace, also
        about those that nobody has added; such a one ends with its last socket.
        """

    def ask_about_handshakes(self) -> None:
        """Any thread. From now on Dispatcher.handshake() is called for each handshake."""

    def decide_handshake(
        self,
        handshake: int,
        refusal: str | None = None,
        names: Iterable[str] = (),
        values: Iterable[str] = (),
    ) -> None:
        """Any thread. Let the handshake go on, or refuse it with 403 and this message ("" is
        "Forbidden"). `names` and `values` are headers of its response. One that is not answered
        within `websocket_connect_timeout_ms` is refused.
        """

    def make_relays(
        self, rules: Sequence[tuple[str, str, Sequence[str], bool, bool, int, int]]
    ) -> int:
        """Any thread. A number for accept_socket(), of these relays: (event, target, rooms,
        volatile, include_sender, max_bytes, rate) each. The target is "own", "namespace" or
        "rooms", a limit of 0 is none.

        Raises TypeError or ValueError for anything else.
        """

    def accept_socket(self, socket: int, relays: int | None = None, /) -> None:
        """Any thread. CONNECT is answered, then what was emitted to the socket meanwhile.

        Events that are relayed are not given to Dispatcher.event().
        """

    def refuse_socket(self, socket: int, message: str, data: Any = None) -> None:
        """Any thread. CONNECT_ERROR; the socket leaves all rooms, no disconnect() follows."""

    def room(self) -> asyncio.Future[None] | None:
        """Any thread. For whoever has emitted: a future of the event loop that is done when the
        emits before it have been carried out far enough for more; None: there is room, or the
        calling thread is not the event loop's, which emit() and the like have held up themselves.
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

        `volatile`: dropped if the client cannot take it now. `compress`: False: it is sent as it
        is, whatever was agreed on with the client.
        """

    def broadcast(
        self,
        namespace: str,
        args: Sequence[Any],
        rooms: Iterable[str] = (),
        except_rooms: Iterable[str] = (),
        volatile: bool = False,
        compress: bool = True,
    ) -> None:
        """Any thread. To each socket that is in any of `rooms`, once; without any, to the whole
        namespace. Those in any of `except_rooms` are left out. The id that connect() was given
        stands for its socket in either.
        """

    def ack(self, socket: int, ack_id: int, args: Sequence[Any]) -> None:
        """Any thread. Answer a client's event."""

    def events_done(self, socket: int, count: int) -> None:
        """Any thread. `count` events of the socket have been handled."""

    def join(self, socket: int, room: str) -> None:
        """Any thread. Does nothing but count and log it where the socket is in `max_rooms`."""

    def leave(self, socket: int, room: str) -> None:
        """Any thread."""

    def leave_all(self, socket: int) -> None:
        """Any thread."""

    def close_socket(self, socket: int, close_session: bool = False) -> None:
        """Any thread. Disconnect from the namespace, or end the client's whole session."""

    def watch(self, socket: int, signal: str) -> None:
        """Any thread. From now on tell of this, for the socket's session.

        "upgrade": a WebSocket carries the session instead of polling; told at once if that has
        happened. "drain": nothing that was sent waits any longer. Raises ValueError for others.
        """

    def release_socket(self, socket: int) -> None:
        """Any thread. Nobody will ask about this socket, which has gone, any more."""

    def tell_processes(self, payload: str, to: int = 0, /) -> None:
        """Any thread. Dispatcher.told() is called with this text in another Python process of the
        same server, or in all others, when what was commanded before has happened.
        """

    def watch_rooms(self, namespace: str) -> None:
        """Any thread. From now on record what happens to rooms, for take_room_changes()."""

    def unwatch_rooms(self, namespace: str) -> None:
        """Any thread. Record it no longer."""

    # Questions. The calling thread waits until the I/O thread has carried out the commands before
    # and answers, some ten microseconds later. Where no I/O thread runs the answer is empty.

    def rooms_of(self, socket: int) -> set[str]:
        """Any thread. The rooms that a socket is in, or was in, until release_socket()."""

    def other_processes(self) -> list[int]:
        """Any thread. The numbers of the other Python processes of this server that are ready."""

    def membership(self, socket: int, room: str) -> tuple[int, bool]:
        """Any thread. In how many rooms it is, and whether this is one of them."""

    def sockets_in(
        self, namespace: str, rooms: Iterable[str] = (), except_rooms: Iterable[str] = (), /
    ) -> list[int]:
        """Any thread. Those whom broadcast() would reach, each once."""

    def namespace_rooms(self, namespace: str) -> dict[str, set[str]]:
        """Any thread. The rooms that are in use, each with the ids of the sockets in it."""

    def take_room_changes(self, namespace: str) -> list[tuple[str, str, str]]:
        """Any thread. What has happened since the last call, while it was watched, in order:
        ("create-room" or "delete-room", room, "") and ("join-room" or "leave-room", room, id).
        """

    def session_status(self, session: int) -> tuple[str, float | None] | None:
        """Any thread. "polling" or "websocket", and the seconds of the latest ping's round trip.

        None for a session whose end the dispatcher has heard of.
        """

    def set_log_level(self, logger: str, level: int) -> None:
        """Any thread. For "sioserve", "sioserve.access", "sio.engineio" and "sio.socketio"."""

    def open_logs(self) -> None:
        """Open the access log's file, which start() does otherwise. Raises OSError."""

    def reopen_logs(self) -> None:
        """Any thread. Open the access log's file anew, after it has been renamed."""

    def flush_logs(self, timeout_ms: int = 1000) -> None:
        """Any thread. Return when the access log's file has everything, or after that time."""

    def log_pending(self) -> None:
        """Any thread. Log what the I/O thread has said; every other event that waits is lost.

        For the end of a process whose event loop is blocked.
        """

    def add_process(self, fd: int, name: str, /) -> int:
        """After start(), with `python_processes`: requests and WebSockets go to the ProcessServer
        at the other end of this socket, too. The descriptor belongs to the server from now on.

        Returns the number with which Dispatcher.process_left() is called when the connection has
        ended. Raises RuntimeError for a server without `python_processes`.
        """

@final
class ProcessServer(Server):
    """The server of a Python process whose sockets belong to another process.

    listen_*() and start() raise RuntimeError.
    """

    def start_with(
        self, loop: asyncio.AbstractEventLoop, on_stopped: Callable[[], object], fd: int, /
    ) -> None:
        """As Server.start(); `fd` is connected with the process that has called add_process(), and
        belongs to the server from now on. `on_stopped` is called when that process ends, too.
        """

@final
class LoopbackServer(Server):
    """The Socket.IO server without network and thread, for tests: its clients are in the process.

    Commands are carried out at the call, in the thread that calls, which holds the GIL. `wake` is
    called from within them when there may be something for _drain() and take_sent(); it must be
    quick. Sessions time out as advance() tells, pings are answered, and clients are never slow.
    listen_*() and start() raise RuntimeError.
    """

    def __init__(
        self, wake: Callable[[], None], dispatcher: Dispatcher | None = None, **settings: Any
    ) -> None:
        """`settings` are Server's. Raises as Server does."""

    def open_session(self, scope: Scope, /) -> int:
        """A client opens a session on a WebSocket; the dispatcher gets the scope as it is."""

    def receive(self, session: int, message: str | bytes, /) -> None:
        """The client sends a message: a Socket.IO packet's text, or an attachment."""

    def take_sent(self, session: int, /) -> list[str | bytes]:
        """The messages that the client has been sent since the last call."""

    def is_open(self, session: int, /) -> bool:
        """False when either side has ended the session."""

    def close_session(self, session: int, /) -> None:
        """The client goes without a word; the number means nothing from now on."""

    def advance(self, milliseconds: int, /) -> None:
        """Let time go by."""

    def _drain(self) -> None:
        """Call the dispatcher for what has happened."""
