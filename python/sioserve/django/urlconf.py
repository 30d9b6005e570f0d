"""Imports the URLconf of the project."""

from __future__ import annotations

import contextlib
from typing import Any

from django.urls import get_resolver


def import_urlconf() -> None:
    """So that the first request finds it. An error is left to the request, which shows it."""
    with contextlib.suppress(Exception):
        resolver: Any = get_resolver()
        resolver.url_patterns  # noqa: B018
