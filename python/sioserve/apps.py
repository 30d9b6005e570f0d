"""sioserve as a Django application: `INSTALLED_APPS = ["sioserve", ...]`."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from sioserve import daphne_replacement
from sioserve.checks import check_django_sio, check_installed_apps


class SioserveConfig(AppConfig):
    """Provides `manage.py runserver`, the system checks, and `daphne.testing` for Channels."""

    name = "sioserve"
    verbose_name = "sioserve"

    def ready(self) -> None:
        checks.register(check_installed_apps, checks.Tags.staticfiles)
        checks.register(check_django_sio, checks.Tags.compatibility)
        # Not earlier: "daphne" in INSTALLED_APPS without daphne must remain an error.
        daphne_replacement.install()
