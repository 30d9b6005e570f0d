"""allow_request(): which functions are called for a handshake, and the decision for the native
server.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
import sio
import sio.socketio.server
from sio_fakes import World
from sioserve.testing.registrations import Registrations

SCOPE = {
    "type": "http",
    "scheme": "https",
    "path": "/socket.io/",
    "raw_path": b"/socket.io/",
    "query_string": b"EIO=4&token=x",
    "headers": [(b"x-one", b"1")],
    "client": ("10.1.2.3", 999),
}


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sio.socketio.server, "_server", None)


async def decision(world: World) -> Any:
    """The decision that the native server gets about a handshake."""
    world.dispatcher.handshake(77, SCOPE)
    await world.idle()
    ((_, number, refusal, *_),) = world.core.of("decide_handshake")[-1:]
    assert number == 77
    return refusal


# --- initial_headers ---


async def answered(world: World) -> tuple[Any, ...]:
    """What the native server is told about a handshake, with the headers' names and values."""
    world.dispatcher.handshake(77, SCOPE)
    await world.idle()
    return tuple(world.core.of("decide_handshake")[-1][2:])


async def test_headers_of_the_first_response() -> None:
    world = World()

    @world.server.initial_headers
    async def affinity(headers: dict[str, Any], request: sio.HandshakeRequest) -> None:
        headers["Set-Cookie"] = [f"lb={request.query['token']}", "b=2"]

    @world.server.initial_headers
    def in_a_thread(headers: dict[str, Any], request: sio.HandshakeRequest) -> None:
        headers["X-Node"] = "n 1"

    headers = [("Set-Cookie", "lb=x"), ("Set-Cookie", "b=2"), ("X-Node", "n 1")]
    assert await answered(world) == (None, headers, [])
    assert world.core.of("ask_about_handshakes")


async def test_a_refused_handshake_gets_no_headers() -> None:
    world = World()
    called: list[bool] = []
    world.server.allow_request(lambda request: False)
    world.server.initial_headers(lambda headers, request: called.append(True))
    assert await answered(world) == ("", (), ())
    assert not called


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Set-Cookie", "a\r\nX-Evil: 1"),
        ("x y", "1"),
        ("", "1"),
        ("Content-Length", "5"),
        ("Access-Control-Allow-Origin", "*"),
        ("Cache-Control", "public"),
        ("X-Content-Type-Options", "none"),
        ("x", "€"),
        ("x", "é"),
        ("x", "a\n"),
        ("x", ["fine", "a\rb"]),
        ("x\n", "1"),
        ("x", "a\0"),
        ("x", 7),
    ],
)
async def test_unusable_headers_refuse_the_handshake(
    name: str, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()

    @world.server.initial_headers
    def unusable(headers: dict[str, Any], request: sio.HandshakeRequest) -> None:
        headers[name] = value

    assert await answered(world) == ("", (), ())
    assert "a function for headers failed; /socket.io/?EIO=4&token=x is refused" in caplog.text


# --- allow_request ---


async def test_what_the_function_gets() -> None:
    world = World()
    seen: list[Any] = []

    @world.server.allow_request
    async def check(request: sio.HandshakeRequest) -> bool:
        seen.append((request.scope, request.headers, request.query, request.address))
        seen.append((request.url, request.secure))
        return True

    assert await decision(world) is None
    assert seen == [
        (SCOPE, {"x-one": "1"}, {"EIO": "4", "token": "x"}, "10.1.2.3"),
        ("/socket.io/?EIO=4&token=x", True),
    ]


@pytest.mark.parametrize("result", [False, None, 0, ""])
async def test_a_falsy_result_refuses(result: Any) -> None:
    world = World()
    world.server.allow_request(lambda request: result)
    assert await decision(world) == ""


async def test_a_refusal_with_a_message() -> None:
    world = World()

    @world.server.allow_request
    async def check(request: sio.HandshakeRequest) -> bool:
        raise sio.ConnectionRefused("Not today")

    assert await decision(world) == "Not today"


async def test_an_exception_refuses_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    @world.server.allow_request
    def check(request: sio.HandshakeRequest) -> bool:
        raise ValueError("on purpose")

    with caplog.at_level(logging.ERROR, "sio.socketio.server"):
        assert await decision(world) == ""
    (record,) = caplog.records
    assert "/socket.io/?EIO=4&token=x is refused" in record.getMessage()
    assert record.exc_info


async def test_all_functions_must_accept_in_order() -> None:
    world = World()
    asked: list[str] = []
    main = threading.get_ident()

    @world.server.allow_request
    def first(request: sio.HandshakeRequest) -> bool:
        assert threading.get_ident() != main
        asked.append("first")
        return True

    @world.server.allow_request
    async def second(request: sio.HandshakeRequest) -> bool:
        asked.append("second")
        return False

    @world.server.allow_request
    async def third(request: sio.HandshakeRequest) -> bool:
        asked.append("third")
        return True

    assert await decision(world) == ""
    assert asked == ["first", "second"]


async def test_functions_added_in_a_test_are_removed_after_it() -> None:
    world = World()
    world.server.allow_request(lambda request: True)
    kept = Registrations(world.server)
    world.server.allow_request(lambda request: False)
    assert await decision(world) == ""
    kept.restore()
    assert await decision(world) is None


async def test_the_native_server_asks_after_the_first_function_is_added() -> None:
    world = World()
    assert not world.core.of("ask_about_handshakes")
    world.server.allow_request(lambda request: True)
    assert world.core.of("ask_about_handshakes")

    world.server.detach(world.core)  # type: ignore[arg-type]
    world.core.calls.clear()
    world.server.attach(world.core)  # type: ignore[arg-type]
    assert world.core.of("ask_about_handshakes")


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_a_function_that_exits_refuses(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    world = World()

    @world.server.allow_request
    async def check(request: sio.HandshakeRequest) -> bool:
        raise error(3)

    assert await decision(world) == ""
    assert error.__name__ in caplog.text
