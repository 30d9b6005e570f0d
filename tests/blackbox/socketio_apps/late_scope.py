"""Compares the scope of a socket, which is built late, with that of its handshake, which
allow_request() gets before there is a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sio

early: dict[str, Mapping[str, Any]] = {}  # by the header X-Client
lifespan_state: dict[str, Any] = {}


async def application(scope: Any, receive: Any, send: Any) -> None:
    global lifespan_state
    assert scope["type"] == "lifespan"
    lifespan_state = scope["state"]
    lifespan_state["greeting"] = "hello"
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


@sio.get_socketio_server().allow_request
async def keep(request: sio.HandshakeRequest) -> bool:
    early[request.headers["x-client"]] = request.scope
    return True


@sio.register
class Late(sio.SocketIOConsumer):
    async def event_rename(self, socket: Any, greeting: str) -> None:
        """The lifespan's state changes while the client is connected."""
        lifespan_state["greeting"] = greeting

    async def event_compare(self, socket: Any, client: str, ack: Any) -> None:
        first, scope = early[client], socket.scope
        await ack(
            {
                "equal": scope == first,
                "in order": list(scope) == list(first),
                "same types": [type(v) for v in scope.values()]
                == [type(v) for v in first.values()],
                "another object": scope is not first,
                "the same again": socket.scope is scope,
                "type": scope["type"],
                "state": scope["state"],
            }
        )

    async def event_write(self, socket: Any, value: Any) -> None:
        socket.scope["written"] = value

    async def event_read(self, socket: Any, ack: Any) -> None:
        await ack(socket.scope.get("written"))
