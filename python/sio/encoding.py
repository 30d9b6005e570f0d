"""The encoder of the native server for event arguments that are not JSON values."""

from __future__ import annotations

from typing import Any

from .json_values import json_value
from .socketio.server import get_socketio_server


def default(obj: Any) -> Any:
    """As json_value(), with the `json_default` of this process's server."""
    return json_value(obj, get_socketio_server().json_default)
