"""A chat whose clients can move between Python processes."""

from __future__ import annotations

from typing import Any

import sio


@sio.register
class ChatConsumer(sio.SocketIOConsumer):
    namespace = "/chat"

    async def connect(self, socket: Any, auth: dict[str, str]) -> bool:
        socket.data.update(auth)
        await socket.join(auth["room"])
        return True

    async def resume(self, socket: Any, why: str) -> None:
        assert socket.data["room"] in socket.rooms

    async def disconnect(self, socket: Any, reason: str) -> None:
        print(f"WARNING {socket.data['name']} has gone: {reason}", flush=True)

    async def event_say(self, socket: Any, number: int, ack: Any) -> None:
        room, name = socket.data["room"], socket.data["name"]
        await socket.server.emit("said", name, number, room=room, namespace="/chat")
        await ack(number)


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404})
    await send({"type": "http.response.body"})
