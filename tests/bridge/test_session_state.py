"""What a session takes along to another Python process."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from sio.engine import EngineIOSession
from sio.identity import describe_identity
from sio.session_state import (
    StateError,
    described_socket,
    restored_session,
    state_of_session,
    state_of_socket,
)

SCOPE = {
    "type": "websocket",
    "path": "/socket.io/",
    "raw_path": b"/socket.io/",
    "headers": [(b"cookie", b"a=\xff")],
    "client": ("127.0.0.1", 5),
    "server": ("/run/socket", None),
    "subprotocols": [],
    "url_route": {"args": [], "kwargs": {"game": "chess"}},
}


class DescribedSocket:
    def __init__(self, data: Any) -> None:
        self.data = data

    def describe(self) -> dict[str, Any]:
        return {"id": "x", "data": self.data}


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def test_a_scope_arrives_as_it_was() -> None:
    own = {"app": object(), "state": {"pool": object()}}
    extensions = {"tls": {}, "own": {"object": object()}}
    session = EngineIOSession(7, {**SCOPE, **own, "extensions": extensions})
    restored = restored_session(7, state_of_session(session), None)  # type: ignore[arg-type]
    assert restored.number == 7
    assert restored.scope == {**SCOPE, "extensions": {"tls": {}}}
    assert isinstance(restored.scope["headers"][0], tuple)


def test_data_need_not_be_a_dict() -> None:
    for data in ([1, b"x"], None, "text"):
        state = state_of_socket(DescribedSocket(data))  # type: ignore[arg-type]
        assert described_socket(state)["data"] == data


@pytest.mark.parametrize(
    "data",
    [cyclic(), nested(5_000), {"deep": nested(5_000)}, 10**5_000],
    ids=["cyclic", "list", "dict", "int"],
)
def test_data_that_json_can_not_hold_is_a_fault(data: Any) -> None:
    with pytest.raises(StateError, match=r"^socket\.data"):
        state_of_socket(DescribedSocket(data))  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["user", "session"])
def test_a_user_or_session_of_another_framework_can_not_move(key: str) -> None:
    with pytest.raises(TypeError, match=key):
        describe_identity({key: {"name": "alice"}})
    with pytest.raises(StateError, match=key):
        state_of_session(EngineIOSession(1, {**SCOPE, key: {"name": "alice"}}))


SESSIONS_WITHOUT_USERS = """
import asyncio
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
)
django.setup()
from django.contrib.sessions.backends.cache import SessionStore
from sio.identity import describe_identity, identify, restore_identity

store = SessionStore()
store["visits"] = 3
store.save()
scope = {"headers": [(b"cookie", b"sessionid=" + store.session_key.encode())]}
asyncio.run(identify(scope))
moved = {}
restore_identity(moved, describe_identity(scope))
asyncio.run(identify(moved))
assert moved["session"]["visits"] == 3
assert "user" not in moved
"""


def test_a_django_project_without_users_moves_its_sessions() -> None:
    subprocess.run([sys.executable, "-c", SESSIONS_WITHOUT_USERS], check=True)
