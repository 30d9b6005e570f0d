"""The handlers of the native project."""

from __future__ import annotations

from typing import Any

import sio
from who import who


@sio.on("who")
async def root_who(socket: Any, ack: Any = None) -> None:
    await ack(who(socket))


@sio.register
class LobbyConsumer(sio.SocketIOConsumer):
    namespace = "/lobby"

    def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        """Synchronous, with a database query."""
        from django.contrib.auth.models import User

        socket.join(auth.get("room", "everybody"))
        return bool(User.objects.filter(pk=socket.user.pk).exists())

    async def resume(self, socket: Any, why: str) -> None:
        await socket.emit("resumed", why, who(socket))

    async def event_who(self, socket: Any, ack: Any = None) -> None:
        await ack(who(socket))
