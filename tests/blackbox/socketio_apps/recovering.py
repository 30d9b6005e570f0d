"""A namespace with connection state recovery, if the server is started with it.

/emit reaches rooms and sockets while clients are disconnected.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import native
import sio
from notes import note

server = sio.get_socketio_server()
desk = server.of("/desk")


async def application(scope: Any, receive: Any, send: Any) -> None:
    query = parse_qs(scope["query_string"].decode())
    match scope["path"]:
        case "/publish":  # {"to": room or id, "events": [[name, ...], ...], "binary": ...}
            order = json.loads(query["order"][0])
            for event in order["events"]:
                args = [*event, b"\x00\x01"] if order.get("binary") else event
                desk.to(order["to"]).emit(*args)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})
        case _:
            await native.application(scope, receive, send)


@desk.use
async def count(socket: Any, auth: Any) -> None:
    note(auth.get("key", ""), "middleware")


@sio.register
class DeskConsumer(sio.SocketIOConsumer):
    namespace = "/desk"

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        self.key = auth.get("key", "")
        note(
            self.key,
            "connect",
            socket.id,
            socket.recovered,
            sorted(socket.rooms),
            dict(socket.data),
        )
        if not socket.recovered:
            for room in auth.get("join", []):
                socket.join(room)
        socket.data["visits"] = socket.data.get("visits", 0) + 1
        if auth.get("welcome"):
            socket.emit("welcome", socket.data["visits"])
        return not auth.get("refuse")

    async def disconnect(self, socket: Any, reason: str) -> None:
        note(self.key, "disconnect", socket.reference_reason, sorted(socket.rooms))

    async def event_join(self, socket: Any, room: str) -> None:
        socket.join(room)

    async def event_leave(self, socket: Any, room: str) -> None:
        socket.leave(room)

    async def event_say(self, socket: Any, room: str, *args: Any) -> None:
        socket.to(room).emit("said", *args)

    async def event_echo(self, socket: Any, *args: Any) -> None:
        socket.emit("echo", *args)

    async def event_leave_for_good(self, socket: Any) -> None:
        socket.disconnect()

    async def event_who(self, socket: Any, ack: Any = None) -> None:
        await ack(socket.id, sorted(socket.rooms), socket.data)
