"""Natively served Socket.IO without Django, and the Admin UI as for production: numbers only."""

from __future__ import annotations

from typing import Any

import sio
import sio.admin


@sio.on("message")
async def message(socket: sio.NamespaceSocket, text: str) -> None:
    socket.emit("message", text)


def check(name: str, password: str) -> bool:
    return (name, password) == ("operator", "let me in")


sio.admin.instrument(auth=check, read_only=True, server_id="the only one")


async def application(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("there is nothing but Socket.IO and files")
