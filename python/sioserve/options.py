"""What the server core is to be given beyond the application: from the command and from Django."""

from __future__ import annotations

import dataclasses
import importlib.resources
from typing import Any

from sioserve.lifespan import LifespanMode

# Hosts that a development server is called by; Django's own rule when DEBUG is on.
LOCAL_HOSTS = (".localhost", "127.0.0.1", "[::1]")


@dataclasses.dataclass(frozen=True)
class Options:
    """The command line's options; `port` 0 means any free port."""

    host: str = "127.0.0.1"
    port: int = 8000
    socketio_path: str = "/socket.io"
    lifespan: LifespanMode = "auto"
    timeout_graceful_shutdown: float = 10.0  # seconds


def server_arguments(options: Options) -> dict[str, Any]:
    """Keyword arguments for `_sioserve.Server`; reads Django's settings if it is configured."""
    arguments: dict[str, Any] = {
        "host": options.host,
        "port": options.port,
        "socketio_path": options.socketio_path,
        "allowed_hosts": LOCAL_HOSTS,
        "client_directory": _client_directory(),
    }
    settings = _django_settings()
    if settings is not None:
        arguments.update(
            allowed_hosts=allowed_hosts(settings),
            ping_interval_ms=getattr(settings, "SIO_ENGINEIO_PING_INTERVAL_MS", 25_000),
            ping_timeout_ms=getattr(settings, "SIO_ENGINEIO_PING_TIMEOUT_MS", 20_000),
            max_payload_bytes=getattr(settings, "SIO_ENGINEIO_MAX_PAYLOAD_BYTES", 1_000_000),
        )
    return arguments


def allowed_hosts(settings: Any) -> tuple[str, ...]:
    """ALLOWED_HOSTS, with Django's exception for an empty list while DEBUG is on."""
    if settings.DEBUG and not settings.ALLOWED_HOSTS:
        return LOCAL_HOSTS
    return tuple(settings.ALLOWED_HOSTS)


def _django_settings() -> Any:
    try:
        from django.conf import settings
    except ImportError:
        return None
    return settings if settings.configured else None


def _client_directory() -> str:
    # Filled by the set-up with the files of the npm package socket.io-client.
    return str(importlib.resources.files("sioserve") / "client")
