"""Which hooks of middleware may be called on the event loop: they do not wait for anything.

Only Django's own classes are known, not classes derived from them. A hook may depend on the
request: the session, for example, is stored only if it has been changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.middleware.csrf import CsrfViewMiddleware

METHODS_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "TRACE")


class SafeHooks(NamedTuple):
    """Whether the hooks of one middleware object may run on the event loop."""

    process_request: bool
    process_response: Callable[[Any, Any], bool]  # for a request and a response


def _always(request: Any, response: Any) -> bool:
    return True


def _never(request: Any, response: Any) -> bool:
    return False


def safe_hooks(middleware: Any) -> SafeHooks:
    """Of a middleware object, for as long as the settings stay as they are."""
    name = f"{type(middleware).__module__}.{type(middleware).__qualname__}"
    known = _known_hooks().get(name, SafeHooks(False, _never))
    return SafeHooks(
        known.process_request or not hasattr(middleware, "process_request"),
        known.process_response if hasattr(middleware, "process_response") else _always,
    )


def is_safe_view_hook(process_view: Any, request: Any) -> bool:
    """Whether the bound method `process_view` may run on the event loop."""
    return (
        type(getattr(process_view, "__self__", None)) is CsrfViewMiddleware
        and request.method in METHODS_WITHOUT_BODY
        and not settings.CSRF_USE_SESSIONS
    )


def _known_hooks() -> dict[str, SafeHooks]:
    """By the path of the class. Some modules can be imported only in projects that use them."""
    own_sessions = settings.SESSION_ENGINE.startswith("django.contrib.sessions.backends.")
    own_messages = settings.MESSAGE_STORAGE.startswith("django.contrib.messages.storage.")
    hooks = {
        "django.middleware.security.SecurityMiddleware": SafeHooks(True, _always),
        "django.middleware.common.CommonMiddleware": SafeHooks(True, _always),
        "django.middleware.locale.LocaleMiddleware": SafeHooks(True, _always),
        "django.middleware.clickjacking.XFrameOptionsMiddleware": SafeHooks(True, _always),
        "django.middleware.csp.ContentSecurityPolicyMiddleware": SafeHooks(True, _always),
        # The user, the session and the messages are loaded when they are used.
        "django.contrib.auth.middleware.AuthenticationMiddleware": SafeHooks(True, _always),
    }
    if own_sessions:
        path = "django.contrib.sessions.middleware.SessionMiddleware"
        hooks[path] = SafeHooks(True, _keeps_session)
    if own_messages:
        path = "django.contrib.messages.middleware.MessageMiddleware"
        hooks[path] = SafeHooks(True, _keeps_messages)
    if not settings.CSRF_USE_SESSIONS:
        hooks["django.middleware.csrf.CsrfViewMiddleware"] = SafeHooks(True, _always)
    return hooks


def _keeps_session(request: Any, response: Any) -> bool:
    """Nothing is to be stored."""
    session = getattr(request, "session", None)
    return session is None or not (session.modified or settings.SESSION_SAVE_EVERY_REQUEST)


def _keeps_messages(request: Any, response: Any) -> bool:
    """Nothing is to be stored."""
    messages = getattr(request, "_messages", None)
    return messages is None or not (
        getattr(messages, "used", True) or getattr(messages, "added_new", True)
    )
