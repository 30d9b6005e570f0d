"""The view of a request. It is looked up before the middleware runs, because its kind (synchronous
or asynchronous) tells where the request runs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.urls import get_resolver
from django.utils.translation import get_language


class Match(NamedTuple):
    """A view that was found, and what the lookup depended on."""

    view: Any  # ResolverMatch
    path: str
    urlconf: Any
    language: str | None


def path_info(scope: Any, prefix: str) -> str:
    """What request.path_info will be. If it is not, the view is looked up again."""
    path: str = scope["path"]
    return path.removeprefix(prefix) if prefix else path


def find_view(path: str) -> Match | None:
    """None if the lookup raises anything."""
    try:
        view = get_resolver().resolve(path)
    except Exception:
        return None
    return Match(view, path, settings.ROOT_URLCONF, get_language())


def keep_match(request: Any, match: Match) -> None:
    """For take_match()."""
    request._sioserve_match = match


def take_match(request: Any) -> Match | None:
    """What was kept, if the middleware has not changed what it depends on."""
    match: Match | None = request.__dict__.pop("_sioserve_match", None)
    if (
        match is None
        or hasattr(request, "urlconf")
        or match.path != request.path_info
        or match.urlconf != settings.ROOT_URLCONF
        or match.language != get_language()
    ):
        return None
    return match
