"""How the Admin UI is shown a socket, an event's arguments and a moment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from ..encoding import default
from ..socketio.socket import NamespaceSocket

# Headers with which a reader could take over a user's session.
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


def view_of_socket(socket: NamespaceSocket, rooms: Iterable[str] | None = None) -> dict[str, Any]:
    """The object that stands for a socket, with its rooms and handshake, without secrets.

    `rooms`: where they are known already.
    """
    handshake = socket.handshake
    return {
        "id": socket.id,
        "clientId": socket.eio.sid,
        "transport": socket.transport,
        "nsp": socket.namespace,
        "data": plain(socket.data),
        "handshake": {
            "address": handshake.address,
            "headers": {k: v for k, v in handshake.headers.items() if k not in SECRET_HEADERS},
            "query": {k: v for k, v in handshake.query.items() if k != "sid"},
            "issued": handshake.issued,
            "secure": handshake.secure,
            "time": handshake.time.isoformat(),
            "url": handshake.url.split("?")[0],
            "xdomain": "origin" in handshake.headers,
        },
        "rooms": [socket.id, *sorted(socket.rooms if rooms is None else rooms)],
    }


def plain(value: Any) -> Any:
    """The value in JSON's types; other values become their repr().

    Never raises, so that the `data` of one client can't break the Admin UI.
    """
    try:
        text = json.dumps(value, default=as_json, skipkeys=True, ensure_ascii=False)
    except (ValueError, RecursionError):  # it contains itself
        text = json.dumps(description(value), ensure_ascii=False)
    without_surrogates = text.encode("utf-8", "replace").decode()
    return json.loads(without_surrogates, parse_constant=str)


def as_json(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    try:
        return default(value)
    except Exception:
        return description(value)


def description(value: Any) -> str:
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


def now() -> str:
    """The present, as the Admin UI reads it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
