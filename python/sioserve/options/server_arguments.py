"""The arguments of the native core, from the options and Django's settings."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from sioserve.content_types import content_types
from sioserve.errors import StartupError
from sioserve.options.values import Options

# Host names of a development server; Django's own rule while DEBUG is on.
LOCAL_HOSTS = (".localhost", "127.0.0.1", "[::1]")

# Settings of the core by the name of Django's setting.
DJANGO_SETTINGS = {
    "SIO_ENGINEIO_PING_INTERVAL_MS": "ping_interval_ms",
    "SIO_ENGINEIO_PING_TIMEOUT_MS": "ping_timeout_ms",
    "SIO_ENGINEIO_MAX_PAYLOAD_BYTES": "max_payload_bytes",
    "SIO_REDIS_URL": "redis_url",
    "SIO_REDIS_PREFIX": "redis_prefix",
    "SIO_REDIS_SHARDED": "redis_sharded",
    "SIO_REDIS_FORMAT": "redis_format",
}


def server_arguments(options: Options) -> dict[str, Any]:
    """Keyword arguments for `_sioserve.Server`; reads Django's settings if it is configured."""
    arguments: dict[str, Any] = {
        "allowed_hosts": LOCAL_HOSTS,
        "client_directory": _client_directory() if options.socketio_serve_client else "",
    }
    if mounts := options.settings.get("static_files"):
        _check_directories(mounts)
        arguments["content_types"] = content_types()
    settings = _django_settings()
    if settings is not None:
        arguments["allowed_hosts"] = allowed_hosts(settings)
        _check_json_encoder(settings)
        for name, argument in DJANGO_SETTINGS.items():
            # None: from a missing environment variable.
            if (value := getattr(settings, name, None)) is not None:
                arguments[argument] = value
    arguments.update(options.settings)
    _refuse_sharded_python_socketio(arguments)
    return arguments


def _refuse_sharded_python_socketio(arguments: Mapping[str, Any]) -> None:
    # Each may come from an option or from Django's settings.
    if arguments.get("redis_sharded") and arguments.get("redis_format") == "python-socketio":
        raise StartupError(
            "--redis-sharded (SIO_REDIS_SHARDED) and --redis-format python-socketio "
            "(SIO_REDIS_FORMAT) contradict each other"
        )


def _check_directories(mounts: Iterable[tuple[str, str]]) -> None:
    for prefix, directory in mounts:
        if not os.path.isdir(directory):
            raise StartupError(f'--static {prefix}={directory}: "{directory}" is not a directory')


def _check_json_encoder(settings: Any) -> None:
    """Find a wrong setting at the start, not in the first emit that needs the encoder."""
    from django.core.exceptions import ImproperlyConfigured

    # Import only after the command has checked that the package `sio` is ours.
    from sio.json_values import SETTING, encoder_class

    encoder = getattr(settings, SETTING, None)
    if encoder is None:
        return
    try:
        encoder_class(encoder)
    except ImproperlyConfigured as error:
        raise StartupError(str(error)) from None


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
    return str(pathlib.Path(__file__).resolve().parents[1] / "client")
