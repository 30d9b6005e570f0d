"""What a Python process says on its channel before the native core uses it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from sioserve.errors import StartupError
from sioserve.workers.channel import (
    LENGTH,
    LONGEST_HELLO,
    LONGEST_REASON,
    BadHello,
    Hello,
    StartFailure,
    failures_told,
    receive_hello,
    say_hello,
)

HELLO: dict[str, Any] = {
    "native_socketio": True,
    "namespaces": ["/", "/chat"],
    "ask_about_handshakes": False,
    "ask_about_origins": False,
    "allowed_hosts": ["a", "b"],
}

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Those of the I/O process and of the Python process."""
    one, other = socket.socketpair()
    one.setblocking(False)
    with one, other:
        yield one, other


def framed(text: bytes) -> bytes:
    return LENGTH.pack(len(text)) + text


async def test_hello_has_the_settings(ends: Ends) -> None:
    told = {**HELLO, "ping_interval_ms": 20_000, "redis_url": None}
    say_hello(ends[1], Hello({**told, "allowed_hosts": ("a", "b")}, "5.2.1"))
    assert await receive_hello(ends[0]) == Hello(told, "5.2.1")


async def test_settings_that_are_not_asked_for_are_left_out(ends: Ends) -> None:
    say_hello(ends[1], Hello({**HELLO, "static_files": [["/", "/"]], "of a newer version": 1}))
    assert await receive_hello(ends[0]) == Hello(HELLO)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("6.1", "6.1"),
        (None, None),
        (6, None),
        ("6.1\n", None),
        ("\ud800", None),
        ("6" * 99, "6" * 40),
    ],
)
async def test_the_version_of_django_can_stand_in_the_log(
    ends: Ends, told: Any, shown: str | None
) -> None:
    say_hello(ends[1], Hello(HELLO, told))
    assert await receive_hello(ends[0]) == Hello(HELLO, shown)


@pytest.mark.parametrize("name", HELLO)
async def test_a_hello_without_a_setting_can_not_be_used(ends: Ends, name: str) -> None:
    say_hello(ends[1], Hello({key: value for key, value in HELLO.items() if key != name}))
    assert await receive_hello(ends[0]) == BadHello(f'its hello has no valid "{name}"')


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("namespaces", [1, 2]),
        ("namespaces", "/chat"),
        ("namespaces", {"/chat": 1}),
        ("namespaces", ["/\ud800"]),
        ("allowed_hosts", [["a"]]),
        ("native_socketio", 1),
        ("ask_about_handshakes", "yes"),
        ("ask_about_origins", None),
        ("ping_interval_ms", [20_000]),
        ("redis_url", {}),
    ],
)
async def test_a_setting_of_a_wrong_type_can_not_be_used(
    ends: Ends, name: str, value: object
) -> None:
    say_hello(ends[1], Hello({**HELLO, name: value}))
    assert await receive_hello(ends[0]) == BadHello(f'its hello has no valid "{name}"')


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StartupError("There is no module."), "There is no module."),
        (ValueError("on purpose"), "ValueError: on purpose"),
        (SystemExit(3), "The application exited while it started: 3"),
    ],
)
async def test_a_failure_has_its_reason(ends: Ends, error: BaseException, reason: str) -> None:
    with pytest.raises(type(error)), failures_told(ends[1]):
        raise error
    assert await receive_hello(ends[0]) == StartFailure(reason)


async def test_a_long_reason_is_cut(ends: Ends) -> None:
    with pytest.raises(ValueError), failures_told(ends[1]):
        raise ValueError("x" * 1_000_000)
    said = await receive_hello(ends[0])
    assert isinstance(said, StartFailure)
    assert len(said.reason) == LONGEST_REASON


def test_nothing_is_said_after_hello(ends: Ends) -> None:
    say_hello(ends[1], Hello({}))
    kept = socket.socket(fileno=ends[1].detach())  # as the native core takes it
    with pytest.raises(ValueError), failures_told(ends[1]):
        raise ValueError
    kept.close()
    assert ends[0].recv(1000) == framed(b'{"settings": {}, "django": null}')
    assert ends[0].recv(1000) == b""


def test_an_end_of_the_io_process_changes_no_exception(ends: Ends) -> None:
    ends[0].close()
    with pytest.raises(ValueError, match="on purpose"), failures_told(ends[1]):
        raise ValueError("on purpose")


@pytest.mark.parametrize(
    "said",
    [
        framed(b"no JSON"),
        framed(b"\xff\xfe"),
        framed(b"[]"),
        framed(b"{}"),
        framed(b'{"settings": []}'),
        framed(b'{"failure": 5}'),
        framed(b"[" * 100_000),
    ],
)
async def test_nonsense_can_not_be_used(ends: Ends, said: bytes) -> None:
    received = asyncio.create_task(receive_hello(ends[0]))
    await asyncio.get_running_loop().run_in_executor(None, ends[1].sendall, said)
    assert await received == BadHello("what it says can't be understood")


async def test_a_hello_that_is_too_long_is_not_waited_for(ends: Ends) -> None:
    ends[1].sendall(LENGTH.pack(LONGEST_HELLO + 1))
    assert await receive_hello(ends[0]) == BadHello("what it says is too long")


@pytest.mark.parametrize("said", [b"", b"\0\0", framed(b"{}")[:-1]])
async def test_an_end_before_hello_is_none(ends: Ends, said: bytes) -> None:
    ends[1].sendall(said)
    ends[1].close()
    assert await receive_hello(ends[0]) is None
