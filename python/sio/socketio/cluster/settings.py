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
    """Redis, if it is configured, or the control socket. Raises RuntimeError for a wrong value."""
    redis = redis_settings()
    if redis is not None:
        return redis
    path = os.environ.get(CONTROL)
    return ControlSettings(path) if path else None


def redis_settings() -> RedisSettings | None:
    """None: no Redis is configured. An environment variable overrides the setting of Django.

    Raises RuntimeError for a value of another type.
    """
    url = _text(URL)
    if not url:
        return None
    return RedisSettings(url, _text(PREFIX) or DEFAULT_PREFIX, _switch(SHARDED))


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
