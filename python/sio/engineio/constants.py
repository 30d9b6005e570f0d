"""Numbers and names of the Engine.IO protocol, revision 4.

PING_INTERVAL_MS, PING_TIMEOUT_MS and MAX_PAYLOAD_BYTES come from Django's settings of the same name
with SIO_ENGINEIO_ in front. They are read when they are asked for, so that importing this module
before Django is set up does no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..django_support import setting

if TYPE_CHECKING:
    PING_INTERVAL_MS: int
    PING_TIMEOUT_MS: int
    MAX_PAYLOAD_BYTES: int

ENGINE_IO_VERSION = "4"

TRANSPORT_POLLING = "polling"
TRANSPORT_WEBSOCKET = "websocket"

RECORD_SEPARATOR = "\x1e"

ENGINEIO_PATH = "/engine.io/"

_DEFAULTS = {
    "PING_INTERVAL_MS": 25_000,
    "PING_TIMEOUT_MS": 20_000,
    "MAX_PAYLOAD_BYTES": 1_000_000,
}


def __getattr__(name: str) -> int:
    if name not in _DEFAULTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return setting(f"SIO_ENGINEIO_{name}", _DEFAULTS[name])
