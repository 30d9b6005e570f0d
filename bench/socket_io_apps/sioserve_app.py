"""Echo and broadcast on sioserve."""

from __future__ import annotations

from typing import Any

import sio


@sio.register
class Bench(sio.SocketIOConsumer):
    async def event_echo(self, socket: Any, text: str, ack: Any = None) -> None:
        await ack(text)

    async def event_all(self, socket: Any, text: str) -> None:
        await socket.server.emit("news", text)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Not used: everything here is Socket.IO."""
