"""native.py with namespaces that are created when a client asks for them."""

from __future__ import annotations

import re
from typing import Any

import sio
from native import application

__all__ = ["application"]


@sio.register
class BoardConsumer(sio.SocketIOConsumer):
    namespace = re.compile(r"/board-(?P<id>[0-9]+)")

    async def connect(self, socket: Any, auth: Any) -> bool:
        await socket.join("everybody")
        return not auth.get("refuse")

    async def event_where(self, socket: Any, ack: Any = None) -> None:
        await ack(socket.namespace, socket.namespace_match["id"])

    async def event_say(self, socket: Any, text: str) -> None:
        await socket.to("everybody").emit("said", text)

    async def event_say_everywhere(self, socket: Any, text: str) -> None:
        await socket.server.of(BoardConsumer.namespace).to("everybody").emit("said", text)

    async def event_children(self, socket: Any, ack: Any = None) -> None:
        children = socket.server.of(BoardConsumer.namespace).children()
        await ack(sorted(child.name for child in children if child.sockets_count))


async def named_by_clients(name: str, auth: Any) -> bool:
    return name == f"/{auth.get('secret')}"


@sio.on("echo", namespace=named_by_clients)
async def echo(socket: Any, text: str, ack: Any = None) -> None:
    await ack(socket.namespace, text)
