"""What the next Python process of a session needs, as JSON (--workers).

The native server keeps the state of a session and of each of its sockets, and gives both to the
next process, which makes equal objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import exact_json
from .engine import EngineIOSession
from .identity import describe_identity, restore_identity
from .socketio.socket import NamespaceSocket

if TYPE_CHECKING:
    from _sioserve import Server

# Objects of the process, which the next one has itself; and what describe_identity() describes.
OWN = ("app", "state", "session", "user")


class StateError(Exception):
    """The session can't move; the message names the value that is not JSON."""


def state_of_session(session: EngineIOSession) -> str:
    """Raises StateError."""
    scope = {key: value for key, value in session.scope.items() if key not in OWN}
    # Applications may have put anything into it.
    scope["extensions"] = {
        name: value
        for name, value in (scope.get("extensions") or {}).items()
        if exact_json.fault_of(value, name) is None
    }
    try:
        identity = describe_identity(session.scope)
    except TypeError as error:
        raise StateError(str(error)) from None
    return _dumps({"scope": scope, "identity": identity})


def state_of_socket(socket: NamespaceSocket) -> str:
    """Raises StateError."""
    return _dumps(socket.describe(), "socket.")


def restored_session(number: int, state: str, core: Server) -> EngineIOSession:
    """The session in this process; identify() has not been called yet."""
    loaded = exact_json.loads(state)
    scope: dict[str, Any] = loaded["scope"]
    scope["headers"] = [(name, value) for name, value in scope.get("headers", ())]
    for key in ("client", "server"):
        if scope.get(key) is not None:
            scope[key] = tuple(scope[key])
    restore_identity(scope, loaded["identity"])
    return EngineIOSession(number, scope, core)


def described_socket(state: str) -> dict[str, Any]:
    """The argument of NamespaceSocket.restore()."""
    described: dict[str, Any] = exact_json.loads(state)
    return described


def _dumps(parts: dict[str, Any], prefix: str = "") -> str:
    encoded = (f'"{name}": {_dump(value, prefix + name)}' for name, value in parts.items())
    return "{" + ", ".join(encoded) + "}"


def _dump(value: Any, name: str) -> str:
    try:
        fault = exact_json.fault_of(value, name)
        if fault is None:
            return exact_json.dumps(value)
    except (RuntimeError, ValueError):
        # It contains itself, is nested too deeply, has an integer that is too long, or is being
        # changed by another thread.
        fault = name
    raise StateError(fault)
