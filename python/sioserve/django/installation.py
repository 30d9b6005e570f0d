"""Makes `django.core.asgi.get_asgi_application()` return sioserve's Handler."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MODULE = "django.core.asgi"


def use_own_handler() -> None:
    """For applications that are made from now on. Does not import Django.

    On another ASGI server, or in tests without a server, the handler does as Django's.
    """
    module = sys.modules.get(MODULE)
    if module is not None:
        _replace(module)
    elif not any(isinstance(finder, _WaitsForDjango) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WaitsForDjango())


def chosen_handler() -> str | None:
    """What serves requests to Django, in words for the log; None if no handler has been made."""
    handler = sys.modules.get("sioserve.django.handler")
    return None if handler is None else handler.Handler.chosen


def _replace(module: ModuleType) -> None:
    from sioserve.django.handler import Handler

    module.ASGIHandler = Handler  # type: ignore[attr-defined]


class _WaitsForDjango(MetaPathFinder):
    """Finds the module as without it, and replaces the handler when it has been imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def execute_and_replace(module: ModuleType) -> None:
                execute(module)
                _replace(module)

            loader.exec_module = execute_and_replace
        return spec
