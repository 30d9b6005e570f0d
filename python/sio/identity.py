"""Django's `user` and `session` of a client, in the scope of its handshake.

In a routed project, middleware may have set them, also as lazy objects, which async code can't
resolve. On the native path they are loaded from Django's session cookie. In both cases they are
loaded before any handler runs.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from typing import Any

from .django_support import django_ready
from .handlers import run_in_thread

Scope = MutableMapping[str, Any]

# The error of lazy objects of Channels' middleware, which only that middleware can resolve.
UNRESOLVABLE = (ValueError, NotImplementedError)


async def identify(scope: Scope) -> None:
    """Load `session` and `user` into the scope, in a Django project. Raises what the database
    raises.
    """
    from django.apps import apps

    for key in ("session", "user"):
        if key in scope:
            scope[key] = _without_resolved_wrappers(scope[key])
    if "session" not in scope and apps.is_installed("django.contrib.sessions"):
        scope["session"] = _session_of_cookie(scope)
    has_auth = apps.is_installed("django.contrib.auth")
    if _needs_database(scope):
        await run_in_thread(_load, scope, has_auth)
    elif has_auth and "user" not in scope:
        from django.contrib.auth.models import AnonymousUser

        scope["user"] = AnonymousUser()


def _without_resolved_wrappers(value: Any) -> Any:
    from django.utils.functional import LazyObject, empty

    while isinstance(value, LazyObject) and value._wrapped is not empty:
        value = value._wrapped
    return value


def _session_of_cookie(scope: Scope) -> Any:
    from django.conf import settings
    from django.http import parse_cookie

    cookies = scope.get("cookies")
    if cookies is None:
        cookies = {}
        for name, value in scope.get("headers") or ():
            if name.lower() == b"cookie":
                cookies.update(parse_cookie(value.decode("latin-1")))
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return store(cookies.get(settings.SESSION_COOKIE_NAME))


def _needs_database(scope: Scope) -> bool:
    from django.utils.functional import LazyObject

    session = scope.get("session")
    if isinstance(session, LazyObject) or isinstance(scope.get("user"), LazyObject):
        return True
    if getattr(session, "session_key", None) is None:
        return False
    return "user" not in scope or not hasattr(session, "_session_cache")


def _load(scope: Scope, has_auth: bool) -> None:
    if "session" in scope:
        try:
            session = _resolved(scope["session"])
        except UNRESOLVABLE:
            session = _session_of_cookie(scope)
        session.keys()  # reads it from its store
        scope["session"] = session
    if "user" in scope:
        try:
            scope["user"] = _resolved(scope["user"])
            return
        except UNRESOLVABLE:
            del scope["user"]
    if has_auth:
        scope["user"] = _user_of_session(scope.get("session", {}))


def _resolved(value: Any) -> Any:
    from django.utils.functional import LazyObject, empty

    while isinstance(value, LazyObject):
        if value._wrapped is empty:
            value._setup()
        value = value._wrapped
    return value


def _user_of_session(session: Any) -> Any:
    """The user who is logged in with this session.

    Unlike Django's own function for a request, it does not change the session, because there is no
    response that could send the browser a new key.
    """
    from django.conf import settings
    from django.contrib import auth
    from django.contrib.auth.models import AnonymousUser

    backend_path = session.get(auth.BACKEND_SESSION_KEY)
    if auth.SESSION_KEY not in session or backend_path not in settings.AUTHENTICATION_BACKENDS:
        return AnonymousUser()
    key = auth.get_user_model()._meta.pk.to_python(session[auth.SESSION_KEY])
    user = auth.load_backend(backend_path).get_user(key)
    if user is None or not _is_valid(user, session.get(auth.HASH_SESSION_KEY)):
        return AnonymousUser()
    return user


def _is_valid(user: Any, session_hash: str | None) -> bool:
    """Whether the password is still that of the log-in."""
    from django.utils.crypto import constant_time_compare

    if not hasattr(user, "get_session_auth_hash"):
        return True
    if not session_hash:
        return False
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session_hash, candidate) for candidate in hashes)


def describe_identity(scope: Scope) -> dict[str, Any]:
    """`session` and `user` of a scope that identify() has loaded, as JSON for restore_identity().

    Raises TypeError for a user that is not in the database, and for a session that is not Django's.
    """
    described: dict[str, Any] = {}
    session = scope.get("session")
    if session is not None:
        if not hasattr(session, "session_key"):
            raise TypeError("scope['session']")
        described["session"] = session.session_key
    user = scope.get("user")
    if user is not None:
        meta = getattr(user, "_meta", None)
        if meta is not None and user.pk is not None:
            described["user"] = [meta.label, str(user.pk)]
        elif not getattr(user, "is_anonymous", False):
            raise TypeError("scope['user']")
    return described


def restore_identity(scope: Scope, described: dict[str, Any]) -> None:
    """Let identify() load the same `session` and `user`."""
    if not django_ready():
        return
    from django.apps import apps
    from django.conf import settings
    from django.utils.functional import SimpleLazyObject

    if "session" in described:
        store = import_module(settings.SESSION_ENGINE).SessionStore
        scope["session"] = store(described["session"])
    if "user" in described:
        label, key = described["user"]
        scope["user"] = SimpleLazyObject(lambda: _user_of_key(label, key))
    elif "session" in described and apps.is_installed("django.contrib.auth"):
        from django.contrib.auth.models import AnonymousUser

        scope["user"] = AnonymousUser()


def _user_of_key(label: str, key: str) -> Any:
    """The user with this primary key; AnonymousUser if it has been deleted."""
    from django.apps import apps
    from django.contrib.auth.models import AnonymousUser

    found = apps.get_model(label)._base_manager.filter(pk=key).first()
    return AnonymousUser() if found is None else found
