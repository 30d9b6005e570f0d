"""Helpers for ASGI scopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl


def parse_query(scope: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a scope's query string; of a repeated one, the first value."""
    query: dict[str, str] = {}
    raw = scope.get("query_string") or b""
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        query.setdefault(name, value)
    return query
