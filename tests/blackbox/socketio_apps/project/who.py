"""A handler's information about its client."""

from __future__ import annotations

from typing import Any


def who(socket: Any) -> dict[str, Any]:
    return {
        "user": str(socket.user),
        "authenticated": socket.user.is_authenticated,
        "visits": socket.session.get("visits") if socket.session is not None else None,
        "path": socket.scope["path"],
        "kind": socket.scope["type"],
        "route": socket.scope.get("url_route", {}).get("kwargs"),
        "cookie": "sessionid" in socket.handshake.headers.get("cookie", ""),
    }
