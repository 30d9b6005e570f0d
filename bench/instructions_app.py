"""The application of bench/instructions.py: each kind of unit that it counts, but Django views."""

from __future__ import annotations

from typing import Any

import sio
from hello_app import application as hello


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
        await (send_to_all if scope["path"] == "/all" else echo_messages)(receive, send)
    elif scope["type"] == "http" and scope["method"] == "POST":
        await echo_body(receive, send)
    else:
        await hello(scope, receive, send)


async def echo_messages(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


members: set[Any] = set()


async def send_to_all(receive: Any, send: Any) -> None:
    """Sends each message to all WebSockets of this kind."""
    await receive()
    await send({"type": "websocket.accept"})
    members.add(send)
    try:
        while (message := await receive())["type"] == "websocket.receive":
            event = {"type": "websocket.send", "text": message["text"]}
            for member in list(members):
                await member(event)
    finally:
        members.discard(send)


async def echo_body(receive: Any, send: Any) -> None:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    length = str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]}
    )
    await send({"type": "http.response.body", "body": body})
