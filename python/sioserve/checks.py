"""Django's system checks: does `manage.py runserver` start sioserve, and is `sio` its package?

The first application in INSTALLED_APPS that has a command of that name provides it.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from sioserve.sio_package import REMEDY, django_sio_is_installed

RIVALS = ("sioserve", "daphne", "django.contrib.staticfiles")


def check_installed_apps(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Errors and warnings about the order of INSTALLED_APPS."""
    names = [config.name for config in apps.get_app_configs() if config.name in RIVALS]
    before = names[: names.index("sioserve")]
    messages: list[CheckMessage] = []
    if "django.contrib.staticfiles" in before:
        messages.append(
            Error(
                "sioserve must stand before django.contrib.staticfiles in INSTALLED_APPS.",
                hint="Otherwise runserver is Django's own, without ASGI and WebSockets; see "
                "docs/django.md#in-place-of-daphne.",
                id="sioserve.E001",
            )
        )
    if "daphne" in names:
        winner = "daphne's" if "daphne" in before else "sioserve's"
        messages.append(
            CheckWarning(
                f"Both daphne and sioserve are in INSTALLED_APPS; runserver is {winner}.",
                hint='Remove "daphne" from INSTALLED_APPS; see docs/migrating-from-daphne.md.',
                id="sioserve.W001",
            )
        )
    return messages


def check_django_sio(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A warning while django-sio is installed, whose package has the same name."""
    if not django_sio_is_installed():
        return []
    return [
        CheckWarning(
            'django-sio is installed beside sioserve; both have a package "sio".',
            hint=f"Its code is not needed any more: {REMEDY}; see "
            "docs/migrating-from-django-sio.md#install.",
            id="sioserve.W002",
        )
    ]
