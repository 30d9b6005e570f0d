"""How a process without a server reaches the servers: as the server's own options, from the
environment or from Django's settings.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NamedTuple

from ...django_support import django_configured

URL = ("SIOSERVE_REDIS", "SIO_REDIS_URL")
PREFIX = ("SIOSERVE_REDIS_PREFIX", "SIO_REDIS_PREFIX")
CONTROL = "SIOSERVE_CONTROL"
SHARDED = ("SIOSERVE_REDIS_SHARDED", "SIO_REDIS_SHARDED")
FORMAT = ("SIOSERVE_REDIS_FORMAT", "SIO_REDIS_FORMAT")
OWN_FORMAT, OTHER_FORMAT = FORMATS = ("redis-adapter", "python-socketio")

DEFAULT_PREFIX = "socket.io"
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class RedisSettings(NamedTuple):
    """`prefix`: of the channels' names. `sharded`: the servers use sharded Pub/Sub."""

    url: str
    prefix: str = DEFAULT_PREFIX
    sharded: bool = False


class ControlSettings(NamedTuple):
    """The control socket of a server on this machine."""

    path: str


def emitter_settings() -> RedisSettings | ControlSettings | None:
    """Redis, if it is configured and its servers read what this process publishes, or else the
    control socket.

    Raises RuntimeError for a wrong value, and for servers that can't be reached in any way.
    """
    redis = redis_settings()
    path = os.environ.get(CONTROL)
    is_read = redis is None or _format() == OWN_FORMAT
    if redis is not None and is_read:
        return redis
    if path:
        return ControlSettings(path)
    if is_read:
        return None
    raise RuntimeError(
        f"this process can't emit through Redis to servers with --redis-format {OTHER_FORMAT} "
        f"({FORMAT[0]} in the environment, or {FORMAT[1]} in Django's settings), because it "
        f"publishes in the format {OWN_FORMAT}, which they do not read: use python-socketio's "
        f"RedisManager(url, write_only=True) here, or {CONTROL} for a server on the same machine; "
        "see docs/emitting.md"
    )


def redis_settings() -> RedisSettings | None:
    """None: no Redis is configured. An environment variable overrides the setting of Django.

    Raises RuntimeError for a value of another type.
    """
    url = _text(URL)
    if not url:
        return None
    return RedisSettings(url, _text(PREFIX) or DEFAULT_PREFIX, _switch(SHARDED))


def _format() -> str:
    found = _text(FORMAT) or OWN_FORMAT
    if found not in FORMATS:
        raise RuntimeError(f'{" or ".join(FORMAT)}: "{found}" is none of {", ".join(FORMATS)}')
    return found


def _text(names: tuple[str, str]) -> str:
    variable, setting = names
    value = os.environ.get(variable) or _setting(setting) or ""
    if not isinstance(value, str):
        raise RuntimeError(f"{setting} must be a str, not {type(value).__name__}")
    return value


def _switch(names: tuple[str, str]) -> bool:
    variable, setting = names
    text = os.environ.get(variable, "").lower()
    if text in TRUE or text in FALSE:
        return text in TRUE
    if text:
        raise RuntimeError(f'{variable}: "{text}" is neither true nor false')
    return bool(_setting(setting))


def _setting(name: str) -> Any:
    if not django_configured():
        return None
    return getattr(sys.modules["django.conf"].settings, name, None)
