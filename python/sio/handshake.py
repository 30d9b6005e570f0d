"""Handshake: how a client connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, quote


@dataclass(frozen=True, slots=True)
class Handshake:
    """The request that opened the client's session, and what the client sent for its namespace.

    You may emit it; the client gets an object with these members, `time` as a string.

    * `headers`: by name in lower case; repeated ones are joined with ", " ("; " for cookies).
    * `query`: the parameters of the URL. A repeated parameter has the list of its values.
    * `address`: the client's IP address, "" if the server does not know it.
    * `url`: path and query as requested. `secure`: https or wss.
    * `xdomain`: the request has an `Origin` header, as on Node; it may be the server's own origin.
    * `time`: when the client asked for the namespace, UTC; `issued`: the same in milliseconds
      since 1970.
    * `auth`: the object that the client sent, or {}.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str | list[str]]
    address: str
    url: str
    secure: bool
    xdomain: bool
    time: datetime
    issued: int
    auth: Any

    def as_json(self) -> dict[str, Any]:
        """The members as JSON values."""
        members = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**members, "time": self.time.isoformat()}


class HandshakeRequest:
    """The request of a handshake, before the session exists: the argument of allow_request().

    * `scope`: the ASGI scope; if the project routes Socket.IO itself, as its middleware left it.
    * `headers`, `query`, `address`, `url`, `secure`: as in Handshake.
    """

    __slots__ = ("scope",)

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.scope = scope

    @property
    def headers(self) -> Mapping[str, str]:
        """By name in lower case; repeated ones are joined with ", " ("; " for cookies)."""
        return _headers(self.scope)

    @property
    def query(self) -> Mapping[str, str | list[str]]:
        """The parameters of the URL; a repeated one has the list of its values."""
        return query_values(self.scope)

    @property
    def address(self) -> str:
        """The client's IP address, "" if the server does not know it."""
        return _address(self.scope)

    @property
    def url(self) -> str:
        """Path and query as requested."""
        return _url(self.scope)

    @property
    def secure(self) -> bool:
        """Whether the scheme is https or wss."""
        return _secure(self.scope)


def make_handshake(scope: Mapping[str, Any], auth: Any, created: float) -> Handshake:
    """The handshake of an ASGI scope; `created` is in seconds since 1970."""
    headers = _headers(scope)
    return Handshake(
        headers=headers,
        query=query_values(scope),
        address=_address(scope),
        url=_url(scope),
        secure=_secure(scope),
        xdomain=bool(headers.get("origin")),
        time=datetime.fromtimestamp(created, timezone.utc),
        issued=int(created * 1000),
        auth=auth,
    )


def query_values(scope: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """The parameters of a scope's query string; of a repeated one, all values in their order."""
    query: dict[str, str | list[str]] = {}
    raw = scope.get("query_string") or b""
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        former = query.get(name)
        if former is None:
            query[name] = value
        elif isinstance(former, list):
            former.append(value)
        else:
            query[name] = [former, value]
    return query


def parse_query(scope: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a scope's query string; of a repeated one, the first value."""
    query: dict[str, str] = {}
    raw = scope.get("query_string") or b""
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        query.setdefault(name, value)
    return query


def _address(scope: Mapping[str, Any]) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _secure(scope: Mapping[str, Any]) -> bool:
    return scope.get("scheme") in ("https", "wss")


def _headers(scope: Mapping[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers") or ():
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            value = headers[name] + ("; " if name == "cookie" else ", ") + value
        headers[name] = value
    return headers


def _url(scope: Mapping[str, Any]) -> str:
    raw_path = scope.get("raw_path")
    path = raw_path.decode("latin-1") if raw_path else quote(scope.get("path", ""))
    query = (scope.get("query_string") or b"").decode("latin-1")
    return f"{path}?{query}" if query else path
