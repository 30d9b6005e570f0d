"""The consumers of the routed project."""

from __future__ import annotations

from typing import Any

from sio import SocketIOConsumer
from who import who


class RootConsumer(SocketIOConsumer):
    async def event_who(self, socket: Any, ack: Any = None) -> None:
        await ack(who(socket))


class LobbyConsumer(SocketIOConsumer):
    namespace = "/lobby"

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        await socket.join(auth["room"] if "room" in auth else f"game {auth.get('game')}")
        return bool(socket.user.is_authenticated)

    async def resume(self, socket: Any, why: str) -> None:
        await socket.emit("resumed", why, who(socket))

    async def event_who(self, socket: Any, ack: Any = None) -> None:
        await ack(who(socket))


class ReportConsumer(SocketIOConsumer):
    namespace = "/reports"

    def event_who(self, socket: Any, ack: Any = None) -> None:
        ack(who(socket))
