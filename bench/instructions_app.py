"""The application of bench/instructions.py: each kind of unit that it counts, but Django views."""

from __future__ import annotations

from typing import Any

import sio
from hello_app import application as hello
from web_app import broadcast, echo_body, echo_messages


@sio.register
class Counted(sio.SocketIOConsumer):
    async def event_echo(self, socket: Any, text: str, ack: Any = None) -> None:
        await ack(text)

    async def event_all(self, socket: Any, text: str) -> None:
        await socket.server.emit("news", text)


@sio.register
class Relay(sio.SocketIOConsumer):
    namespace = "/relay"
    move = sio.relay("move", to=sio.Rooms.OWN)

    async def connect(self, socket: Any, auth: Any) -> bool:
        await socket.join(str(auth["room"]))
        return True


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await (broadcast if scope["path"] == "/all" else echo_messages)(scope, receive, send)
    elif scope["type"] == "http" and scope["method"] == "POST":
        await echo_body(scope, receive, send)
    else:
        await hello(scope, receive, send)
