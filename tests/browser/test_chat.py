"""The sample project on the real server: two people chat in two browsers."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from support.browser import PATIENCE, run_node
from support.certificates import Authority
from support.server import ROOT, ServerProcess, executable
from support.waiting import eventually
from support.workers import READY

pytestmark = pytest.mark.timeout(PATIENCE + 60)


@pytest.fixture
def chat_server(
    chat_environment: dict[str, str], start_server: Callable[..., ServerProcess]
) -> ServerProcess:
    return start_server(
        "project.asgi:application", cwd=ROOT / "sample_project", env=chat_environment
    )


def assert_conversation(seen: dict[str, Any], scheme: str = "http") -> None:
    assert seen["online"] == {"alice": ["alice", "bob"], "bob": ["alice", "bob"]}
    assert seen["rooms"]["alice"] == ["Lobby", "Engineering", "Backstage private", "Design"]
    assert seen["rooms"]["bob"] == ["Lobby", "Engineering", "Music"]
    assert seen["days"] >= 2
    assert seen["typing"] is True
    assert seen["received"] == {"author": "alice", "own": False}
    assert seen["receipt"] == "Read by bob"
    assert seen["unread"] == "1"
    assert seen["readAfterOpening"] is True
    assert seen["markup"] == "<img src=x onerror=alert(1)> & <b>bold</b>"
    corners = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]]
    picture = {"width": 320, "height": 200, "corners": corners}
    assert seen["image"] == {**picture, "from": "blob:"}
    assert seen["imageIsInView"] is True
    assert seen["imageAfterReload"] == {**picture, "from": f"{scheme}:"}
    assert seen["history"][-4:] == [
        "Hi Bob, does this reach you at once?",
        "Come back to the lobby when you have a minute.",
        "<img src=x onerror=alert(1)> & <b>bold</b>",
        "Four colours",
    ]
    assert seen["stateAfterReload"] == "read"
    assert seen["drawer"] == "closed by its button and by the scrim"
    assert seen["roomsByActivity"] == ["Engineering", "Lobby", "Music"]
    assert seen["onlineWithOneTabLeft"] == ["alice", "bob"]
    assert seen["onlineAtTheEnd"] == ["alice"]


def test_two_people_chat_over_websockets(chat_server: ServerProcess) -> None:
    seen = run_node("chat.mjs", chat_server.url, "websocket", "websocket")
    assert seen["transports"] == {"alice": "websocket", "bob": "websocket"}
    assert_conversation(seen)
    assert seen["complaints"] == []
    assert "Traceback" not in chat_server.log


def test_two_people_chat_over_http2(
    chat_environment: dict[str, str],
    start_server: Callable[..., ServerProcess],
    tmp_path: pathlib.Path,
) -> None:
    """Chromium opens the WebSocket on the connection that loaded the page (RFC 8441)."""
    server = start_server(
        "project.asgi:application",
        *("--access-log", "-", "--access-log-format", '"%(r)s" %(s)s'),
        *Authority(tmp_path / "tls").issue().options,
        cwd=ROOT / "sample_project",
        env=chat_environment,
    )
    seen = run_node("chat.mjs", server.url, "websocket", "polling")
    assert seen["transports"] == {"alice": "websocket", "bob": "polling"}
    assert_conversation(seen, "https")
    assert seen["complaints"] == []
    server.wait_for_log(r"GET /socket\.io/\?\S*transport=websocket\S* HTTP/2\" 200")
    assert " HTTP/1.1" not in server.log
    assert "Traceback" not in server.log


def test_two_people_chat_without_websockets(chat_server: ServerProcess) -> None:
    """One user has switched the page to polling; the other's network blocks WebSockets."""
    seen = run_node("chat.mjs", chat_server.url, "polling", "blocked")
    assert seen["transports"] == {"alice": "polling", "bob": "polling"}
    assert_conversation(seen)
    assert seen["complaints"] == []
    assert "Traceback" not in chat_server.log


@pytest.mark.parametrize(("alice", "bob"), [("websocket", "polling"), ("polling", "websocket")])
def test_nobody_notices_that_python_processes_are_replaced(
    chat_environment: dict[str, str],
    start_server: Callable[..., ServerProcess],
    tmp_path: pathlib.Path,
    alice: str,
    bob: str,
) -> None:
    control = str(tmp_path / "control")
    server = start_server(
        "project.asgi:application",
        *("--workers", "2", "--control", control),
        cwd=ROOT / "sample_project",
        env=chat_environment,
    )
    eventually(lambda: len(READY.findall(server.log)) >= 2)
    reload = [executable(), "reload", "--control", control]
    seen = run_node("reload.mjs", server.url, alice, bob, *reload)
    assert seen["states"] == [["connected"], ["connected"]]
    assert seen["onlineWithOneTab"] == ["alice", "bob"]
    assert seen["complaints"] == []
    eventually(lambda: server.log.count("which was replaced, has ended with exit code 0") == 2)
    assert "Traceback" not in server.log


def test_the_server_enforces_the_chats_rules(chat_server: ServerProcess) -> None:
    seen = run_node("rules.mjs", chat_server.url)
    connect = seen["connect"]
    assert connect["bob"] == connect["bobPolling"] == "connected"
    assert connect["anonymous"] == connect["anonymousPolling"] == "Not authorized"
    assert connect["badCookie"] == "Not authorized"
    # Refused by AllowedHostsOriginValidator, before any handshake.
    assert connect["foreignOrigin"] == "websocket error"
    assert seen["rooms"] == ["engineering", "lobby", "music"]
    assert [name for name, answer in seen["refused"].items() if answer == "accepted"] == []
    assert set(seen["accepted"].values()) == {"accepted"}
    assert seen["storedOnce"] is True
    assert seen["copies"] == 1
    assert seen["http"] == {
        "imageForMember": 200,
        "imageForAnonymous": 302,
        "transcriptForMember": 200,
        "transcriptForOutsider": 404,
        "adminForBob": 302,
    }
    assert "Traceback" not in chat_server.log
