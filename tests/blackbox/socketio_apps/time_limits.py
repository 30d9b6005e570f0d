"""Handlers that never end on their own."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import native
import sio

never = threading.Event()


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        print("lifespan shut down", flush=True)
    elif scope["path"] == "/stubborn":
        await stay("request")
    else:
        await native.application(scope, receive, send)


async def stay(what: str) -> None:
    print(f"{what} began", flush=True)  # in one piece, among the lines of the log
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            print(f"{what} stays", flush=True)


@sio.on("connect", namespace="/endless")
async def endless_connect(socket: Any, auth: Any) -> bool:
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("connect cancelled", flush=True)
        raise
    return True


@sio.on("connect", namespace="/stubborn")
async def stubborn_connect(socket: Any, auth: Any) -> None:
    await stay("connect")


@sio.on("connect", namespace="/thread")
def thread_connect(socket: Any, auth: Any) -> bool:
    return never.wait(3)


async def endless_middleware(socket: Any, auth: Any) -> None:
    await asyncio.sleep(3600)


sio.get_socketio_server().of("/middleware").use(endless_middleware)


@sio.on("connect", namespace="/middleware")
async def middleware_connect(socket: Any, auth: Any) -> bool:
    return True


async def endless_function(name: str, auth: Any) -> bool:
    if name == "/function":
        await asyncio.sleep(3600)
    return False


def thread_function(name: str, auth: Any) -> bool:
    if name == "/thread-function":
        never.wait(3)
    return False


sio.get_socketio_server().of(endless_function)
sio.get_socketio_server().of(thread_function)


@sio.on("connect", namespace="/events")
async def connect(socket: Any, auth: Any) -> bool:
    socket.use(endless_use)
    socket.on_any(endless_on_any)
    socket.on("own", endless_listener)
    socket.once("own once", endless_listener)
    return True


async def endless_use(event: str, *args: Any) -> None:
    if event == "use":
        await asyncio.sleep(3600)


async def endless_on_any(event: str, *args: Any) -> None:
    if event == "on_any":
        await asyncio.sleep(3600)


async def endless_listener(*args: Any) -> None:
    await asyncio.sleep(3600)


@sio.any_event(namespace="/events")
async def endless_any_event(socket: Any, event: str, *args: Any) -> None:
    if event == "any":
        await asyncio.sleep(3600)


@sio.on("connect", namespace="/hooks")
async def hooks_connect(socket: Any, auth: Any) -> bool:
    return True


@sio.get_socketio_server().register_connect_hook
async def endless_hook(socket: Any) -> None:
    if socket.namespace == "/hooks":
        await asyncio.sleep(3600)


@sio.on("disconnect", namespace="/hooks")
async def endless_disconnect(socket: Any, reason: str) -> None:
    await asyncio.sleep(3600)


@sio.get_socketio_server().register_disconnect_hook
async def disconnect_hook(socket: Any, reason: str) -> None:
    if socket.namespace == "/hooks":
        print("disconnect hook", flush=True)


@sio.on("endless", namespace="/events")
async def endless_event(socket: Any) -> None:
    await asyncio.sleep(3600)


@sio.on("stubborn", namespace="/events")
async def stubborn_event(socket: Any) -> None:
    await stay("stubborn")


@sio.on("limited", namespace="/events")
@sio.timeout(0.2)
async def limited_event(socket: Any) -> None:
    await asyncio.sleep(3600)


@sio.on("limited_thread", namespace="/events")
@sio.timeout(0.2)
def limited_thread(socket: Any) -> None:
    never.wait(1)


@sio.on("reply", namespace="/events")
async def reply(socket: Any, value: Any, ack: Any = None) -> None:
    ack(value)


@sio.on("connect", namespace="/refusing")
async def refusing_connect(socket: Any, auth: Any) -> bool:
    """Emits to the refused client in every possible way; it must receive none of it."""
    await socket.join("members")
    namespace = sio.get_socketio_server().of("/refusing")
    namespace.emit("secret", "all")
    namespace.to("members").emit("secret", "room")
    namespace.to(socket.id).emit("secret", "id")
    socket.emit("secret", "socket")
    _ = socket.rooms  # the answer comes after the server has carried out the emits above
    return False
