"""The view of a request. It is looked up before the middleware runs, because its kind (synchronous
or asynchronous) tells where the request runs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.translation import get_language


class Match(NamedTuple):
    """A view that was found, and what the lookup depended on."""

    view: Any  # ResolverMatch
    path: str
    urlconf: Any
    language: str | None  # None: the lookup did not depend on it


def path_info(scope: Any, prefix: str) -> str:
    """What request.path_info will be. If it is not, the view is looked up again."""
    path: str = scope["path"]
    return path.removeprefix(prefix) if prefix else path


def find_view(path: str) -> Match | None:
    """None if the lookup raises anything."""
    resolver = get_resolver()
    try:
        view = resolver.resolve(path)
    except Exception:
        return None
    language = (get_language() or "") if _depends_on_language(resolver) else None
    return Match(view, path, settings.ROOT_URLCONF, language)


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
        or (match.language is not None and match.language != (get_language() or ""))
    ):
        return None
    return match


def _depends_on_language(resolver: Any) -> bool:
    """Whether its patterns may match other paths in another language: i18n_patterns() and
    translated patterns. get_language() takes as long as a lookup in a small URLconf.
    """
    known: bool | None = resolver.__dict__.get("_sioserve_depends_on_language")
    if known is None:
        known = resolver._sioserve_depends_on_language = not _is_plain(resolver)
    return known


def _is_plain(entry: Any) -> bool:
    """Whether the entry of a URLconf is Django's, and so are those inside, with fixed patterns."""
    pattern = entry.pattern
    if type(pattern) is RegexPattern:
        text = pattern._regex
    elif type(pattern) is RoutePattern:
        text = pattern._route
    else:
        return False
    if not isinstance(text, str):
        return False
    if type(entry) is URLPattern:
        return True
    return type(entry) is URLResolver and all(map(_is_plain, entry.url_patterns))
