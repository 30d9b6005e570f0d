"""allow_origin(), headers() and on_connection_error()."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio.socketio.refusal_hooks import MOST_WAITING
from sio.time_limit import HandlerTimes
from sio_fakes import World
from sioserve.testing.registrations import Registrations

SCOPE = {
    "type": "http",
    "method": "PUT",
    "scheme": "https",
    "path": "/socket.io/",
    "raw_path": b"/socket.io/",
    "query_string": b"EIO=2&transport=carrier&sid=s",
    "headers": [(b"origin", b"https://page.example")],
    "client": ("10.1.2.3", 999),
}


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


HOOKS = ["allow_request", "allow_origin", "initial_headers", "headers", "on_connection_error"]
TOPICS = {"allow_origin": "origin", "on_connection_error": "refusal"}


def call(world: World, hook: str, message: str = "why") -> None:
    """Let the native server report what functions of this kind are called for."""
    topic = TOPICS.get(hook, "handshake")
    if topic == "refusal":
        world.dispatcher.request_refused(SCOPE, 3, message, 0)
    else:
        getattr(world.dispatcher, topic)(77, SCOPE)


async def decided(world: World, topic: str) -> list[Any]:
    getattr(world.dispatcher, topic)(77, SCOPE)
    await world.idle()
    return list(world.core.of("decide_handshake")[-1][1:])


# --- allow_origin ---


@pytest.mark.parametrize("result", [True, False, None, "yes"])
async def test_a_function_decides_about_origins(result: Any) -> None:
    world = World()
    assert not world.core.of("ask_about_origins")
    asked: list[tuple[str, bool]] = []
    main = threading.get_ident()

    @world.server.allow_origin
    def in_a_thread(origin: str) -> bool:
        asked.append((origin, threading.get_ident() != main))
        return False

    @world.server.allow_origin
    async def second(origin: str) -> Any:
        asked.append((origin, False))
        return result

    assert world.core.of("ask_about_origins")
    assert not world.core.of("ask_about_handshakes")
    assert await decided(world, "origin") == [77, None if result else ""]
    assert asked == [("https://page.example", True), ("https://page.example", False)]


async def test_a_function_that_fails_allows_no_origin(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    @world.server.allow_origin
    async def broken(origin: str) -> bool:
        raise SystemExit(3)

    assert await decided(world, "origin") == [77, ""]
    assert "broken failed for https://page.example" in caplog.text


async def test_a_server_that_starts_later_asks_too() -> None:
    world = World()
    world.server.allow_origin(lambda origin: True)
    world.server.on_connection_error(lambda refused: None)
    world.server.headers(lambda headers, request: None)
    world.server.detach(world.core)  # type: ignore[arg-type]
    world.core.calls.clear()
    world.server.attach(world.core)  # type: ignore[arg-type]
    for command in ("ask_about_origins", "watch_refusals", "ask_about_handshakes"):
        assert world.core.of(command)


# --- headers ---


async def test_headers_of_all_responses() -> None:
    world = World()

    @world.server.headers
    async def shard(headers: dict[str, Any], request: sio.HandshakeRequest) -> None:
        headers["X-Shard"] = str(request.query["sid"])

    @world.server.initial_headers
    def first(headers: dict[str, Any], request: sio.HandshakeRequest) -> None:
        headers["X-First"] = "1"

    decision = [77, None, [("X-First", "1")], [("X-Shard", "s")]]
    assert await decided(world, "handshake") == decision


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", 7])
async def test_unusable_headers_refuse_the_handshake(
    value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    world.server.headers(lambda headers, request: headers.update({"X": value}))
    assert await decided(world, "handshake") == [77, "", (), ()]
    assert "a function for headers failed" in caplog.text


# --- on_connection_error ---


@pytest.mark.parametrize(
    ("code", "context"),
    [
        (0, {"transport": "carrier"}),
        (1, {"sid": "s"}),
        (2, {"method": "PUT"}),
        (3, {"transport": "carrier"}),
        (4, {"origin": "https://page.example"}),
        (5, {"protocol": "2"}),
        (None, {}),
    ],
)
async def test_what_the_function_gets(code: int | None, context: dict[str, Any]) -> None:
    world = World()
    seen: list[sio.RefusedRequest] = []
    assert not world.core.of("watch_refusals")

    @world.server.on_connection_error
    async def count(refused: sio.RefusedRequest) -> None:
        seen.append(refused)

    assert world.core.of("watch_refusals")
    world.dispatcher.request_refused(SCOPE, code, "why", 3)
    await world.idle()
    [refused] = seen
    assert (refused.code, refused.message, refused.omitted) == (code, "why", 3)
    assert refused.context == context
    assert refused.request.address == "10.1.2.3"
    assert refused.request.scope is SCOPE


@pytest.mark.parametrize("error", [ValueError, SystemExit])
async def test_functions_that_fail(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    seen: list[str] = []

    @world.server.on_connection_error
    def broken(refused: sio.RefusedRequest) -> None:
        raise error("on purpose")

    world.server.on_connection_error(lambda refused: seen.append(refused.message))
    with caplog.at_level(logging.ERROR, "sio.socketio.server"):
        for message in "ab":
            world.dispatcher.request_refused(SCOPE, 3, message, 0)
            await world.idle()
    assert seen == ["a", "b"]
    assert caplog.text.count("broken failed") == 2


async def test_slow_functions_hold_a_limited_number() -> None:
    world = World()
    seen: list[tuple[str, int]] = []
    may_go_on = asyncio.Event()

    @world.server.on_connection_error
    async def slow(refused: sio.RefusedRequest) -> None:
        await may_go_on.wait()
        seen.append((refused.message, refused.omitted))

    world.dispatcher.request_refused(SCOPE, 3, "first", 0)
    await asyncio.sleep(0)  # its function runs
    for number in range(MOST_WAITING + 2):
        world.dispatcher.request_refused(SCOPE, 3, str(number), 10)
    assert len(world.dispatcher._tasks) == 1
    may_go_on.set()
    await world.idle()
    assert len(seen) == MOST_WAITING + 1
    world.dispatcher.request_refused(SCOPE, 3, "last", 0)
    await world.idle()
    assert seen[-1] == ("last", 22)


async def test_functions_added_in_a_test_are_removed_after_it() -> None:
    world = World()
    kept = Registrations(world.server)
    world.server.on_connection_error(lambda refused: None)
    world.server.allow_origin(lambda origin: True)
    kept.restore()
    assert not world.server.refusal_hooks
    assert await decided(world, "origin") == [77, ""]


# --- functions that never end ---


@pytest.mark.parametrize("hook", HOOKS)
async def test_a_stop_cancels_a_function_without_an_error(
    hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    called = asyncio.Event()

    async def endless(*args: Any) -> bool:
        called.set()
        await asyncio.Event().wait()
        return True

    getattr(world.server, hook)(endless)
    call(world, hook)
    await called.wait()
    await world.dispatcher.close(0)
    assert not world.dispatcher._tasks
    assert "Cancelled at shutdown: a handler, waiting in" in caplog.text
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
    if hook != "on_connection_error":
        assert world.core.of("decide_handshake")[-1][1:3] == (77, "")


@pytest.mark.parametrize("limit", ["option", "decorator"])
@pytest.mark.parametrize("hook", HOOKS)
async def test_a_function_that_never_ends_is_cancelled(
    hook: str, limit: str, caplog: pytest.LogCaptureFixture
) -> None:
    times = HandlerTimes(handshake=0.05) if limit == "option" else None
    world = World(times)
    calls = 0

    async def endless(*args: Any) -> bool:
        nonlocal calls
        calls += 1
        await asyncio.Event().wait()
        return True

    getattr(world.server, hook)(endless if times else sio.timeout(0.05)(endless))
    call(world, hook)
    call(world, hook)
    await world.idle()
    assert calls == 2
    assert not world.dispatcher._tasks
    assert caplog.text.count("endless has run for 0.05 s and is cancelled") == 2
    assert "a handler's task failed" not in caplog.text
    # After the time of the option, the native server has refused the handshake.
    refusals = 0 if times or hook == "on_connection_error" else 2
    assert [one[1:3] for one in world.core.of("decide_handshake")] == [(77, "")] * refusals


@pytest.mark.parametrize("hook", ["allow_request", "allow_origin", "headers"])
async def test_after_the_time_no_other_function_is_called(hook: str) -> None:
    world = World(HandlerTimes(handshake=0.05))
    called: list[Any] = []

    async def stubborn(*args: Any) -> bool:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return hook != "allow_origin"

    async def other(*args: Any) -> bool:
        called.append(args)
        return True

    getattr(world.server, hook)(stubborn)
    getattr(world.server, hook)(other)
    call(world, hook)
    await world.idle()
    assert not called
    assert not world.core.of("decide_handshake")


async def test_a_function_whose_own_task_is_cancelled_is_called_for_the_next_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    seen: list[str] = []

    @world.server.on_connection_error
    async def cancelled(refused: sio.RefusedRequest) -> None:
        seen.append(refused.message)
        raise asyncio.CancelledError

    for message in "ab":
        call(world, "on_connection_error", message)
    await world.idle()
    assert seen == ["a", "b"]
    assert caplog.text.count("cancelled failed") == 2
