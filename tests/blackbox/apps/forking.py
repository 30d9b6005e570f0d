"""Views and Socket.IO handlers that call os.fork(), and children that end in several ways."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import sio
from asgiref.sync import sync_to_async


def note(word: str) -> None:
    """Appends to a file that the children would also write to."""
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{word} {os.getpid()}\n")


def end(ending: str) -> None:
    if ending == "exit":
        sys.exit(7)
    if ending == "raise":
        raise ValueError("raised in the child")


def fork(ending: str) -> int:
    """The child's process id; in the child, `ending` is called."""
    child = os.fork()
    if child == 0:
        end(ending)
    return child


def reap(child: int) -> int | None:
    """The exit code; None while the child runs."""
    pid, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


async def ticking() -> None:
    while True:
        await asyncio.sleep(0.01)
        if os.getpid() != PROCESS:
            note("ticked in a child")


PROCESS = 0


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        global PROCESS
        PROCESS = os.getpid()
        task = asyncio.create_task(ticking())
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        task.cancel()
        await send({"type": "lifespan.shutdown.complete"})
        return
    _, kind, argument = scope["path"].split("/")
    answer: Any
    if kind == "async":
        answer = fork(argument)
    elif kind == "thread":
        answer = await sync_to_async(fork)(argument)
    elif kind == "to_thread":
        answer = await asyncio.to_thread(fork, argument)
    elif kind == "await":
        never = asyncio.get_running_loop().create_future()
        answer = os.fork()
        if answer == 0:
            await never
    else:
        answer = reap(int(argument))
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


@sio.register
class ForkingConsumer(sio.SocketIOConsumer):
    async def connect(self, socket: Any, auth: Any) -> bool:
        return True

    async def event_async(self, socket: Any, ending: str, ack: Any = None) -> None:
        child = fork(ending)
        if ack and child:
            await ack(child)

    def event_thread(self, socket: Any, ending: str, ack: Any = None) -> Any:
        child = fork(ending)
        if child:
            asyncio.run_coroutine_threadsafe(ack(child), LOOP[0]).result()

    async def event_prepare(self, socket: Any) -> None:
        LOOP.append(asyncio.get_running_loop())

    async def event_mark(self, socket: Any) -> None:
        note("marked")


LOOP: list[asyncio.AbstractEventLoop] = []
