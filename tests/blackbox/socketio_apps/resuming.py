"""Consumers whose clients can move to another process. Acknowledgements begin with the pid."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from typing import Any

import sio
from sio import get_socketio_server

server = get_socketio_server()


class Impossible:
    """A user of which nothing can be read."""

    @property
    def is_anonymous(self) -> bool:
        raise LookupError("no user")


class Counting(sio.SocketIOConsumer):
    """Keeps the numbers that its client sends in `data`, and can resume."""

    async def connect(self, socket: Any, auth: dict[str, Any]) -> bool:
        if not socket.recovered:
            socket.data["numbers"] = []
            socket.data["whys"] = []
        if "room" in auth:
            await socket.join(auth["room"])
        print(f"connect of {socket.id}", flush=True)
        return True

    async def resume(self, socket: Any, why: str) -> None:
        if socket.handshake.auth.get("fail"):
            raise RuntimeError("can't resume")
        socket.data["whys"].append(why)
        await socket.emit("resumed", why)

    async def event_number(self, socket: Any, number: int, ack: Any) -> None:
        socket.data["numbers"].append(number)
        await ack(os.getpid(), number)

    async def event_tell(self, socket: Any, ack: Any) -> None:
        assert socket.connected
        await ack(
            os.getpid(),
            {
                "data": socket.data,
                "rooms": sorted(socket.rooms),
                "auth": socket.handshake.auth,
                "cookie": socket.handshake.headers.get("cookie"),
                "url": socket.handshake.url,
                "address": socket.handshake.address,
                "id": socket.id,
                "transport": socket.transport,
                "count": server.clients_count,
            },
        )

    async def event_keep(self, socket: Any, key: str, value: Any, ack: Any) -> None:
        socket.data[key] = value
        await ack(os.getpid())

    async def event_spoil(self, socket: Any, how: str, ack: Any) -> None:
        socket.data["good"] = [1]
        if how == "object":
            socket.data["bad"] = {"deep": [object()]}
        elif how == "itself":
            socket.data["bad"] = socket.data
        elif how == "key":
            socket.data["bad"] = {1: 2}
        elif how == "user":
            socket.scope["user"] = Impossible()
        await ack(os.getpid())

    async def event_ask(self, socket: Any) -> None:
        answer = await socket.emit_with_ack("question", timeout=30)
        socket.data["answer"] = answer

    async def event_ask_by_callbacks(self, socket: Any) -> None:
        answers: list[int] = []

        async def answered(answer: int) -> None:
            answers.append(answer)
            for _ in range(2):
                answers.append(await socket.emit_with_ack("question", timeout=30))
            socket.data["answers"] = answers

        await socket.emit("question", callback=answered)

    @sio.concurrent
    async def event_ask_beside(self, socket: Any) -> None:
        answer = await socket.emit_with_ack("question", timeout=30)
        socket.data["numbers"].append(answer)

    async def event_hang(self, socket: Any) -> None:
        print("a handler hangs", flush=True)
        await asyncio.Event().wait()

    async def event_note(self, socket: Any, text: str) -> None:
        print(f"note {text} in {os.getpid()}", flush=True)

    async def event_die(self, socket: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def disconnect(self, socket: Any, reason: str) -> None:
        print(f"disconnect of {socket.id} in {os.getpid()}", flush=True)


@sio.register
class CountConsumer(Counting):
    namespace = "/count"


@sio.register
class BoardConsumer(Counting):
    namespace = re.compile(r"/board-(?P<id>[0-9]+)")

    chat = sio.relay("chat", to=sio.Rooms.OWN, include_sender=True)


@sio.register
class PlainConsumer(sio.SocketIOConsumer):
    """Can't resume."""

    namespace = "/plain"

    async def connect(self, socket: Any, auth: Any) -> bool:
        if not socket.recovered:
            socket.data["fresh"] = os.getpid()
        return True

    async def event_keep(self, socket: Any, key: str, value: Any, ack: Any) -> None:
        socket.data[key] = value
        await ack(os.getpid())

    async def event_data(self, socket: Any, ack: Any) -> None:
        await ack(os.getpid(), socket.data, socket.recovered)

    async def disconnect(self, socket: Any, reason: str) -> None:
        socket.data["left"] = True
        print(f"disconnect of {socket.id} in {os.getpid()}", flush=True)

    async def event_tell(self, socket: Any, ack: Any) -> None:
        await ack(os.getpid())

    async def event_die(self, socket: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@sio.on("connect", "/functions")
async def connect(socket: Any, auth: Any) -> bool:
    return True


@server.of("/functions").on_resume
async def resume(socket: Any, why: str) -> None:
    await socket.emit("resumed", why)


@sio.on("tell", "/functions")
async def tell(socket: Any, ack: Any) -> None:
    await ack(os.getpid())


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
