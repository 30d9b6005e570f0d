"""Socket.IO in several Python processes. The acknowledgement of each event begins with the pid."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import Any

import sio
from sio import AckTimeout, get_socketio_server

server = get_socketio_server()
chat = server.of("/chat")


@sio.register
class ChatConsumer(sio.SocketIOConsumer):
    namespace = "/chat"

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        socket.data.update(auth.get("data", {}))
        for room in auth.get("join", []):
            await socket.join(room)
        self.numbers: list[int] = []
        return True

    async def event_note(self, socket: Any, number: int) -> None:
        self.numbers.append(number)

    async def event_notes(self, socket: Any, ack: Any) -> None:
        await ack(os.getpid(), self.numbers)

    async def event_say(self, socket: Any, room: str, text: str, ack: Any) -> None:
        await server.emit("said", text, room=room, namespace="/chat")
        await ack(os.getpid())

    async def event_say_and_block(self, socket: Any, room: str, path: str, ack: Any) -> None:
        await server.emit("said", "before", room=room, namespace="/chat")
        deadline = time.monotonic() + 30
        while not os.path.exists(path) and time.monotonic() < deadline:
            time.sleep(0.005)  # nothing else runs on the event loop
        await ack(os.getpid(), os.path.exists(path))

    async def event_say_bytes(self, socket: Any, room: str, ack: Any) -> None:
        await socket.to(room).emit("said", b"\x00\xff")
        await ack(os.getpid())

    async def event_rooms(self, socket: Any, ack: Any) -> None:
        rooms = {name: sorted(ids) for name, ids in chat.adapter.rooms().items()}
        await ack(os.getpid(), rooms)

    async def event_fetch(self, socket: Any, room: str, ack: Any) -> None:
        here = chat.to(room).fetch_sockets()
        found = await here
        described = [
            [one.id, sorted(one.rooms), one.data, one.handshake.auth["name"]] for one in found
        ]
        await ack(os.getpid(), len(here), sorted(described))

    async def event_ask(self, socket: Any, room: str, seconds: float, ack: Any) -> None:
        try:
            answers = await chat.to(room).timeout(seconds).emit_with_ack("question", b"\x01")
            await ack(os.getpid(), sorted(answers))
        except AckTimeout as error:
            await ack(os.getpid(), "late", sorted(error.responses))

    async def event_move(self, socket: Any, room: str, other: str, ack: Any) -> None:
        await chat.to(room).sockets_join(other)
        await chat.to(room).sockets_leave(room)
        await chat.to(other).emit("moved", other)
        await ack(os.getpid())

    async def event_kick(self, socket: Any, room: str, ack: Any) -> None:
        await chat.to(room).disconnect_sockets()
        await ack(os.getpid())

    async def event_servers(self, socket: Any, ack: Any) -> None:
        pids = await chat.server_side_emit_with_ack("pid?", b"why", timeout=5)
        await ack(os.getpid(), await chat.adapter.server_count(), sorted(pids))

    async def event_counts(self, socket: Any, ack: Any) -> None:
        await ack(os.getpid(), server.counts()["sockets"])

    async def event_numbers(self, socket: Any, ack: Any) -> None:
        everywhere = [chat.sockets_count, server.clients_count]
        await ack(os.getpid(), everywhere, [chat.local_sockets_count, server.local_clients_count])

    async def event_namespaces(self, socket: Any, ack: Any) -> None:
        names = sorted(namespace.name for namespace in server.namespaces())
        await ack(os.getpid(), names, [boards.sockets_count, rooms.sockets_count])

    async def event_say_to_patterns(self, socket: Any, text: str, ack: Any) -> None:
        boards.emit("said", text)
        rooms.emit("said", text)
        await ack(os.getpid(), len(await boards.fetch_sockets()))

    async def event_say_here(self, socket: Any, room: str, text: str, ack: Any) -> None:
        chat.local.to(room).emit("said", text)
        await ack(os.getpid())

    async def event_enter(self, socket: Any, room: str, ack: Any) -> None:
        try:
            await socket.join(room)
        except ValueError as error:
            await ack(os.getpid(), "refused", str(error))
        else:
            await ack(os.getpid(), "joined")

    async def event_all_enter(self, socket: Any, room: str, other: str, ack: Any) -> None:
        try:
            await chat.to(room).sockets_join(other)
        except ValueError as error:
            await ack(os.getpid(), "refused", str(error))
        else:
            await ack(os.getpid(), "joined")

    async def event_ask_each(self, socket: Any, room: str, ack: Any) -> None:
        found = await chat.to(room).fetch_sockets()
        answers = [await one.timeout(20).emit_with_ack("question", b"\x01") for one in found]
        await ack(os.getpid(), sorted(answers))

    async def event_close(self, socket: Any) -> None:
        await server.close()

    async def event_die(self, socket: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


boards = server.of(re.compile(r"/board-[0-9]+"))


@sio.register
class BoardConsumer(sio.SocketIOConsumer):
    namespace = boards.pattern

    async def connect(self, socket: Any, auth: Any) -> bool:
        return True


async def decide(name: str, auth: dict[str, Any]) -> bool:
    return name.startswith("/room-") and auth.get("key") == "right"


rooms = server.of(decide)
rooms.serve_natively()


@rooms.on_connect
async def enter(socket: Any, auth: Any) -> bool:
    return True


@chat.on_server_side_emit("pid?")
async def tell_pid(why: bytes, ack: Any) -> None:
    assert why == b"why"
    await ack(os.getpid())


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
