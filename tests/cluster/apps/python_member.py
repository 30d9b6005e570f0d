"""A server of python-socketio in a cluster, for uvicorn, which does what clients say. The variable
REDIS is the URL.
"""

from __future__ import annotations

import base64
import os
from typing import Any

import socketio

manager = socketio.AsyncRedisManager(os.environ["REDIS"])
server = socketio.AsyncServer(async_mode="asgi", client_manager=manager)
application = socketio.ASGIApp(server)


@server.event
async def connect(sid: str, environ: Any, auth: Any) -> None:
    for room in (auth or {}).get("rooms", []):
        await server.enter_room(sid, room)


@server.on("do")
async def do(sid: str, order: dict[str, Any], *args: Any) -> Any:
    match order["what"]:
        case "emit":
            skip = order.get("except")
            await server.emit(args[0], args[1:], to=order.get("to"), skip_sid=skip)
        case "join":
            await server.enter_room(order["to"], order["rooms"][0])
        case "leave":
            await server.leave_room(order["to"], order["rooms"][0])
        case "close":
            await server.close_room(order["to"])
        case "disconnect":
            await server.disconnect(order["to"])
        case "ask":
            try:
                answer = await server.call(*args, to=order["to"], timeout=20)
            except socketio.exceptions.TimeoutError:
                return "late"
            return base64.b64encode(answer).decode() if isinstance(answer, bytes) else answer
    return None
