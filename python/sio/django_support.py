"""The parts of this package that use Django; all functions also work without Django."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def django_ready() -> bool:
    """Whether django.setup() has been run in this process."""
    registry = sys.modules.get("django.apps")
    return registry is not None and registry.apps.ready


def django_version() -> str | None:
    """None if django.setup() has not been run in this process."""
    return sys.modules["django"].__version__ if django_ready() else None


def django_configured() -> bool:
    """Whether Django's settings can be read."""
    conf = sys.modules.get("django.conf")
    return conf is not None and bool(conf.settings.configured)


def has_users() -> bool:
    """Whether django.setup() has been run with django.contrib.auth among the applications."""
    return django_ready() and sys.modules["django.apps"].apps.is_installed("django.contrib.auth")


def has_secret_key() -> bool:
    """Whether this is a Django project with a SECRET_KEY."""
    if not django_configured():
        return False
    from django.core.exceptions import ImproperlyConfigured

    try:
        return bool(sys.modules["django.conf"].settings.SECRET_KEY)
    except ImproperlyConfigured:  # it is empty
        return False


def is_development() -> bool:
    """Whether this is a Django project with DEBUG on."""
    return django_configured() and bool(sys.modules["django.conf"].settings.DEBUG)


def setting(name: str, fallback: int) -> int:
    """A positive integer from Django's settings, or `fallback` if it is not set.

    Raises django.core.exceptions.ImproperlyConfigured for any other value.
    """
    if not django_configured():
        return fallback
    from django.conf import settings

    value = getattr(settings, name, fallback)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(f"{name} must be a positive integer, not {value!r}")
    return value


def switch(name: str, fallback: bool) -> bool:
    """True or False from Django's settings, or `fallback` if it is not set."""
    conf = sys.modules.get("django.conf")
    if conf is None or not conf.settings.configured:
        return fallback
    return bool(getattr(conf.settings, name, fallback))


def with_fresh_connections(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function that may use the database, as Django calls a view.

    Connections that are too old or broken are closed before and after it.
    """
    if not django_ready():
        return function(*args, **kwargs)
    from django.db import close_old_connections

    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()
