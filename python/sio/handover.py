"""The ASGI application that passes an Engine.IO handshake to the native engine.

A project's routing calls it after the project's middleware has accepted the handshake and has added
to the scope. It only passes the scope to sioserve; everything after the handshake is native. The
`type` of the message and the name of the scope's extension must match asgi-bridge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

EXTENSION = "sioserve.engineio"
# In the scope of a routed session: it may use every namespace.
ROUTED = "sioserve.routed"


def handover_application(mounted: type) -> Application:
    """The application that `mounted.as_asgi()` returns."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            raise RuntimeError(
                f"{mounted.__qualname__} serves http and websocket scopes, not {scope['type']!r}"
            )
        if EXTENSION not in (scope.get("extensions") or {}):
            raise RuntimeError(
                f"{mounted.__qualname__} needs the server sioserve: this ASGI server does not "
                f"offer the extension {EXTENSION!r}, which serves Socket.IO natively; see "
                "docs/migrating-from-django-sio.md"
            )
        if scope["type"] == "websocket":
            message = await receive()
            if message["type"] != "websocket.connect":
                return
        scope[ROUTED] = True
        await send({"type": f"{EXTENSION}.accept", "scope": scope})

    application.consumer_class = mounted  # type: ignore[attr-defined]
    return application
