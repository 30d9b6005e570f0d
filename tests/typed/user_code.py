"""Code of a user of `sio`, for type checkers: it is checked but not run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sio
from sio import Ack, Namespace, NamespaceSocket, SocketIOServer, get_socketio_server
from sio.socketio import interfaces
from sio.socketio.adapter import Adapter, Target
from sio.socketio.local_adapter import LocalAdapter
from typing_extensions import assert_type

BOARD = re.compile(r"/board-(?P<id>[0-9]+)")


@sio.register
class ChatConsumer(sio.SocketIOConsumer):
    namespace = "/chat"

    async def connect(self, socket: NamespaceSocket, auth: dict[str, Any]) -> bool:
        if not auth.get("token"):
            raise sio.ConnectionRefused("Log in first", {"login": "/login/"})
        await socket.join("lobby")

        @socket.use
        async def staff_only(event: str, *args: Any) -> None:
            if event.startswith("admin"):
                raise sio.EventRefused("Not for you")

        return True

    async def event_message(
        self, socket: NamespaceSocket, text: str, ack: Ack | None = None
    ) -> None:
        socket.to("lobby").except_(["muted", 7]).volatile.emit("message", text)
        if ack:
            await ack({"ok": True})

    @sio.event("typing…")
    @sio.concurrent
    def typing(self, socket: NamespaceSocket) -> None:
        socket.broadcast.volatile.emit("typing…", socket.handshake.address)

    @sio.event(ack="explicit")
    async def event_save(self, socket: NamespaceSocket, ack: Ack | None = None) -> None: ...

    @sio.any_event
    async def anything(self, socket: NamespaceSocket, event: str, *args: Any) -> None: ...

    async def disconnect(self, socket: NamespaceSocket, reason: str) -> None:
        assert_type(socket.reference_reason, str | None)


@sio.register
class BoardConsumer(sio.SocketIOConsumer):
    namespace = BOARD

    async def event_draw(self, socket: NamespaceSocket, x: int, y: int) -> None:
        match = socket.namespace_match
        if match is not None:
            assert_type(match, re.Match[str])
        await socket.name_space.emit("drawn", x, y)


async def board_exists(name: str, auth: Any) -> bool:
    return name.startswith("/board")


@sio.on("draw", namespace=board_exists)
async def draw(socket: NamespaceSocket, x: int, y: int, ack: Ack | None = None) -> None: ...


@sio.any_event(namespace="/board", ack="explicit")
async def anything_else(socket: NamespaceSocket, event: str, *args: Any) -> None: ...


@get_socketio_server().of("/chat").use
async def middleware(socket: NamespaceSocket, auth: Any) -> None: ...


async def everything(socket: NamespaceSocket) -> None:
    server = get_socketio_server()
    assert_type(server, SocketIOServer)
    chat = server.of("/chat")
    assert_type(chat, Namespace)
    await server.emit("news", {"a": 1}, room="lobby", namespace="/chat")
    server.of(BOARD).to("r").emit("news")
    answers = await server.of("/chat").to("lobby").timeout(5).emit_with_ack("vote")
    assert_type(answers, list[Any])
    answer = await socket.timeout(5).emit_with_ack("ready?")
    _ = answer
    found = await chat.to("lobby").fetch_sockets()
    ids = [other.id for other in found]
    ids += [other.id for other in chat.fetch_sockets()]
    assert_type(ids, list[str])
    await chat.sockets_join(["a", 1])
    chat.disconnect_sockets(close=True)
    assert_type(chat.rooms(), dict[str, set[str]])
    assert_type(chat.sockets_count, int)
    assert_type(server.clients_count, int)
    await server.server_side_emit("hello", 1)
    assert_type(await server.server_side_emit_with_ack("hello", timeout=1), list[Any])
    await socket.emit("hello", b"bytes", callback=lambda *args: None)
    for other in [*socket.broadcast.fetch_sockets(), *chat.sockets(), *server.fetch_sockets()]:
        assert_type(other, NamespaceSocket)
    assert_type(socket.server.of("/chat").sockets(), list[NamespaceSocket])
    assert_type(socket.name_space.server.of(BOARD).sockets(), list[NamespaceSocket])
    assert_type(await socket.server.to("r").emit_with_ack("vote"), list[Any])
    assert_type(await socket.name_space.adapter.server_count(), int)
    socket.name_space.use(middleware)
    anything_of(socket.server, socket.name_space)
    anything_of(server, server.of(socket.namespace))
    socket.data["name"] = "x"
    socket.once("draw", lambda x, y: None)
    socket.on_any_outgoing(print)

    @socket.on("draw")
    async def heard(x: int, y: int) -> None: ...

    @socket.on_any
    def any_event(event: str, *args: Any) -> None: ...

    @chat.adapter.on("create-room")
    def created(room: str) -> None: ...

    @server.register_connect_hook
    async def came(socket: NamespaceSocket) -> None: ...

    @server.register_disconnect_hook
    def gone(socket: NamespaceSocket, reason: str) -> None: ...

    assert_type(server.running, bool)

    @server.on_server_side_emit("hello")
    async def hello(number: int, ack: Ack) -> None:
        await ack(number)


def anything_of(
    server: interfaces.Server[NamespaceSocket], namespace: interfaces.Namespace[NamespaceSocket]
) -> None: ...


class LoggingAdapter(LocalAdapter):
    def broadcast(self, args: Sequence[Any], target: Target) -> None:
        print(args[0], target.rooms)
        super().broadcast(args, target)


def make_adapter(namespace: Namespace) -> Adapter:
    return LoggingAdapter(namespace)


get_socketio_server().adapter(make_adapter)
