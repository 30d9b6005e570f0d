"""Event arguments that can't be encoded raise at the call, with the path to the value."""

from __future__ import annotations

import enum
from typing import Any

import _sioserve
import pytest


async def application(scope: Any, receive: Any, send: Any) -> None: ...


@pytest.fixture
def server() -> Any:
    return _sioserve.Server(application)


@pytest.mark.parametrize(
    ("args", "error", "path"),
    [
        (["event", object()], TypeError, "$[1]"),
        (["event", {"items": [1, {"price": object()}]}], TypeError, "$[1].items[1].price"),
        (["event", float("nan")], ValueError, "$[1]"),
        (["event", [float("-inf")]], ValueError, "$[1][0]"),
        (["event", "\ud800"], ValueError, "$[1]"),
        (["event", {(1, 2): 3}], TypeError, "$[1]"),
        (["event", {1, 2}], TypeError, "$[1]"),
    ],
)
def test_a_value_that_is_not_json_raises_with_its_path(
    server: Any, args: Any, error: type[Exception], path: str
) -> None:
    with pytest.raises(error) as raised:
        server.emit(1, args)
    assert str(raised.value).endswith(f" at {path}")


def test_a_structure_that_contains_itself_raises(server: Any) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="contains itself"):
        server.emit(1, ["event", endless])


def test_arguments_must_be_a_sequence(server: Any) -> None:
    with pytest.raises(TypeError, match="list or tuple"):
        server.emit(1, "event")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**70,
        -(2**63),
        1.5,
        'täxt\n"quoted"\x00',
        {"a": [1, (2, 3)], 1: None, None: 1, False: 2},
        b"bytes",
        [bytearray(b"1"), {"deep": memoryview(b"2")}],
        enum.IntEnum("Colour", "RED").RED,
    ],
)
def test_json_values_and_attachments_are_accepted(server: Any, value: Any) -> None:
    server.emit(1, ["event", value])
    server.broadcast("/", ["event", value], ["room"])


def test_the_default_hook_gets_values_that_are_not_json_and_its_result_is_encoded() -> None:
    seen = []

    def default(value: Any) -> Any:
        seen.append(value)
        return {"nested": [value.real, b"attachment"]}

    server = _sioserve.Server(application, json_default=default)
    server.emit(1, ["event", 3 + 4j])
    assert seen == [3 + 4j]


def test_an_exception_of_the_default_hook_keeps_its_kind_and_becomes_the_cause() -> None:
    def default(value: Any) -> Any:
        raise TypeError("no such thing")

    server = _sioserve.Server(application, json_default=default)
    with pytest.raises(TypeError, match=r"no such thing at \$\[1\]\.a") as raised:
        server.emit(1, ["event", {"a": object()}])
    assert str(raised.value.__cause__) == "no such thing"


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        _sioserve.Server(application, ping_interval_ms=0)
    for port in (-1, 65_536, 2**16 + 80):
        with pytest.raises(ValueError, match="port"):
            _sioserve.Server(application).listen_tcp("127.0.0.1", port)
    with pytest.raises(TypeError):
        _sioserve.Server(application, allowed_hosts=[1])


def test_a_setting_that_does_not_exist_is_named() -> None:
    with pytest.raises(TypeError, match="keep_alive"):
        _sioserve.Server(application, keep_alive=1)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_body", -1),
        ("max_body", 2**64),
        ("access_log", "paper"),
        ("extra_headers", [("only-a-name",)]),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_setting_s_name(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=setting):
        _sioserve.Server(application, **{setting: value})


def test_a_str_is_not_a_sequence_of_str() -> None:
    with pytest.raises(TypeError, match="trusted_proxies: must be a sequence"):
        _sioserve.Server(application, trusted_proxies="10.0.0.0/8")
