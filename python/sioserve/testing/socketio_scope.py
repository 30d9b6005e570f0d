"""The ASGI scope of a test client's handshake, as the server builds it for a real client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sio.handover import ROUTED


def handshake_scope(
    more: Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None,
    query: Mapping[str, str] | None,
    cookies: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """`more` is added to it. A cookie is a str or, as in http.cookies, has a `value`."""
    lines = {"host": "testserver", **{name.lower(): v for name, v in (headers or {}).items()}}
    if cookies:
        pairs = [f"{name}={getattr(cookie, 'value', cookie)}" for name, cookie in cookies.items()]
        lines["cookie"] = "; ".join([*([lines["cookie"]] if "cookie" in lines else ()), *pairs])
    parameters = {"EIO": "4", "transport": "websocket", **(query or {})}
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "scheme": "ws",
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 50_000),
        "root_path": "",
        "path": "/socket.io/",
        "raw_path": b"/socket.io/",
        "query_string": urlencode(parameters).encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in lines.items()],
        "subprotocols": [],
        "state": {},
        "extensions": {},
        # The given consumers are served even if they are not registered natively.
        ROUTED: True,
        **more,
    }
