"""Finding the handlers of a Django project."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from .django_support import django_ready

MODULES = ("sockets", "consumers")


def autodiscover() -> list[str]:
    """Import the modules `sockets` and `consumers` of each installed Django application.

    Importing them runs their `@sio.register` and `@sio.on`; a consumer without them is not served
    natively. Does nothing if Django is not set up. Returns the names of the imported modules;
    raises what a module raises.
    """
    if not django_ready():
        return []
    from django.apps import apps

    found = []
    for config in apps.get_app_configs():
        for module in MODULES:
            name = f"{config.name}.{module}"
            if _exists(name):
                import_module(name)
                found.append(name)
    return found


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the application is a single module
        return False
