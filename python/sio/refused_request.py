"""RefusedRequest: what on_connection_error() functions get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .handshake import HandshakeRequest, parse_query


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request to Engine.IO that was refused: a handshake, or one whose session does not exist.

    * `request`: with `scope`, `headers`, `query`, `address`, `url`, `secure`.
    * `code`, `message`: as the client gets them. 0 "Transport unknown", 1 "Session ID unknown",
      2 "Bad handshake method", 3 "Bad request", 4 "Forbidden" or the message of allow_request(),
      5 "Unsupported protocol version"; None for limits of sessions.
    * `context`: what was wrong, as in Node: "transport", "sid", "method", "origin" or "protocol".
    * `omitted`: how many more requests were refused since the last one that was reported.
    """

    request: HandshakeRequest
    code: int | None
    message: str
    context: Mapping[str, Any]
    omitted: int = 0


def make_refused_request(
    scope: Mapping[str, Any], code: int | None, message: str, omitted: int
) -> RefusedRequest:
    query = parse_query(scope)
    context: dict[str, Any] = {}
    if code in (0, 3):
        context["transport"] = query.get("transport")
    elif code == 1:
        context["sid"] = query.get("sid")
    elif code == 2:
        context["method"] = scope.get("method", "GET")
    elif code == 5:
        context["protocol"] = query.get("EIO")
    request = HandshakeRequest(scope)
    if code == 4:
        context["origin"] = request.headers.get("origin")
    return RefusedRequest(request, code, message, context, omitted)
