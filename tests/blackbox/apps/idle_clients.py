"""A consumer whose clients may connect."""

from __future__ import annotations

from typing import Any

import sio


@sio.register
class Idle(sio.SocketIOConsumer):
    async def connect(self, socket: Any, auth: Any) -> bool:
        return True

    async def event_hello(self, socket: Any) -> None: ...


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Not used: everything here is Socket.IO."""
