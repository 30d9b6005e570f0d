"""The ASGI application of a Django project, as its settings name it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import asgi

from sioserve.django.installation import use_own_handler
from sioserve.errors import StartupError
from sioserve.loader import load_application


def project_application() -> Any:
    """What the setting ASGI_APPLICATION names; Django's own application where it is not set.

    Raises StartupError; where importing the application raised, that is its `__cause__`.
    """
    use_own_handler()
    name = getattr(settings, "ASGI_APPLICATION", None)
    if not name:
        return asgi.get_asgi_application()
    module, _, attribute = name.rpartition(".")
    if not module:
        raise StartupError(
            f'ASGI_APPLICATION is "{name}", but must be a path such as "project.asgi.application".'
        )
    return load_application(f"{module}:{attribute}")
