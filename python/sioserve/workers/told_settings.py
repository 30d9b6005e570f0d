"""The settings that a Python process tells the I/O process in its hello."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sioserve.options.server_arguments import DJANGO_SETTINGS

Settings = dict[str, Any]


def told_settings(settings: Settings) -> Settings:
    """Those of the native core that depend on the application, and on Django's settings."""
    return {name: settings[name] for name in TOLD if name in settings}


def invalid_setting(settings: Settings) -> str | None:
    """The name of one that is missing or has a value of a wrong type; None if there is none."""
    for name in TOLD:
        is_valid = ALWAYS_TOLD.get(name, _is_scalar)
        if not is_valid(settings.get(name)):
            return name
    return None


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text(value: Any) -> bool:
    """Whether it can be UTF-8, as the native core needs it."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


# Those that depend on the application: each hello has them. The native core checks the values of
# the others.
ALWAYS_TOLD: dict[str, Callable[[Any], bool]] = {
    "native_socketio": _is_bool,
    "namespaces": _is_list_of_texts,
    "ask_about_handshakes": _is_bool,
    "ask_about_origins": _is_bool,
    "allowed_hosts": _is_list_of_texts,
}
TOLD = (*ALWAYS_TOLD, *DJANGO_SETTINGS.values())
