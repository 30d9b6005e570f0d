"""The same as sioserve_app.py with plain functions as handlers, which run on threads."""

from __future__ import annotations

from typing import Any

import sio


@sio.register
class Bench(sio.SocketIOConsumer):
    def event_echo(self, socket: Any, text: str, ack: Any = None) -> None:
        ack(text)

    def event_all(self, socket: Any, text: str) -> None:
        socket.server.emit("news", text)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Not used: everything here is Socket.IO."""
