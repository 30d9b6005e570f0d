"""Who may enter the namespace of the Admin UI.

Its login form sends {"username", "password"}, and afterwards {"sessionId"} with the id it got. In a
Django project the id is signed with SECRET_KEY, so that all Python processes know it, also after a
restart. Elsewhere it is kept in memory.
"""

from __future__ import annotations

import collections
import hashlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..django_support import has_secret_key, has_users
from ..exceptions import ConnectionRefused
from ..handlers import Handler
from ..socketio.socket import NamespaceSocket

Check = Callable[[str, str], "bool | Awaitable[bool]"]

logger = logging.getLogger("sio.admin")

# What the Admin UI shows its login form for.
INVALID_CREDENTIALS = "invalid credentials"

LIFETIME = 86_400.0  # seconds for which a session id is good
MOST_SESSIONS = 1000
SALT = "sio.admin"


class Access:
    """Accepts administrators.

    `check`: a function of name and password, `async def` or plain; False to accept everybody; None
    for Django's users with `is_staff`, by name and password or by the session of their browser.
    Raises ValueError for None without Django's users.
    """

    def __init__(self, check: Check | bool | None) -> None:
        if check is True or (check is not None and check is not False and not callable(check)):
            raise TypeError("auth is a function of name and password, False, or None")
        if check is None and not has_users():
            raise ValueError(
                "the Admin UI accepts Django's staff users, but this project has no Django users: "
                "give instrument() an auth function, or auth=False for everybody"
            )
        if check is False:
            logger.warning("everybody may use the Admin UI: auth is False")
        self._open = check is False
        self._accepts_staff = check is None
        function = is_staff if check is None else check
        self._check = Handler(function) if callable(function) else None
        # Digests, by the time at which they end; in that order.
        self._sessions: collections.OrderedDict[bytes, float] = collections.OrderedDict()

    async def enter(self, socket: NamespaceSocket, auth: Any) -> None:
        """Middleware of the namespace. Raises ConnectionRefused."""
        if self._open or self._is_known(auth.get("sessionId")):
            return
        if self._accepts_staff and getattr(socket.user, "is_staff", False):
            return
        name, password = auth.get("username"), auth.get("password")
        if await self._is_right(name, password):
            socket.emit("session", self._new_session())
            return
        logger.warning("an administrator was refused: %r, from %s", name, socket.handshake.address)
        raise ConnectionRefused(INVALID_CREDENTIALS)

    async def _is_right(self, name: Any, password: Any) -> bool:
        if self._check is None or not isinstance(name, str) or not isinstance(password, str):
            return False
        return bool(await self._check.call_with(name, password))

    def _new_session(self) -> str:
        if has_secret_key():
            from django.core import signing

            return str(signing.dumps(secrets.token_urlsafe(24), salt=SALT))
        id = secrets.token_urlsafe(24)
        self._sessions[digest(id)] = time.monotonic() + LIFETIME
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return id

    def _is_known(self, id: Any) -> bool:
        if not isinstance(id, str):
            return False
        if has_secret_key():
            from django.core import signing

            try:
                signing.loads(id, salt=SALT, max_age=LIFETIME)
            except signing.BadSignature:
                return False
            return True
        return self._sessions.get(digest(id), 0.0) > time.monotonic()


def digest(id: str) -> bytes:
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).digest()


def is_staff(name: str, password: str) -> bool:
    """Whether these are name and password of one of Django's staff."""
    from django.contrib.auth import authenticate

    user = authenticate(username=name, password=password)
    return user is not None and bool(getattr(user, "is_staff", False))
