"""A server of a cluster. Clients say what it does: cluster_server.mjs does the same in Node."""

from __future__ import annotations

import os
import time
from typing import Any

import sio
from sio import AckTimeout, get_socketio_server

server = get_socketio_server()
NAMESPACES = ("/", "/org[1]")


class Member(sio.SocketIOConsumer):
    cursor = sio.relay("cursor", to=sio.Rooms.OWN)

    async def connect(self, socket: Any, auth: dict[str, Any] | None) -> bool:
        socket.data.update((auth or {}).get("data", {}))
        for room in (auth or {}).get("rooms", []):
            await socket.join(room)
        return True

    async def event_do(self, socket: Any, order: dict[str, Any], *args: Any, ack: Any) -> None:
        await ack(await perform(socket, order, args))


@sio.register
class Default(Member):
    namespace = "/"


@sio.register
class Brackets(Member):
    namespace = "/org[1]"


for name in NAMESPACES:

    @server.of(name).on_server_side_emit("question")
    async def answer(value: Any, ack: Any) -> None:
        await ack(value)

    @server.of(name).on_server_side_emit("told")
    async def told(value: Any, name: str = name) -> None:
        await server.of(name).local.emit("told", value)


async def perform(socket: Any, order: dict[str, Any], args: tuple[Any, ...]) -> Any:
    namespace = server.of(socket.namespace)
    chain = socket.broadcast if order.get("broadcast") else namespace.except_([])
    if "to" in order:
        chain = chain.to(order["to"])
    if "except" in order:
        chain = chain.except_(order["except"])
    if order.get("volatile"):
        chain = chain.volatile
    if order.get("local"):
        chain = chain.local
    timeout = order.get("timeout", 5)
    try:
        match order["what"]:
            case "emit":
                await chain.emit(*args)
            case "ask":
                return {"answers": await chain.emit_with_ack(*args, timeout=timeout)}
            case "join":
                await chain.sockets_join(order["rooms"])
            case "leave":
                await chain.sockets_leave(order["rooms"])
            case "disconnect":
                await chain.disconnect_sockets(order.get("close", False))
            case "fetch":
                return {"sockets": [described(one) for one in await chain.fetch_sockets()]}
            case "tell":
                await namespace.server_side_emit("told", *args)
            case "question":
                asked = namespace.server_side_emit_with_ack("question", *args, timeout=timeout)
                return {"answers": await asked}
            case "count":
                return await namespace.adapter.server_count()
            case "counts":
                return server.counts()
            case "all counts":
                return await namespace.adapter.fetch_counts()
            case "block":
                os.write(1, b"blocked\n")
                time.sleep(order["seconds"])
    except AckTimeout as error:
        responses = error.responses
        if order["what"] == "fetch":
            responses = [described(one) for one in responses]
        return {"late": str(error), "answers": responses}
    return None


def described(one: Any) -> dict[str, Any]:
    handshake = one.handshake
    return {
        "id": one.id,
        "rooms": sorted(room for room in one.rooms if room != one.id),
        "data": one.data,
        "address": handshake.address,
        "auth": handshake.auth,
        "year": handshake.time.year,
    }


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
