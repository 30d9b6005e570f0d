"""The ASGI application that a Django project's settings select."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import asgi

from sioserve.django.installation import use_own_handler
from sioserve.errors import StartupError
from sioserve.loader import load_application


def project_application() -> Any:
    """The application in the setting ASGI_APPLICATION; Django's own application if it is not set.

    Raises StartupError; if importing the application raised, that exception is its `__cause__`.
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
